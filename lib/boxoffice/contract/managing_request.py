"""The request of `manage_events`."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict

from boxoffice.conflicts.cases import CaseState
from boxoffice.contract.actions import read_action
from boxoffice.contract.fields import MOMENT_RULE, Id, Moment
from boxoffice.domain.blocks import MOST_UNITS, RowName
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.managing.moves import Wish
from boxoffice.managing.targets import Crowd, Named, Seats, Target, Times

MOST_LISTED = 50
MOST_MOVED = 50
MOST_ASKED = 20

Reason = Annotated[str, Field(min_length=3, max_length=500, pattern=r"\S")]
RequestId = Annotated[str, Field(pattern=r"^[a-zA-Z0-9._:-]{8,64}$")]
Label = Annotated[str, Field(min_length=1, max_length=32)]
TicketNumber = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}$")]
Labels = Annotated[Sequence[Label], Field(min_length=1, max_length=MOST_UNITS)]

_SEATS: JsonDict = {"anyOf": [{"required": ["showtimeId", which]} for which in ("seats", "rows", "sections")]}
_TIMES: JsonDict = {"required": ["serviceId", "from", "to"]}
_CROWD: JsonDict = {"required": ["ticketTypeId", "quantity"]}
_OF_SHOWTIME = frozenset({"showtime_id", "seats", "rows", "sections"})
_OF_SERVICE = frozenset({"service_id", "since", "until"})
_OF_CROWD = frozenset({"ticket_type_id", "quantity"})
_LIST_OF = f"must be a list of 1 to {MOST_UNITS}"
_RULES = {
    "seats": f"{_LIST_OF} labels of seats",
    "rows": 'must be a list of 1 to 100 rows, each such as {"section": "S", "row": "A"}',
    "sections": "must be a list of 1 to 100 names of sections",
    "quantity": f"must be a whole number from 1 to {MOST_UNITS}",
    "from": MOMENT_RULE,
    "to": MOMENT_RULE,
    "reason": "must be a text of 3 to 500 characters",
    "requestId": "must be 8 to 64 letters, digits, dots, hyphens, underscores and colons",
    "blockId": "must be the id of a block",
    "cursor": "must be the cursor of the page before",
    "limit": f"must be a whole number from 1 to {MOST_LISTED}",
    "tickets": f'must be the labels of 1 to {MOST_MOVED} seats by numbers of tickets, such as {{"1": "B5"}}',
    "allowPriceDifference": "must be true or false",
    "state": "must be open, granted or refused",
    "caseId": "must be the id of a case",
    "decision": "must be grant or refuse",
    "bookingIds": f"must be a list of 1 to {MOST_ASKED} ids of holds",
    "seconds": "must be a whole number from 30 to 1800",
}
_TARGET = "must be given with seats, rows or sections, or else serviceId with from and to"


class _Request(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")


class RowOfSeats(_Request):
    """A row of a section, as the hall's plan names them."""

    section: Label
    row: Label


class _Units(_Request):
    showtime_id: Id | None = Field(None, description="With seats, rows or sections.")
    seats: Labels | None = None
    rows: Annotated[Sequence[RowOfSeats], Field(min_length=1, max_length=100)] | None = None
    sections: Annotated[Sequence[Label], Field(min_length=1, max_length=100)] | None = None
    service_id: Id | None = Field(None, description="With a period of its time.")
    since: Moment | None = Field(None, alias="from")
    until: Moment | None = Field(None, alias="to", description="The first moment after the period.")

    def _given(self) -> frozenset[str]:
        """The fields that say which units are meant."""
        others = {"action", "reason", "request_id"}
        return frozenset(name for name, value in self if value is not None and name not in others)

    def _named(self) -> Named | None:
        """The seats or times that are named, if they are named completely, and nothing else is."""
        given = self._given()
        if self.showtime_id is not None and given > {"showtime_id"} and given <= _OF_SHOWTIME:
            rows = [RowName(each.section, each.row) for each in self.rows or ()]
            return Seats(self.showtime_id, self.seats or (), rows, self.sections or ())
        if given == _OF_SERVICE and self.service_id and self.since and self.until:
            return Times(self.service_id, self.since, self.until)
        return None


