"""How tickets end: admitted at the gate or cancelled, never both and never twice.

One write-once row for each ticket decides it, whose id is the ticket's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from boxoffice.cancellations.records import Cancellation
from boxoffice.domain import ids
from boxoffice.domain.cancellation import IssuedTicket, TicketState
from boxoffice.ports import NewRow, Row, Rows
from boxoffice.schema import Table


class Fate(StrEnum):
    """How a ticket ended: written once, and whoever loses the race for it obeys it."""

    ADMITTED = "admitted"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Fates:
    """The tickets of a booking that are not valid any more: what became of them, and by what."""

    by_ticket: Mapping[str, tuple[Fate, str]]

    @classmethod
    def of_rows(cls, rows: Sequence[Row]) -> "Fates":
        """Read the stored rows."""
        return cls({row["$id"]: (Fate(row["kind"]), row["by"]) for row in rows})

    def of(self, booking_id: str, number: int) -> tuple[Fate, str] | None:
        """What became of a ticket, and the id of what did it; `None` while it is valid."""
        return self.by_ticket.get(ids.ticket_id(booking_id, number))

    def decided_by(self, ticket_id: str) -> str | None:
        """The id of what decided on a ticket; `None` while it is valid."""
        found = self.by_ticket.get(ticket_id)
        return found[1] if found else None

    def issued(self, booking_id: str, number: int) -> IssuedTicket:
        """Where a ticket stands."""
        found = self.of(booking_id, number)
        return IssuedTicket(number, _STATES[found[0]] if found else TicketState.VALID)

    def is_cancelled(self, booking_id: str, number: int) -> bool:
        """Whether a ticket is cancelled."""
        found = self.of(booking_id, number)
        return found is not None and found[0] is Fate.CANCELLED

    @property
    def cancelled(self) -> int:
        """How many tickets are cancelled."""
        return sum(fate is Fate.CANCELLED for fate, _ in self.by_ticket.values())


_STATES = {Fate.ADMITTED: TicketState.CHECKED_IN, Fate.CANCELLED: TicketState.CANCELLED}


async def read_fates(rows: Rows, booking_id: str) -> Fates:
    """The fates of a booking's tickets as they are now. A fate that is there never changes."""
    return Fates.of_rows(await rows.find(Table.CHECKINS, {"bookingId": booking_id}))


def fate_rows(cancellation: Cancellation) -> list[NewRow]:
    """The rows that decide that the tickets are cancelled, and by whom."""
    columns = {"bookingId": cancellation.booking_id, "kind": Fate.CANCELLED, "by": cancellation.id}
    return [NewRow(ticket_id, columns) for ticket_id in cancellation.ticket_ids]
