"""Signed ticket codes: what a QR code contains, and how a gate tells a real one from an invented one.

A code is `1:<key id>:<event id>:<ticket id>:<signature>`. The colon cannot occur in an id. The key's id is in
the code, so that keys can be replaced while tickets signed with the old key are still out there.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected

MIN_KEY_BYTES = 16

_VERSION = "1"
_SIGNATURE_BYTES = 16  # half of SHA-256: still out of reach, and a coarser QR code that scans better


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys that sign tickets, by id. `current` signs new tickets; the others only verify old ones.

    Raises `ValueError` when the current key is missing or any key is shorter than `MIN_KEY_BYTES`.
    """

    current: str
    secrets: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.secrets:
            raise ValueError("the current signing key is missing")
        if any(len(secret) < MIN_KEY_BYTES for secret in self.secrets.values()):
            raise ValueError(f"a signing key has at least {MIN_KEY_BYTES} bytes")


@dataclass(frozen=True, slots=True)
class SignedTicket:
    """What a valid code says."""

    event_id: str
    ticket_id: str
    key_id: str


def sign(keys: SigningKeys, event_id: str, ticket_id: str) -> str:
    """The code of a ticket, about 90 ASCII characters."""
    content = ":".join((_VERSION, keys.current, event_id, ticket_id))
    return f"{content}:{_signature(keys.secrets[keys.current], content)}"


def verify(keys: SigningKeys, code: str) -> SignedTicket:
    """What `code` says, when one of `keys` signed exactly that.

    Raises `Rejected` with `TICKET_INVALID` for everything else, without saying what was wrong.
    """
    content, _, signature = code.rpartition(":")
    parts = content.split(":")
    if len(parts) != 4 or parts[0] != _VERSION:
        raise Rejected(Code.TICKET_INVALID)
    _, key_id, event_id, ticket_id = parts
    secret = keys.secrets.get(key_id)
    if secret is None:
        raise Rejected(Code.TICKET_INVALID)
    # Compared as bytes, because comparing strings raises on what is not ASCII, and cameras read anything.
    expected = _signature(secret, content).encode()
    if not hmac.compare_digest(expected, signature.encode(errors="surrogatepass")):
        raise Rejected(Code.TICKET_INVALID)
    return SignedTicket(event_id, ticket_id, key_id)


def _signature(secret: bytes, content: str) -> str:
    digest = hmac.digest(secret, content.encode(errors="surrogatepass"), sha256)
    return urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).decode().rstrip("=")