class BlockUnits(_Units):
    """Take units off the market: all of them, or none."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [_SEATS, _TIMES, _CROWD]})

    action: Literal["blockUnits"]
    ticket_type_id: Id | None = Field(None, description="With a quantity: so many places, whichever.")
    quantity: Annotated[int, Field(ge=1, le=MOST_UNITS)] | None = None
    reason: Reason
    request_id: RequestId | None = Field(None, description="The same id again is the same block.")

    def target(self) -> Target:
        """What to block. Raises `Rejected` with `VALIDATION_ERROR`."""
        if self._given() == _OF_CROWD and self.ticket_type_id and self.quantity:
            return Crowd(self.ticket_type_id, self.quantity)
        named = self._named()
        if named is None:
            raise _invalid("showtimeId", f"{_TARGET}, or ticketTypeId with quantity")
        return named


class UnblockUnits(_Units):
    """Put a whole block, or the blocked ones of some units, on the market again."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["blockId"]}, _SEATS, _TIMES]})

    action: Literal["unblockUnits"]
    block_id: Id | None = None
    reason: Reason

    def target(self) -> str | Named:
        """What to unblock: the id of a block, or units. Raises `Rejected` with `VALIDATION_ERROR`."""
        if self._given() == {"block_id"} and self.block_id:
            return self.block_id
        named = self._named()
        if named is None:
            raise _invalid("blockId", f"must be given alone; or showtimeId {_TARGET}")
        return named


class ListBlocks(_Request):
    """The newest blocks that are not lifted."""

    action: Literal["listBlocks"]
    event_id: Id | None = None
    cursor: Id | None = Field(None, description="The last block of the page before.")
    limit: Annotated[int, Field(ge=1, le=MOST_LISTED)] = 25


class MoveBooking(_Request):
    """Give tickets of a booking or a hold other seats of the same showtime: all of them, or none."""

    action: Literal["moveBooking"]
    booking_id: Id
    tickets: Annotated[
        Mapping[TicketNumber, Label],
        Field(min_length=1, max_length=MOST_MOVED, description="The new seats, by the tickets' numbers."),
    ]
    allow_price_difference: bool = Field(
        False, description="Whether a seat may be of another category. No money moves."
    )
    reason: Reason

    def wish(self) -> Wish:
        """What is to be moved where."""
        seats = {int(number): label for number, label in self.tickets.items()}
        return Wish(self.booking_id, seats, self.allow_price_difference)


class ListCases(_Request):
    """The newest requests for what others hold, in events where the organiser decides about them."""

    action: Literal["listCases"]
    event_id: Id | None = None
    state: CaseState = CaseState.OPEN
    cursor: Id | None = Field(None, description="The last case of the page before.")
    limit: Annotated[int, Field(ge=1, le=MOST_LISTED)] = 25


class DecideCase(_Request):
    """Hold for the requester what others hold and have not paid, or leave it to them."""

    action: Literal["decideCase"]
    case_id: Id
    decision: Literal["grant", "refuse"]
    reason: Reason


class AskToConfirm(_Request):
    """Ask the owners of unpaid holds whether they want to keep them; without an answer in time they end."""

    action: Literal["askToConfirm"]
    booking_ids: Annotated[Sequence[Id], Field(min_length=1, max_length=MOST_ASKED)]
    seconds: Annotated[int, Field(ge=30, le=1_800, description="How long they have to answer.")] = 300
    reason: Reason


Action = BlockUnits | UnblockUnits | ListBlocks | MoveBooking | ListCases | DecideCase | AskToConfirm


class ManageRequest(RootModel[Annotated[Action, Field(discriminator="action")]]):
    """What an administrator asks for."""

    @classmethod
    def read(cls, value: dict[str, Any]) -> Action:
        """See `read_action`."""
        return read_action(cls, value, _RULES)


def _invalid(field: str, rule: str) -> Rejected:
    return Rejected(Code.VALIDATION_ERROR, f"{field} {rule}.", {"field": field, "allowed": rule})
