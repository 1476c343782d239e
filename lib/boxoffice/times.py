"""Times as Appwrite writes them: UTC, with milliseconds."""

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """`moment`, which must know its time zone, as the text of a datetime column."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def from_text(text: str) -> datetime:
    """The moment that a datetime column holds. Raises `ValueError` for anything else."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a time zone")
    return moment.astimezone(UTC)


def optional_text(moment: datetime | None) -> str | None:
    """Like `to_text`, for a column that may be empty."""
    return to_text(moment) if moment else None


def optional_time(text: str | None) -> datetime | None:
    """Like `from_text`, for a column that may be empty."""
    return from_text(text) if text else None
