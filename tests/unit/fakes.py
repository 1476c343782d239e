"""The outside world in memory: strict where the real one is, and with faults on demand."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from boxoffice.domain.callers import Account
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Ambiguous, Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.payments import GatewayOrder, Payment, PaymentState
from boxoffice.ports import (
    MOST_COUNTED,
    MOST_VALUES,
    Message,
    NewRow,
    Range,
    Row,
    RowsTaken,
    StoredFile,
    UniqueClash,
    Where,
)
from boxoffice.saga.timing import Timing
from boxoffice.schema import Table
from boxoffice.times import from_text, to_text

PROJECT = json.loads((Path(__file__).parents[2] / "appwrite.json").read_text())
TABLES = {table["$id"]: table for table in PROJECT["tables"]}


class Killed(BaseException):
    """The process is gone: none of its handlers runs."""


class FakeTime:
    """A clock that only moves when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds

    @property
    def timing(self) -> Timing:
        return Timing(lambda: self.seconds, self.sleep, lambda: 0.5)


@dataclass
class Fault:
    """Raises `error` at the calls of `operation` numbered `first` to `last`, before or after their effect."""

    operation: str
    error: Callable[[], BaseException]
    first: int = 1
    last: int = 1
    after_effect: bool = False
    seen: int = 0

    def hits(self, operation: str) -> bool:
        if operation != self.operation:
            return False
        self.seen += 1
        return self.first <= self.seen <= self.last


@dataclass
class World:
    """The log of all calls, and the faults to come."""

    calls: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    is_dead: bool = False
    _dies_at: int = -1
    _dies_after: bool = False

    def fail(self, operation: str, error: Callable[[], BaseException], **options: Any) -> None:
        self.faults.append(Fault(operation, error, **options))

    def fail_always(self, operation: str, error: Callable[[], BaseException]) -> None:
        self.fail(operation, error, last=10**9)

    def kill(self, call: int, *, after_effect: bool) -> None:
        """The process dies at its next call with that number, counted from 0; `revive` starts another one."""
        self._dies_at, self._dies_after = len(self.calls) + call, after_effect

    def revive(self) -> None:
        self.is_dead, self._dies_at = False, -1

    def around(self, operation: str, effect: Callable[[], Any]) -> Any:
        if self.is_dead:
            raise Killed
        if len(self.calls) == self._dies_at:
            self.is_dead = True
            if self._dies_after:
                effect()
            raise Killed
        self.calls.append(operation)
        hits = [fault for fault in self.faults if fault.hits(operation)]
        for fault in hits:
            if not fault.after_effect:
                raise fault.error()
        result = effect()
        for fault in hits:
            raise fault.error()
        return result


def lost_answer() -> Exception:
    return Ambiguous(Code.SERVICE_UNAVAILABLE)


