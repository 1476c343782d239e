"""Which texts are e-mail addresses, URLs and IP addresses, by the rules of PHP's filters."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_LOCAL = re.compile(
    r"""(?:[a-z0-9!#$%&'*+/=?^_`{|}~-]+|"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*")""", re.I
)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.I)
_MAIL_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]|xn--)[a-z0-9-]*(?<!-)", re.I)
_URL_CHARACTERS = re.compile(r"[A-Za-z0-9$\-_.+!*'(),{}|\\^~\[\]`<>#%\";/?:@&=]+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_SCHEMES_WITHOUT_HOST = ("mailto", "news", "file")


def is_email(text: str) -> bool:
    """An address with a dotted domain; spaces around it do not count."""
    text = text.strip()
    local, at, domain = text.rpartition("@")
    if not at or len(text) > 254 or len(local) > 64 or "@" in local:
        return False
    if not (local.startswith('"') and _LOCAL.fullmatch(local)) and not all(
        part and part[0] != '"' and _LOCAL.fullmatch(part) for part in local.split(".")
    ):
        return False
    if domain.startswith("[") and domain.endswith("]"):
        return is_ip(domain[1:-1].removeprefix("IPv6:"))
    return _MAIL_DOMAIN.fullmatch(domain) is not None


def is_url(text: str) -> bool:
    """An absolute URL of any scheme in plain ASCII; http and https need a proper host name."""
    if not _URL_CHARACTERS.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not _SCHEME.fullmatch(parts.scheme):
        return False
    if not host:
        return parts.scheme in _SCHEMES_WITHOUT_HOST and text.partition(":")[2] != ""
    if parts.scheme in ("http", "https"):
        return len(host) <= 253 and (_HOST.fullmatch(host) is not None or (":" in host and is_ip(host)))
    return True


def is_ip(text: str) -> bool:
    """An IPv4 or IPv6 address without a zone."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
