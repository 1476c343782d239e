"""E-mail addresses: which are allowed, and what the server says about one (`emailCanonical`, …).

The real server judges domains by lists of thousands; the few here are those that people test with.
"""

from __future__ import annotations

import re
from typing import Any

from emulator.core.params import InvalidValueError

_LOCAL = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(rf"(?=[^@]{{1,64}}@){_LOCAL}@(?:{_LABEL}\.)+{_LABEL}", re.IGNORECASE)
_MAX_LENGTH = 254

_FREE = frozenset(
    {
        "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com",
        "ymail.com", "icloud.com", "me.com", "mac.com", "proton.me", "protonmail.com", "pm.me", "aol.com",
        "gmx.com", "gmx.de", "gmx.net", "web.de", "mail.com", "mail.ru", "yandex.com", "yandex.ru",
        "zoho.com", "fastmail.com", "rediffmail.com", "test.com",
    }
)  # fmt: skip
_DISPOSABLE = frozenset(
    {
        "example.com", "test.com", "mailinator.com", "guerrillamail.com", "10minutemail.com", "yopmail.com",
        "temp-mail.org", "tempmail.com", "trashmail.com", "sharklasers.com", "getnada.com",
    }
)  # fmt: skip
_CANONICAL_DOMAIN = {
    "googlemail.com": "gmail.com", "hotmail.com": "outlook.com", "live.com": "outlook.com",
    "msn.com": "outlook.com", "ymail.com": "yahoo.com", "me.com": "icloud.com", "mac.com": "icloud.com",
    "proton.me": "protonmail.com", "pm.me": "protonmail.com", "fastmail.fm": "fastmail.com",
}  # fmt: skip
_PLUS_IS_AN_ALIAS = ("gmail.com", "outlook.com", "icloud.com")


def email(value: Any) -> str:
    """An address with a full domain; returned in lower case, as it is stored."""
    if not isinstance(value, str) or len(value) > _MAX_LENGTH or not _EMAIL.fullmatch(value.strip()):
        raise InvalidValueError("must be an e-mail address")
    return value.strip().lower()


def describe(address: str | None) -> dict[str, Any]:
    """What answers say about an address; nulls when there is none."""
    if not address:
        names = ("Canonical", "IsFree", "IsDisposable", "IsCorporate", "IsCanonical")
        return {f"email{name}": None for name in names}
    canonical, domain = _canonical(address), address.partition("@")[2]
    free, disposable = domain in _FREE, domain in _DISPOSABLE
    return {
        "emailCanonical": canonical,
        "emailIsFree": free,
        "emailIsDisposable": disposable,
        "emailIsCorporate": not free and not disposable,
        "emailIsCanonical": address == canonical,
    }


def _canonical(address: str) -> str:
    local, _, domain = address.partition("@")
    domain = _CANONICAL_DOMAIN.get(domain, domain)
    if domain in _PLUS_IS_AN_ALIAS:
        local = local.partition("+")[0] or local
    if domain == "gmail.com":
        local = local.replace(".", "")
    if domain == "yahoo.com" and "-" in local:
        local = local.rpartition("-")[0]
    return f"{local}@{domain}"
