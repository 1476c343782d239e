"""How often something may be asked for: so many requests in each window of time.

Windows lie side by side and begin at whole multiples of their length, so that every process means the same
one without asking. Around the border of two windows a caller can therefore use both: at most twice the limit
within any time as long as a window.
"""

import re
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from types import MappingProxyType

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected

MOST_REQUESTS = 1_000_000
LONGEST_WINDOW = 86_400

_STRIDES = 5
_DIGEST_BYTES = 15
_SUBSCRIBERS_BITS = 64
_FORM = re.compile(r"([a-z]+)=([0-9]{1,7})/([0-9]{1,5})")


class Scope(StrEnum):
    """What is limited. Each is counted for itself."""

    BOOK = "book"
    HOLD = "hold"
    CANCEL = "cancel"
    LOOKUP = "lookup"


class Party(StrEnum):
    """Whose requests are counted together."""

    USER = "user"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Window:
    """From one moment to another, in whole seconds since 1970; the end is not part of it."""

    starts: int
    ends: int

    @property
    def ends_at(self) -> datetime:
        """The end, in UTC."""
        return datetime.fromtimestamp(self.ends, UTC)

    def seconds_left(self, moment: datetime) -> int:
        """Whole seconds until the window has ended for certain, at least one."""
        return max(1, ceil(self.ends - moment.timestamp()))


@dataclass(frozen=True, slots=True)
class Limit:
    """So many `requests` in each window of so many `seconds`.

    Raises `ValueError` unless there is 1 to `MOST_REQUESTS` of them in 1 to `LONGEST_WINDOW` seconds.
    """

    requests: int
    seconds: int

    def __post_init__(self) -> None:
        if not (1 <= self.requests <= MOST_REQUESTS and 1 <= self.seconds <= LONGEST_WINDOW):
            raise ValueError("a limit out of its range")

    @property
    def stride(self) -> int:
        """How many requests a process admits before it tells the others of them, all at once."""
        return max(1, self.requests // _STRIDES)

    def window(self, moment: datetime) -> Window:
        """The window in which `moment` lies."""
        starts = int(moment.timestamp()) // self.seconds * self.seconds
        return Window(starts, starts + self.seconds)

    def times(self, factor: int) -> "Limit":
        """So many times as many requests, or as many as there can be."""
        return Limit(min(MOST_REQUESTS, factor * self.requests), self.seconds)


Limits = Mapping[Scope, Limit]
"""The limit of every scope."""

USUAL: Limits = MappingProxyType(
    {
        Scope.BOOK: Limit(30, 60),
        Scope.HOLD: Limit(30, 60),
        Scope.CANCEL: Limit(10, 60),
        Scope.LOOKUP: Limit(120, 60),
    }
)


def read_limits(text: str, usual: Limits) -> Limits:
    """The limits that `text` names, such as `book=30/60 hold=10/60`, and `usual` for what it does not name.

    Raises `ValueError` for anything else, also for a scope that is named twice.
    """
    named: dict[Scope, Limit] = {}
    for part in text.split():
        found = _FORM.fullmatch(part)
        if found is None or (scope := Scope(found[1])) in named:
            raise ValueError("not a list of limits")
        named[scope] = Limit(int(found[2]), int(found[3]))
    return {**usual, **named}


def network(address: str) -> str | None:
    """What stands for the caller with this address; `None` when it is not an address.

    For IPv6 that is the network of 64 bits, because every subscriber has at least a whole one to choose from.
    """
    try:
        parsed = ip_address(address.strip())
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((int(parsed), _SUBSCRIBERS_BITS), strict=False))
    return str(parsed)


def counter_id(secret: bytes, scope: Scope, party: Party, subject: str, window: Window) -> str:
    """The one counter of a user or an address in a window: the same for every process that has the `secret`.

    The secret is there because addresses are few enough to be tried out: without it, whoever reads the
    counters would learn who has called. At most 64 bytes of it are used.
    """
    digest = blake2b(digest_size=_DIGEST_BYTES, key=secret[:64], person=b"rate limit")
    # The subject comes last, and nothing before it can contain a line break.
    digest.update("\n".join((scope, party, str(window.starts), str(window.ends), subject)).encode())
    return "rl-" + b32encode(digest.digest()).decode().lower()


def too_many(limit: Limit, party: Party, window: Window, moment: datetime) -> Rejected:
    """The refusal of a request that is over the limit at `moment`, with the seconds until the next window."""
    details = {"limit": limit.requests, "windowSeconds": limit.seconds, "countedBy": party}
    return Rejected(Code.RATE_LIMITED, details=details, retry_after=window.seconds_left(moment))
