"""JSON Web Tokens signed with HS256: the tokens of users and the keys of functions."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any


class InvalidTokenError(Exception):
    """A token that was not signed here, is broken, or has expired."""


def sign(claims: dict[str, Any], secret: str, now: float, lifetime: int) -> str:
    """A token with these claims that expires after so many seconds (counted from now, a Unix time)."""
    body = f"{_HEADER}.{_encode({**claims, 'exp': int(now) + lifetime})}"
    return f"{body}.{_signature(body, secret)}"


def verify(token: str, secret: str, now: float) -> dict[str, Any]:
    """The claims of a token; InvalidTokenError when it was not signed with the secret or is over."""
    body, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(body, secret).encode()):
        raise InvalidTokenError("the signature is wrong")
    part = body.partition(".")[2]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    if int(now) >= claims["exp"]:
        raise InvalidTokenError("it has expired")
    return claims


def _signature(body: str, secret: str) -> str:
    return _base64(hmac.digest(secret.encode(), body.encode(), "sha256"))


def _encode(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


_HEADER = _encode({"typ": "JWT", "alg": "HS256"})
