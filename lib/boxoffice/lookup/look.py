"""The questions that owners and administrators ask about bookings."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from boxoffice.bookings.desk import Desk
from boxoffice.domain.callers import Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.status import BookingStatus
from boxoffice.history.entries import Entry
from boxoffice.history.reading import history_of
from boxoffice.identity import is_admin
from boxoffice.lookup.papers import Papers, Standing, read_papers, standing_of
from boxoffice.ports import Row, Where
from boxoffice.schema import Table

Found = TypeVar("Found")
_Read = Callable[[str], Awaitable[Found]]

# Asked about when there is no such booking: whoever measures time learns nothing from a missing question.
_NOBODYS = "bk-nobodys"

# What a booking that says this may have become already.
_MAY_HAVE_ENDED = (BookingStatus.PENDING, BookingStatus.HELD)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A booking by its id or, without one, by its reference."""

    booking_id: str | None
    reference: str | None

    def where(self) -> Where:
        """The condition on its row."""
        return {"$id": self.booking_id} if self.booking_id else {"reference": self.reference or ""}


@dataclass(frozen=True, slots=True)
class Filter:
    """Whose bookings are wanted, of which event, in which status; `None` means any."""

    user_id: str | None = None
    event_id: str | None = None
    status: BookingStatus | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A booking and its papers."""

    standing: Standing
    papers: Papers


@dataclass(frozen=True, slots=True)
class Told:
    """The history of a booking, and whether an administrator reads it."""

    booking: Row
    entries: Sequence[Entry]
    to_admin: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some bookings. With a `cursor` there may be more."""

    bookings: Sequence[Standing]
    cursor: str | None


async def get_booking(desk: Desk, asker: Caller, wanted: Wanted) -> Shown:
    """One booking with everything that belongs to it.

    Raises `Rejected` with `NOT_FOUND_ERROR` when there is none, and just so when it is somebody else's.
    """
    booking, _, papers = await _open(desk, asker, wanted, lambda booking_id: read_papers(desk, booking_id))
    return Shown(standing_of(booking, papers), papers)


async def tell_history(desk: Desk, asker: Caller, wanted: Wanted) -> Told:
    """What has happened to one booking. Raises as `get_booking` does."""
    booking, to_admin, entries = await _open(
        desk, asker, wanted, lambda booking_id: history_of(desk, booking_id)
    )
    return Told(booking, entries, to_admin)


async def list_bookings(desk: Desk, asker: Caller, wanted: Filter, cursor: str, limit: int) -> Page:
    """The newest bookings that match, beginning after the one with the id `cursor`: at most `limit`.

    Users see their own. A page may be shorter than `limit` and still have a cursor: bookings that have ended
    otherwise than their row says so far are left out.

    Raises `Rejected` with `PERMISSION_ERROR` when a user wants those of others, and with
    `VALIDATION_ERROR` when a trusted server names neither, or when no such booking is in what can be seen.
    """
    where = await _visible(desk, asker, wanted)
    if cursor and not await desk.rows.find(Table.BOOKINGS, {**where, "$id": cursor}, columns=["status"]):
        raise Rejected(Code.VALIDATION_ERROR, "cursor must be the id of a booking.", {"field": "cursor"})
    if wanted.status is not None:
        where = {**where, "status": sorted({wanted.status, *_MAY_HAVE_ENDED})}
    rows = await desk.rows.find(
        Table.BOOKINGS, where, order="$createdAt", descending=True, after=cursor, limit=limit
    )
    undecided = [row["$id"] for row in rows if row["status"] in _MAY_HAVE_ENDED]
    outcomes = await desk.rows.find(Table.OUTCOMES, {"$id": undecided}) if undecided else ()
    outcome_of = {row["$id"]: row["outcome"] for row in outcomes}
    found = [Standing(row, outcome_of.get(row["$id"])) for row in rows]
    return Page(
        [one for one in found if wanted.status in (None, one.status)],
        rows[-1]["$id"] if len(rows) == limit else None,
    )


async def _open(desk: Desk, asker: Caller, wanted: Wanted, read: _Read[Found]) -> tuple[Row, bool, Found]:
    """A booking that `asker` may see, whether as an administrator, and what `read` finds by its id.

    Two waves of calls, and the same ones for a booking that does not exist and for somebody else's.
    """
    rows = await desk.rows.find(Table.BOOKINGS, wanted.where(), limit=1)
    booking_id = rows[0]["$id"] if rows else _NOBODYS
    is_own = bool(rows) and rows[0]["userId"] == asker.user_id
    found, may_see_all = await asyncio.gather(read(booking_id), _may_see_all(desk, asker, is_own))
    if not rows or not (is_own or may_see_all):
        raise Rejected(Code.NOT_FOUND_ERROR, "There is no such booking.")
    return rows[0], may_see_all, found


async def _may_see_all(desk: Desk, asker: Caller, is_own: bool) -> bool:
    """Not asked about who looks at something of their own: they are shown it as its owner."""
    return False if is_own else await is_admin(asker, desk.users)


async def _visible(desk: Desk, asker: Caller, wanted: Filter) -> Where:
    """The condition on the bookings that `asker` may see and wants."""
    if asker.is_trusted_server and wanted.user_id is None and wanted.event_id is None:
        raise Rejected(
            Code.VALIDATION_ERROR,
            "userId or eventId must be given when the call is made with an API key.",
            {"field": "userId"},
        )
    only_own = wanted.user_id == asker.user_id or (wanted.user_id is None and wanted.event_id is None)
    if not only_own and not await is_admin(asker, desk.users):
        raise Rejected(Code.PERMISSION_ERROR, "You can only list your own bookings.")
    columns = {
        "userId": asker.user_id if only_own else wanted.user_id,
        "eventId": wanted.event_id,
    }
    return {name: value for name, value in columns.items() if value is not None}
