"""Users that the tests of identity make: each with its own address, seen by the server and by themselves."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import requests

from tests.support.local_server import Http, LocalServer, ok

PASSWORD = "correct horse 9"


@dataclass(frozen=True)
class Person:
    """A user of the shared server."""

    id: str
    email: str
    server: LocalServer

    @property
    def project(self) -> str:
        return self.server.ready.project_id

    def sign_in(self, password: str = PASSWORD) -> Http:
        """A caller who keeps the cookies of a new session, as a browser does."""
        caller = Http(self.server.endpoint, {"X-Appwrite-Project": self.project})
        ok(caller.post("/account/sessions/email", {"email": self.email, "password": password}))
        return caller

    def with_jwt(self, jwt: str) -> Http:
        """A caller who shows a token."""
        return Http(self.server.endpoint, {"X-Appwrite-Project": self.project, "X-Appwrite-JWT": jwt})


def new_person(server: LocalServer, http: Http, **given: Any) -> Person:
    """A user with an address and the password `PASSWORD`."""
    name = f"p{secrets.token_hex(6)}"
    email = f"{name}@example.com"
    ok(http.post("/users", {"userId": name, "email": email, "password": PASSWORD, "name": "P", **given}))
    return Person(name, email, server)


def refusal(response: requests.Response) -> tuple[int, str]:
    """Status and type of a refusal."""
    return response.status_code, response.json()["type"]
