"""Writes the log.

A booking costs no call for it: its entries are read from rows that it has written anyway and that nobody
changes. The sweep writes them down when it looks at the booking after a change.

Why none is ever missing: a booking's `checkAfter` is set in the same write as each change of its status, or
before it, and only cleared when `record` has come back. Whoever dies before that leaves a booking that is
looked at again; whoever dies after it has left the entries. Whoever changes a booking that was done with
sets its `checkAfter` again, to `check_again_at`, so that the sweep which is just clearing it passes it by.
Writing an entry twice is writing it once: its id comes from what happened.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Retryable
from boxoffice.domain.money import Money
from boxoffice.history.entries import Action, Entry
from boxoffice.history.facts import gather_facts
from boxoffice.history.telling import Noticed, entries_of
from boxoffice.identity import GATEWAY
from boxoffice.ports import MOST_VALUES, NewRow, RowsTaken
from boxoffice.schema import Table
from boxoffice.times import to_text

_TRIES = 4


def check_again_at(now: datetime) -> str:
    """The `checkAfter` of a booking that is changed `now`, by the server's clock.

    Clocks are read to the second: a sweep that began in the same one has perhaps not seen the change.
    """
    return to_text(now + timedelta(seconds=1))


async def record(desk: Desk, booking_ids: Sequence[str]) -> None:
    """Write down what has happened to up to 100 bookings and is not in the log yet.

    Raises when that could not be done: then nothing may be done with them.
    """
    if not booking_ids:
        return
    found = await gather_facts(desk.rows, booking_ids)
    noticed = Noticed(to_text(desk.rows.server_time()), desk.execution_id)
    new = [entry.to_row(desk.execution_id) for facts in found for entry in entries_of(facts, noticed)]
    for at in range(0, len(new), MOST_VALUES):
        await _write_missing(desk, new[at : at + MOST_VALUES])


async def note(
    desk: Desk,
    actor: str,
    action: str,
    subject: str,
    *,
    booking_id: str | None = None,
    before: str | None = None,
    after: str | None = None,
    reason: str | None = None,
    money: Money | None = None,
) -> None:
    """Write down what somebody does, before it is done. Raises when that could not be written."""
    entry = Entry(
        action,
        actor,
        subject,
        booking_id,
        to_text(desk.rows.server_time()),
        before,
        after,
        reason,
        desk.execution_id,
        money.amount if money else None,
        money.currency if money else None,
    )
    await desk.rows.put_once(Table.AUDIT_LOG, entry.to_row(desk.execution_id))


async def note_new_end(desk: Desk, hold: Booking, actor: str, action: str, until: datetime) -> None:
    """Write down that a hold ends at another time than before. Raises as `note` does."""
    before = to_text(hold.held_until) if hold.held_until else None
    await note(desk, actor, action, hold.id, booking_id=hold.id, before=before, after=to_text(until))


async def note_failed_refund(
    desk: Desk, booking_id: str, subject: str, money: Money, before: str, after: str
) -> None:
    """Write down that the money of the refund `subject` is here again, and before that, that it had gone.

    To be called before anything that tells of the refund is changed. Raises as `record` does.
    """
    await record(desk, [booking_id])
    await note(
        desk,
        GATEWAY,
        Action.REFUND_FAILED,
        subject,
        booking_id=booking_id,
        before=before,
        after=after,
        money=money,
    )


async def has_failed_refund(desk: Desk, booking_id: str, subject: str = "") -> bool:
    """Whether a refund of a booking has failed before: the one named `subject`, or any."""
    where = {"bookingId": booking_id, "action": Action.REFUND_FAILED}
    found = await desk.rows.find(Table.AUDIT_LOG, where, columns=["subject"])
    return any(row["subject"] == subject or not subject for row in found)


async def _write_missing(desk: Desk, entries: Sequence[NewRow]) -> None:
    missing = list(entries)
    for _ in range(_TRIES):
        try:
            await desk.rows.create_all(Table.AUDIT_LOG, missing, owner="loggedBy")
            return
        except RowsTaken:
            known = await desk.rows.find(
                Table.AUDIT_LOG, {"$id": [row.id for row in entries]}, columns=["action"]
            )
            there = {row["$id"] for row in known}
            missing = [row for row in entries if row.id not in there]
            if not missing:
                return
    # Others keep writing some of the same at the same time.
    raise Retryable(Code.SERVICE_UNAVAILABLE)
