"""Passwords: what answers show looks like Argon2; what is stored is a salted BLAKE2 digest.

A real hash costs tens of milliseconds on purpose. Tests sign hundreds of users in, and this server guards
nothing, so a sign-in here costs microseconds.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode

HASH = "argon2"
HASH_OPTIONS = {"type": "argon2", "memory_cost": 65536, "time_cost": 4, "threads": 3}
_PREFIX = "$argon2id$v=19$m=65536,t=4,p=3$"


def hash_password(password: str) -> str:
    """A fresh hash of a password."""
    return _spell(password, secrets.token_bytes(16))


def verify_password(password: str, stored: str | None) -> bool:
    """Whether a password has this hash; never for an account without one."""
    if not stored:
        return False
    salt = stored.removeprefix(_PREFIX).partition("$")[0]
    return hmac.compare_digest(_spell(password, b64decode(salt + "==")), stored)


def _spell(password: str, salt: bytes) -> str:
    digest = hashlib.blake2b(password.encode("utf-8", "surrogatepass"), digest_size=32, salt=salt).digest()
    return f"{_PREFIX}{_base64(salt)}${_base64(digest)}"


def _base64(data: bytes) -> str:
    return b64encode(data).rstrip(b"=").decode()
