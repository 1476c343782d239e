"""What the use cases need from the outside world.

Every method may raise `Retryable`, `Ambiguous` or `Fatal`; the refusals are named where they can occur.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from boxoffice.domain.callers import Account
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.payments import GatewayOrder, Payment, PaymentPage
from boxoffice.schema import Table

Row = Mapping[str, Any]
"""A stored row: its columns by name, and `$id`."""


@dataclass(frozen=True, slots=True)
class Range:
    """Values above `above`, up to and including `upto`; an empty side is open. No value is in no range."""

    above: str = ""
    upto: str = ""


Where = Mapping[str, str | Sequence[str] | Range]
"""Columns (or `$id`, `$createdAt`) and what each has to be: one text, any of several, or in a range."""

MOST_COUNTED = 5_000
"""Counting stops here: what is counted as so many may be more."""

MOST_VALUES = 100
"""So many ids fit into one condition."""


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to be written.

    `reader` is the one user who may read it. Everybody may when it is `public`, and otherwise only functions.
    """

    id: str
    data: Mapping[str, Any]
    reader: str | None = None
    public: bool = False


class RowsTaken(Rejected):
    """Somebody else has at least one of the ids. None of the rows was written."""

    def __init__(self) -> None:
        super().__init__(Code.CONFLICT_ERROR)


class UniqueClash(Rejected):
    """Another row has the same value in a unique column. The row was not written."""

    def __init__(self) -> None:
        super().__init__(Code.CONFLICT_ERROR)


class Rows(Protocol):
    """Tables of rows."""

    async def put_once(self, table: Table, row: NewRow) -> Row:
        """Write `row` if its id is free, and return the row that has the id now: a write-once register.

        The caller compares a token to see whether it is its own. Raises `UniqueClash`.
        """
        ...

    async def create_all(self, table: Table, rows: Sequence[NewRow], owner: str) -> None:
        """Write all of 1 to 100 rows, or none. Raises `RowsTaken`.

        All carry the same value in the column `owner`, which tells after a lost answer whose rows they are.
        """
        ...

    async def find(
        self,
        table: Table,
        where: Where,
        *,
        columns: Sequence[str] = (),
        order: str = "$id",
        descending: bool = False,
        after: str = "",
        skip: int = 0,
        limit: int = 100,
    ) -> Sequence[Row]:
        """The rows that match, never from a cache, beginning after the row with the id `after`.

        `columns` are those wanted, all when empty. The row `after` needs to exist when `order` is not `$id`.
        `skip` leaves out so many, at most `MOST_COUNTED`.
        """
        ...

    async def count(self, table: Table, where: Where) -> int:
        """How many rows match, up to `MOST_COUNTED`."""
        ...

    async def update(self, table: Table, row_id: str, data: Mapping[str, Any]) -> None:
        """Set some columns of a row to fixed values.

        Raises `Rejected` when there is no such row, and `UniqueClash`.
        """
        ...

    async def update_where(self, table: Table, where: Where, data: Mapping[str, Any]) -> None:
        """Set some columns of every row that matches to fixed values; none is fine. `where` is not empty."""
        ...

    async def delete_where(self, table: Table, where: Where) -> None:
        """Delete every row that matches; none is fine. `where` is not empty.

        Repeated when it is not known whether it has happened: it must not match what others write meanwhile.
        """
        ...

    async def count_up(self, table: Table, row: NewRow, column: str, by: int, most: int) -> bool:
        """Add `by` to a column, unless that makes more than `most`; whether it was added.

        `row` is written, with `by` in the column, when there is no row with its id. One attempt: after an
        error it may have been added, so count only what may be counted once too often.
        """
        ...

    def server_time(self) -> datetime:
        """What the database's own clock said with its last answer, to the second.

        Leases and ages are judged by it, so that all functions agree on them. Raises `Fatal` before the first
        answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file, and when it was stored."""

    id: str
    created_at: datetime


class Files(Protocol):
    """The images of tickets."""

    async def store(self, file_id: str, name: str, content: bytes, reader: str) -> None:
        """Keep `content` under `file_id`, readable by one user; a file that is already there stays."""
        ...

    async def delete(self, file_id: str) -> None:
        """Remove a file; a missing one is fine. One call: the caller decides about repeating it."""
        ...

    async def find(
        self, file_ids: Sequence[str] | Range, *, limit: int = MOST_VALUES
    ) -> Sequence[StoredFile]:
        """Those of up to `MOST_VALUES` files that are there, or the first with an id in a range, by id."""
        ...


