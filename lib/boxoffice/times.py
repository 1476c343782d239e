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
