"""What administrators are told of the log of who did what."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from boxoffice.ports import Row


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class LogEntry(_Model):
    """One change. `actor` is a user's id, or `api-key`, `sweep`, `gateway` or `organiser`."""

    entry_id: str
    at: datetime
    actor: str
    action: str
    subject: str
    booking_id: str | None
    before: str | None
    after: str | None
    amount: int | None
    currency: str | None
    reason: str | None
    execution_id: str | None


class LogPage(_Model):
    """Entries, the newest first. `cursor` leads to the next page; without one there is none."""

    entries: Sequence[LogEntry]
    cursor: str | None


def log_page(rows: Sequence[Row], limit: int) -> LogPage:
    """A page of so many entries at most."""
    same = [name for name in LogEntry.model_fields if name != "entry_id"]
    columns = {name: to_camel(name) for name in same}
    entries = [
        LogEntry(entry_id=row["$id"], **{name: row[column] for name, column in columns.items()})
        for row in rows
    ]
    return LogPage(entries=entries, cursor=rows[-1]["$id"] if len(rows) == limit else None)