class Accounts(Protocol):
    """Whom a token belongs to."""

    async def of_token(self, token: str) -> Account:
        """The account that a session's JWT proves. Raises `Rejected` with `UNAUTHENTICATED`."""
        ...


class Users(Protocol):
    """What the server knows of its users."""

    async def account(self, user_id: str) -> Account | None:
        """The account as it is now; `None` when there is none any more."""
        ...

    async def is_member(self, user_id: str, team_id: str) -> bool:
        """Whether the user has joined the team."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """What a user is told: a title, a text for people, and `data` for their apps."""

    id: str
    user_id: str
    title: str
    text: str
    data: Mapping[str, Any]


class Messages(Protocol):
    """A way to reach users."""

    async def send(self, message: Message) -> None:
        """Hand over a message, once for each id. Raises `Rejected` when the user cannot be reached at all."""
        ...


class Archive(Protocol):
    """A second place for what the database did not take."""

    async def put_once(self, name: str, content: bytes) -> None:
        """Keep `content` under `name`; what is already there under that name stays."""
        ...

    async def names(self, limit: int) -> Sequence[str]:
        """The first names, in their order."""
        ...

    async def get(self, name: str) -> bytes | None:
        """What is kept under `name`; `None` when nothing is."""
        ...

    async def delete(self, name: str) -> None:
        """Remove what is kept under `name`; nothing there is fine."""
        ...


class Payments(Protocol):
    """A payment gateway."""

    def least(self, currency: str) -> Money:
        """The smallest amount of a currency that can be paid."""
        ...

    async def open_order(self, receipt: str, amount: Money, notes: Mapping[str, str]) -> GatewayOrder:
        """Ask for a payment of `amount` for what `receipt` (up to 40 characters) names.

        After a lost answer the order that was made is found by its receipt, and no other one is made. The
        normal case does not look: who asks again later, without the order that was given, may get another.
        Raises `Fatal` when the gateway refuses.
        """
        ...

    async def order(self, order_id: str) -> GatewayOrder:
        """The order as it is now. Raises `Rejected` with `PAYMENT_NOT_VERIFIED` when there is none."""
        ...

    async def payments_of(self, order_id: str) -> Sequence[Payment]:
        """Every payment that was tried for an order, in any sequence.

        Raises `Rejected` with `PAYMENT_NOT_VERIFIED` when there is no such order.
        """
        ...

    async def made_between(self, since: datetime, until: datetime, skip: int = 0) -> PaymentPage:
        """A page of the payments that were made in that time, both ends included, without the first `skip`.

        Up to `MOST_LISTED` of them, whatever has become of them. Those that the gateway describes in a way
        that nobody understands are left out: nobody could book with them either.
        """
        ...

    async def fetch(self, payment_id: str) -> Payment:
        """The payment as it is now. Raises `Rejected` with `PAYMENT_NOT_VERIFIED` when there is none."""
        ...

    async def capture(self, payment_id: str, amount: Money) -> None:
        """Take the money of an authorised payment. Raises `Rejected` when the gateway refuses."""
        ...

    async def refund(self, payment_id: str, amount: Money, key: str) -> str:
        """Give all or some of the money back; the id of the refund.

        The same `key` (10 or more of `A-Za-z0-9_-`) gives it back only once, and the same id. Raises
        `Rejected` when the gateway refuses, or when the refund with this key has failed at the bank.
        """
        ...

    def has_signed(self, order_id: str, payment_id: str, signature: str) -> bool:
        """Whether the gateway signed that `payment_id` pays for `order_id`."""
        ...

    def is_webhook_genuine(self, raw_body: bytes, signature: str) -> bool:
        """Whether the gateway signed exactly these bytes. Raises `Fatal` when no secret is configured."""
        ...


class TicketImages(Protocol):
    """Draws QR codes."""

    async def png(self, code: str) -> bytes:
        """A PNG image of the QR code that contains `code`."""
        ...
