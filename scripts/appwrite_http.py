"""Plain HTTP to an Appwrite, for the scripts and the tests.

Not the SDK: the scripts must also say what the SDK cannot (a guest's health check, a variable's id), wait no
longer than a given time, and look the same to a server of any version.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests

RESPONSE_FORMAT = "1.8.0"


class RefusedError(Exception):
    """The server answered with a refusal. `type` is Appwrite's, "" when the answer had none."""

    def __init__(self, response: requests.Response) -> None:
        body = _json_object(response)
        self.status = response.status_code
        self.type = str(body.get("type", ""))
        self.message = str(body.get("message") or response.text[:300])
        request = response.request
        super().__init__(f"{request.method} {request.url} answered {self.status} {self.type}: {self.message}")


class Http:
    """Requests to one Appwrite with fixed headers on a pooled session; paths begin after the API's root."""

    def __init__(self, endpoint: str, headers: dict[str, str], timeout: float = 60.0) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.timeout = timeout
        self.session = requests.Session()
        self.session.trust_env = not is_loopback(self.endpoint)
        self.session.headers.update({"X-Appwrite-Response-Format": RESPONSE_FORMAT, **headers})

    @classmethod
    def with_key(cls, endpoint: str, project_id: str, api_key: str) -> Http:
        """A caller with an API key."""
        return cls(endpoint, {"X-Appwrite-Project": project_id, "X-Appwrite-Key": api_key})

    @classmethod
    def guest(cls, endpoint: str, project_id: str) -> Http:
        """A caller who names the project and proves nothing."""
        return cls(endpoint, {"X-Appwrite-Project": project_id})

    @classmethod
    def with_session(cls, endpoint: str, project_id: str, secret: str) -> Http:
        """A signed-in user, by the secret of a session that a key made."""
        return cls(endpoint, {"X-Appwrite-Project": project_id, "X-Appwrite-Session": secret})

    def another(self) -> Http:
        """The same caller on a connection of its own, as another thread needs it."""
        other = Http(self.endpoint, {}, self.timeout)
        other.session.headers.update(self.session.headers)
        other.session.cookies.update(self.session.cookies)
        return other

    def call(self, method: str, path: str, json: Any = None, **options: Any) -> requests.Response:
        """Any request, any answer; `options` are those of requests (params, headers, files …)."""
        options.setdefault("timeout", self.timeout)
        return self.session.request(method, self.endpoint + path, json=json, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET."""
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        """POST with a JSON body."""
        return self.call("POST", path, {} if json is None else json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        """PUT with a JSON body."""
        return self.call("PUT", path, {} if json is None else json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        """PATCH with a JSON body."""
        return self.call("PATCH", path, {} if json is None else json, **options)

    def delete(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        """DELETE, with a JSON body when one is given."""
        return self.call("DELETE", path, json, **options)


def ok(response: requests.Response) -> Any:
    """The JSON of an answer (None for an empty one); RefusedError when it is a refusal."""
    if response.status_code >= 400:
        raise RefusedError(response)
    return response.json() if response.content else None


def found(response: requests.Response) -> Any | None:
    """The JSON of an answer, None for 404; RefusedError for every other refusal."""
    return None if response.status_code == 404 else ok(response)


def is_loopback(url: str) -> bool:
    """Whether an address is this machine; a proxy of the environment must not be asked for it."""
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def _json_object(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
