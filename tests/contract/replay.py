"""Asks a server what a transcript asked, and says where it answers otherwise. README.md has the format."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.contract.matching import differences
from tests.contract.wire import Answer, dig, file_content, leaves

Json = dict[str, Any]
MESSAGE_SECONDS = 10.0
POLL_SECONDS = 30.0
REFUSED_POLL_SECONDS = 2.0
_DEFAULT_FORMAT = "1.8.0"
_AGENT = "boxoffice-contract"
_NO_SUCH_KEY = "standard_" + "0" * 64
_PLACE = re.compile(r"\{\{([^{}]+)\}\}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where transcripts are replayed. endpoint: the API's root; api_key: one with every scope."""

    endpoint: str
    project_id: str
    api_key: str

    @property
    def sockets(self) -> str:
        """The address of realtime."""
        return "ws" + self.endpoint.removeprefix("http") + "/realtime"


@dataclass(slots=True)
class Replay:
    """One scenario on its way: what it captured, the sessions it kept, the sockets it opened."""

    place: Place
    scenario: Json
    known: Json = field(default_factory=dict)
    sockets: dict[str, ClientConnection] = field(default_factory=dict)
    http: requests.Session = field(default_factory=requests.Session)

    def run(self) -> list[str]:
        """Every difference, as `step | path: expected …, got …`."""
        self.known = {
            "project": self.place.project_id,
            "endpoint": self.place.endpoint,
            "host": urlsplit(self.place.endpoint).hostname,
        }
        self.http.trust_env = False
        self.http.headers.clear()
        self.http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        with self.http, contextlib.ExitStack() as opened:
            found = []
            for step in self.scenario["steps"]:
                try:
                    problems = list(self._step(step, opened))
                except (OSError, LookupError, ConnectionClosed) as error:
                    problems = [f"{type(error).__name__}: {error}"]
                found += [f"{step['name']} | {problem}" for problem in problems]
            return found

    def _step(self, step: Json, opened: contextlib.ExitStack) -> Iterator[str]:
        time.sleep(step.get("wait", 0))
        if "request" not in step:
            heard = self._socket_step(step, opened)
            yield from differences(self._filled(step.get("expect")), heard)
            return
        answer = self._ask_until(step["request"], step.get("poll"))
        yield from self._compare(self._filled(step["response"]), answer)
        yield from self._remember(step, answer)

    def _compare(self, expected: Json, answer: Answer) -> Iterator[str]:
        allowed = expected["status"] if isinstance(expected["status"], list) else [expected["status"]]
        as_expected = answer.status in allowed
        if not as_expected:
            yield f"status: expected {allowed}, got {answer.status} {json.dumps(answer.body)[:200]}"
        if expected.get("content_type", "<any>") not in ("<any>", answer.content_type):
            yield f"content type: expected {expected['content_type']}, got {answer.content_type}"
        for name, value in expected.get("headers", {}).items():
            yield from differences(value, answer.headers.get(name), f"header {name}")
        if "cookies" in expected:
            yield from differences(expected["cookies"], answer.cookie_facts(), "cookies")
        if "body" in expected and as_expected:
            yield from differences(expected["body"], answer.body)

    def _remember(self, step: Json, answer: Answer) -> Iterator[str]:
        for name, path in step.get("capture", {}).items():
            header = path.removeprefix("header:")
            try:
                self.known[name] = (
                    dig(answer.body, path) if header == path else answer.headers[header.lower()]
                )
            except (LookupError, TypeError, ValueError):
                self.known[name] = f"(nothing was captured as {name})"
                yield f"capture {name}: there is nothing at {path}"
        if alias := step.get("keep_cookies"):
            self.known[f"session:{alias}"] = "; ".join(line.partition(";")[0] for line in answer.cookies)
            if not answer.cookies:
                yield "no cookie was set"

    def _ask_until(self, request: Json, poll: Json | None) -> Answer:
        """The answer; of a polled step the first that satisfies it, or the last before it gives up."""
        began = time.monotonic()
        while True:
            answer = self._ask(request)
            passed = time.monotonic() - began
            if poll is None or self._satisfied(poll, answer) or passed > poll.get("timeout", POLL_SECONDS):
                return answer
            if answer.status >= 400 and passed > REFUSED_POLL_SECONDS:
                return answer

    def _satisfied(self, poll: Json, answer: Answer) -> bool:
        if "status" in poll:
            return bool(answer.status == poll["status"])
        until = self._filled(poll["until"])
        wanted = until if isinstance(until, list) else [until]
        try:
            values = list(leaves(dig(answer.body, poll["json.path"])))
        except (LookupError, TypeError, ValueError):
            return False
        return bool(values) and all(value in wanted for value in values)

    def _ask(self, request: Json) -> Answer:
        headers = {
            "user-agent": _AGENT,
            "accept-encoding": "identity",
            "x-appwrite-response-format": self.scenario.get("response_format", _DEFAULT_FORMAT),
            **self._identity(request.get("auth", "key")),
        }
        kind, body = self._body_of(request)
        if kind:
            headers["content-type"] = kind
        for name, value in self._filled(request.get("headers", {})).items():
            headers[name.lower()] = value
        url = self.place.endpoint + self._filled(request["path"])
        if "query" in request:
            url += "?" + urlencode(self._pairs(request["query"]), quote_via=quote)
        sent = {name: str(value) for name, value in headers.items() if value is not None}
        return Answer(
            self.http.request(
                request["method"], url, headers=sent, data=body, allow_redirects=False, timeout=60
            )
        )  # fmt: skip

    def _body_of(self, request: Json) -> tuple[str, bytes | None]:
        """Content type ("" for none) and bytes."""
        if "json" in request:
            return "application/json", json.dumps(self._filled(request["json"])).encode()
        if "raw" in request:
            return "", self._filled(request["raw"]).encode()
        if "multipart" not in request:
            return "", None
        form = self._filled(request["multipart"])
        parts: list[tuple[str, Any]] = [(name, (None, str(value))) for name, value in form.get("fields", ())]
        for part in form.get("files", ()):
            kind = part.get("content_type", "application/octet-stream")
            parts.append((part["name"], (part["filename"], file_content(part), kind)))
        made = requests.Request("POST", "http://form/", files=parts).prepare()
        assert isinstance(made.body, bytes)
        return made.headers["content-type"], made.body

    def _identity(self, auth: str | Json) -> Json:
        if isinstance(auth, dict):
            return dict(self._filled(auth["headers"]))
        kind = auth.partition(":")[0]
        project = {"x-appwrite-project": self.place.project_id}
        match auth:
            case "none":
                return project
            case "key":
                return {**project, "x-appwrite-key": self.place.api_key}
            case "badkey":
                return {**project, "x-appwrite-key": _NO_SUCH_KEY}
        header = {"user": "x-appwrite-jwt", "session": "cookie", "key": "x-appwrite-key"}[kind]
        return {**project, header: self.known[auth]}

    def _socket_step(self, step: Json, opened: contextlib.ExitStack) -> Any:
        """What was heard: a message, None for silence, or the code that the server closed with."""
        if "connect" in step:
            alias = step["connect"]["as"]
            self.sockets[alias] = opened.enter_context(self._open(step["connect"]))
        elif "send" in step:
            alias = step["send"]
            self.sockets[alias].send(json.dumps(self._filled(step["message"])))
        elif "silence" in step:
            return self._hear(step["silence"], step.get("seconds", 1.5))
        elif "disconnect" in step:
            self.sockets.pop(step["disconnect"]).close()
            return None
        else:
            alias = step["receive"]
        return self._hear(alias, MESSAGE_SECONDS)

    def _open(self, spec: Json) -> ClientConnection:
        pairs = [("project", self.place.project_id)] if spec.get("project", True) else []
        headers: Json = {"origin": "http://localhost", **self._filled(spec.get("headers", {}))}
        if "auth" in spec and spec["auth"] != "none":
            headers |= self._identity(spec["auth"])
            headers.pop("x-appwrite-project", None)
        origin = headers.pop("origin", None)
        return connect(
            f"{self.place.sockets}?{urlencode(pairs + self._pairs(spec.get('query', [])))}",
            origin=origin, additional_headers=headers, user_agent_header=_AGENT, proxy=None,
        )  # fmt: skip

    def _hear(self, alias: str, seconds: float) -> Any:
        try:
            return json.loads(self.sockets[alias].recv(timeout=seconds))
        except TimeoutError:
            return None
        except ConnectionClosed as closed:
            return {"<closed>": closed.rcvd.code if closed.rcvd else None}

    def _pairs(self, pairs: list[list[Any]]) -> list[tuple[str, str]]:
        return [
            (name, value if isinstance(value, str) else json.dumps(value, separators=(",", ":")))
            for name, value in self._filled(pairs)
        ]

    def _filled(self, value: Any) -> Any:
        """A value with what is known in the place of `{{name}}`; a lone `{{name}}` keeps its type."""
        if isinstance(value, str):
            whole = _PLACE.fullmatch(value)
            if whole and whole[1] in self.known:
                return self.known[whole[1]]
            return _PLACE.sub(lambda place: str(self.known.get(place[1], place[0])), value)
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if isinstance(value, dict):
            return {self._filled(key): self._filled(item) for key, item in value.items()}
        return value
