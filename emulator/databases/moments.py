"""Moments as the real server reads them: ISO 8601 in its many spellings, and a few words.

The real one hands a text to PHP's date parser, which takes far more (`last friday`); the words here are the
common ones. A day beyond its month rolls over (30 February is 2 March) as it does there.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_ISO = re.compile(
    r"(?P<year>\d{4})"
    r"(?:(?P<dash>[-/])(?P<month>\d{1,2})(?:(?P=dash)(?P<day>\d{1,2}))?|(?P<month2>\d\d)(?P<day2>\d\d))"
    r"(?:(?:t|\s+)(?P<hour>\d{1,2})(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?)?"
    r"\s*(?P<zone>z|utc|gmt|[+-]\d{1,2}(?::?\d\d)?)?)?"
)
_UNIX = re.compile(r"@(-?\d+)(?:\.(\d{1,6}))?")
_DAYS_AWAY = {"today": 0, "midnight": 0, "tomorrow": 1, "yesterday": -1}
_FOUR_DIGITS = re.compile(r"(?<!\d)\d{4}(?!\d)")
EARLIEST = datetime(1000, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def parse(text: str) -> datetime | None:
    """The moment that a text names, in the zone that it names (UTC without one); None when it names none."""
    words = text.strip().lower()
    try:
        if match := _ISO.fullmatch(words):
            return _from_parts(match)
        if match := _UNIX.fullmatch(words):
            return datetime.fromtimestamp(int(match[1]), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    if words == "now":
        return datetime.now(UTC)
    if words in _DAYS_AWAY:
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return today + timedelta(days=_DAYS_AWAY[words])
    return None


def _from_parts(match: re.Match[str]) -> datetime | None:
    month = int(match["month"] or match["month2"] or 1)
    day = int(match["day"] or match["day2"] or 1)
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    if day > 31 or hour > 24 or minute > 59 or second > 60:
        return None
    start = datetime(int(match["year"]), month, 1, tzinfo=_zone(match["zone"]))
    micros = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    return start + timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second, microseconds=micros)


def _zone(text: str | None) -> timezone:
    if text is None or text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "")
    hours, minutes = (digits, "0") if len(digits) <= 2 else (digits[:-2], digits[-2:])
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if text[0] == "-" else offset)


def normalise(text: str) -> str | None:
    """A moment as rows keep and answer it: UTC, cut to milliseconds; None for none, or one out of range."""
    moment = parse(text)
    if moment is None or not EARLIEST <= moment <= LATEST:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def names_a_year(text: str) -> bool:
    """Whether a text has a year of four digits, which defaults must have."""
    return _FOUR_DIGITS.search(text) is not None