class FakeRows:
    """The port `Rows`. Refuses what `appwrite.json` does not allow, and ignores case in ids."""

    def __init__(self, world: World, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.world = world
        self.now = now
        self.tables: dict[Table, dict[str, dict[str, Any]]] = {table: {} for table in Table}
        self.readers: dict[tuple[Table, str], str | None] = {}
        self.public: dict[tuple[Table, str], bool] = {}

    def seed(self, table: Table, row_id: str, **data: Any) -> None:
        self._write(table, NewRow(row_id, data))

    def all(self, table: Table) -> list[dict[str, Any]]:
        return list(self.tables[table].values())

    async def put_once(self, table: Table, row: NewRow) -> Row:
        def effect() -> Row:
            if row.id.lower() not in self.tables[table]:
                if self._clashes(table, {"$id": row.id, **row.data}):
                    raise UniqueClash
                self._write(table, row)
            return dict(self.tables[table][row.id.lower()])

        result: Row = self.world.around(f"put {table}", effect)
        return result

    async def create_all(self, table: Table, rows: Sequence[NewRow], owner: str) -> None:
        assert 1 <= len(rows) <= 100
        assert len({row.data[owner] for row in rows}) == 1

        def effect() -> None:
            ids = {row.id.lower() for row in rows}
            if len(ids) < len(rows) or ids & self.tables[table].keys():
                raise RowsTaken
            for row in rows:
                self._write(table, row)

        self.world.around(f"create {table}", effect)

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
        assert {order, *where} <= {"$id", "$createdAt", *(c["key"] for c in TABLES[table]["columns"])}
        _check_conditions(where)

        def effect() -> Sequence[Row]:
            found = sorted(
                (row for row in self.tables[table].values() if _matches(row, where)),
                key=lambda row: (str(row[order] or ""), str(row["$id"])),
                reverse=descending,
            )
            if after and order == "$id":
                found = [row for row in found if (row["$id"] < after if descending else row["$id"] > after)]
            elif after:
                found = found[1 + [row["$id"] for row in found].index(after) :]
            found = found[skip : skip + limit]
            wanted = {"$id", *columns} if columns else None
            return [{name: row[name] for name in row if wanted is None or name in wanted} for row in found]

        result: Sequence[Row] = self.world.around(f"find {table}", effect)
        return result

    async def count(self, table: Table, where: Where) -> int:
        _check_conditions(where)

        def effect() -> int:
            return min(MOST_COUNTED, sum(_matches(row, where) for row in self.tables[table].values()))

        result: int = self.world.around(f"count {table}", effect)
        return result

    async def update_where(self, table: Table, where: Where, data: Mapping[str, Any]) -> None:
        assert where
        _check_conditions(where)

        def effect() -> None:
            for row in self.tables[table].values():
                if _matches(row, where):
                    _check(table, {**row, **data})
                    row.update(data)

        self.world.around(f"update {table} where", effect)

    async def count_up(self, table: Table, row: NewRow, column: str, by: int, most: int) -> bool:
        def effect() -> bool:
            if row.id.lower() not in self.tables[table]:
                self._write(table, NewRow(row.id, {**row.data, column: by}, row.reader))
                return True
            stored = self.tables[table][row.id.lower()]
            if stored[column] + by > most:
                return False
            stored[column] += by
            return True

        result: bool = self.world.around(f"count up {table}", effect)
        return result

    def server_time(self) -> datetime:
        return self.now().replace(microsecond=0)

    async def update(self, table: Table, row_id: str, data: Mapping[str, Any]) -> None:
        def effect() -> None:
            if row_id not in self.tables[table]:
                raise Rejected(Code.NOT_FOUND_ERROR)
            changed = {**self.tables[table][row_id], **data}
            _check(table, changed)
            if self._clashes(table, changed):
                raise UniqueClash
            self.tables[table][row_id].update(data)

        self.world.around(f"update {table}", effect)

    async def delete_where(self, table: Table, where: Where) -> None:
        assert where
        _check_conditions(where)

        def effect() -> None:
            for row_id in [row_id for row_id, row in self.tables[table].items() if _matches(row, where)]:
                del self.tables[table][row_id]

        self.world.around(f"delete {table}", effect)

    def _write(self, table: Table, row: NewRow) -> None:
        assert len(row.id) <= 36
        columns = {column["key"]: column["default"] for column in TABLES[table]["columns"]}
        data = {**columns, **row.data}
        _check(table, data)
        created = to_text(self.server_time())
        self.tables[table][row.id.lower()] = {"$id": row.id, "$createdAt": created, **data}
        self.readers[table, row.id] = row.reader
        self.public[table, row.id] = row.public

    def _clashes(self, table: Table, row: Mapping[str, Any]) -> bool:
        unique = [index["columns"] for index in TABLES[table]["indexes"] if index["type"] == "unique"]
        return any(
            existing["$id"] != row["$id"]
            and all(row[column] is not None and existing[column] == row[column] for column in columns)
            for columns in unique
            for existing in self.tables[table].values()
        )


def _check_conditions(where: Where) -> None:
    """What the server checks of a query: a list of values is neither empty nor too long."""
    for column, wanted in where.items():
        if not isinstance(wanted, str | Range):
            assert 1 <= len(wanted) <= MOST_VALUES, f"{column} is one of {len(wanted)} values"


def _matches(row: Mapping[str, Any], where: Where) -> bool:
    return all(_fits(row[column], wanted) for column, wanted in where.items())


def _fits(value: Any, wanted: str | Sequence[str] | Range) -> bool:
    if isinstance(wanted, Range):
        return value is not None and value > wanted.above and (not wanted.upto or value <= wanted.upto)
    return value in ([wanted] if isinstance(wanted, str) else wanted)


def _check(table: Table, data: Mapping[str, Any]) -> None:
    """What the server checks of a row's structure."""
    declared = {column["key"]: column for column in TABLES[table]["columns"]}
    unknown = {name for name in data if not name.startswith("$")} - declared.keys()
    assert not unknown, f"{table} has no columns {unknown}"
    for key, column in declared.items():
        if data[key] is None:
            assert not column["required"], f"{table}.{key} is required"
        for value in (data[key] or ()) if column["array"] else (data[key],):
            _check_value(f"{table}.{key} = {value!r}", column, value)


def _check_value(what: str, column: Mapping[str, Any], value: Any) -> None:
    if value is None:
        return
    if column["type"] == "integer":
        assert type(value) is int, what
        assert column["min"] <= value <= column["max"], what
    elif column["type"] == "boolean":
        assert type(value) is bool, what
    elif column["type"] == "datetime":
        from_text(value)
    elif "elements" in column:
        assert value in column["elements"], what
    else:
        assert isinstance(value, str), what
        assert len(value) <= column["size"], what


class FakeFiles:
    """The port `Files`."""

    def __init__(self, world: World, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.world = world
        self.now = now
        self.files: dict[str, tuple[bytes, str]] = {}
        self.stored_at: dict[str, datetime] = {}

    async def store(self, file_id: str, name: str, content: bytes, reader: str) -> None:
        assert name.endswith(".png")

        def effect() -> None:
            self.files.setdefault(file_id, (content, reader))
            self.stored_at.setdefault(file_id, self.now())

        self.world.around("store file", effect)

    async def find(self, file_ids: Sequence[str] | Range, *, limit: int = 100) -> Sequence[StoredFile]:
        assert isinstance(file_ids, Range) or 1 <= len(file_ids) <= 100

        def effect() -> Sequence[StoredFile]:
            found = sorted(file_id for file_id in self.files if _fits(file_id, file_ids))
            return [StoredFile(file_id, self.stored_at[file_id]) for file_id in found[:limit]]

        result: Sequence[StoredFile] = self.world.around("find files", effect)
        return result

    async def delete(self, file_id: str) -> None:
        self.world.around("delete file", lambda: self.files.pop(file_id, None))


class FakeImages:
    """The port `TicketImages`."""

    async def png(self, code: str) -> bytes:
        return b"PNG of " + code.encode()


class FakeAccounts:
    """The port `Accounts`."""

    def __init__(self, **tokens: Account) -> None:
        self.tokens = tokens

    async def of_token(self, token: str) -> Account:
        if token not in self.tokens:
            raise Rejected(Code.UNAUTHENTICATED)
        return self.tokens[token]


class FakeUsers:
    """The port `Users`."""

    def __init__(self, *accounts: Account, admins: Collection[str] = ()) -> None:
        self.accounts = {account.user_id: account for account in accounts}
        self.admins = admins

    async def account(self, user_id: str) -> Account | None:
        return self.accounts.get(user_id)

    async def is_member(self, user_id: str, team_id: str) -> bool:
        return team_id == "admins" and user_id in self.admins


class FakeMessages:
    """The port `Messages`: who was told what. The users in `unreachable` cannot be."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sent: dict[str, Message] = {}
        self.unreachable: set[str] = set()

    async def send(self, message: Message) -> None:
        def effect() -> None:
            if message.user_id in self.unreachable:
                raise Rejected(Code.NOT_FOUND_ERROR)
            self.sent.setdefault(message.id, message)

        self.world.around("send message", effect)


class FakeArchive:
    """The port `Archive`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.contents: dict[str, bytes] = {}

    async def put_once(self, name: str, content: bytes) -> None:
        self.world.around("archive", lambda: self.contents.setdefault(name, content))

    async def names(self, limit: int) -> Sequence[str]:
        return sorted(self.contents)[:limit]

    async def get(self, name: str) -> bytes | None:
        return self.contents.get(name)

    async def delete(self, name: str) -> None:
        self.contents.pop(name, None)


class FakeGateway:
    """The port `Payments`, with a ledger."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.payments: dict[str, Payment] = {}
        self.refunds: dict[str, tuple[str, Money]] = {}
        self.orders: dict[str, GatewayOrder] = {}
        self.bounced: set[str] = set()

    def bounce(self, key: str) -> None:
        """The bank sends a refund back: the money is the shop's again."""
        payment_id, amount = self.refunds[key]
        payment = self.payments[payment_id]
        refunded = payment.refunded - amount.amount
        self.bounced.add(key)
        self.payments[payment_id] = replace(payment, state=PaymentState.CAPTURED, refunded=refunded)

    def pay(self, payment_id: str, amount: int, currency: str = "INR", **other: Any) -> None:
        payment = Payment(
            id=payment_id,
            state=PaymentState.CAPTURED,
            amount=Money(amount, currency),
            refunded=0,
            order_id="",
            email="ann@example.com",
            contact="",
            noted_user_id="",
        )
        self.payments[payment_id] = replace(payment, **other)

    async def fetch(self, payment_id: str) -> Payment:
        def effect() -> Payment:
            if payment_id not in self.payments:
                raise Rejected(Code.PAYMENT_NOT_VERIFIED)
            return self.payments[payment_id]

        result: Payment = self.world.around("fetch payment", effect)
        return result

    async def capture(self, payment_id: str, amount: Money) -> None:
        def effect() -> None:
            payment = self.payments[payment_id]
            if payment.state is not PaymentState.AUTHORISED or payment.amount != amount:
                raise Rejected(Code.PAYMENT_NOT_VERIFIED)
            self.payments[payment_id] = replace(payment, state=PaymentState.CAPTURED)

        self.world.around("capture payment", effect)

    async def open_order(self, receipt: str, amount: Money, notes: Mapping[str, str]) -> GatewayOrder:
        assert 1 <= len(receipt) <= 40
        assert len(notes) <= 15 and all(len(value) <= 256 for value in notes.values())

        def effect() -> GatewayOrder:
            order = GatewayOrder(f"order_{len(self.orders) + 1}", amount, receipt, is_paid=False)
            self.orders[order.id] = order
            return order

        result: GatewayOrder = self.world.around("open order", effect)
        return result

    async def order(self, order_id: str) -> GatewayOrder:
        def effect() -> GatewayOrder:
            if order_id not in self.orders:
                raise Rejected(Code.PAYMENT_NOT_VERIFIED)
            return self.orders[order_id]

        result: GatewayOrder = self.world.around("fetch order", effect)
        return result

    async def payments_of(self, order_id: str) -> Sequence[Payment]:
        def effect() -> Sequence[Payment]:
            if order_id not in self.orders:
                raise Rejected(Code.PAYMENT_NOT_VERIFIED)
            return [payment for payment in self.payments.values() if payment.order_id == order_id]

        result: Sequence[Payment] = self.world.around("list payments", effect)
        return result

    async def refund(self, payment_id: str, amount: Money, key: str) -> str:
        assert len(key) >= 10

        def effect() -> str:
            if key in self.refunds:
                assert self.refunds[key] == (payment_id, amount)
                if key in self.bounced:
                    raise Rejected(Code.PAYMENT_GATEWAY_ERROR)
                return f"rfnd_{key}"
            payment = self.payments[payment_id]
            refunded = payment.refunded + amount.amount
            if payment.state is not PaymentState.CAPTURED or refunded > payment.amount.amount:
                raise Rejected(Code.PAYMENT_NOT_VERIFIED)
            self.refunds[key] = (payment_id, amount)
            is_whole = refunded == payment.amount.amount
            state = PaymentState.REFUNDED if is_whole else PaymentState.CAPTURED
            self.payments[payment_id] = replace(payment, state=state, refunded=refunded)
            return f"rfnd_{key}"

        result: str = self.world.around("refund payment", effect)
        return result

    def has_signed(self, order_id: str, payment_id: str, signature: str) -> bool:
        return signature == f"{order_id}.{payment_id}"

    def is_webhook_genuine(self, raw_body: bytes, signature: str) -> bool:
        return signature == f"signed {zlib.crc32(raw_body)}"
