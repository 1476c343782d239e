"""Rows in TablesDB.

A lost answer is never guessed at. Writes that say whose they are get looked up before anything is decided,
with `list_rows`, because `get_row` may answer from a stale cache.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from appwrite.permission import Permission  # type: ignore[import-untyped]
from appwrite.query import Query  # type: ignore[import-untyped]
from appwrite.role import Role  # type: ignore[import-untyped]
from appwrite.services.tables_db import TablesDB  # type: ignore[import-untyped]

from boxoffice.adapters.appwrite.client import AtBound, Conflict, Missing, PooledClient
from boxoffice.adapters.appwrite.queries import conditions
from boxoffice.adapters.threads import Threads
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Ambiguous, BoxofficeError, ErrorKind
from boxoffice.ports import NewRow, Row, RowsTaken, UniqueClash, Where
from boxoffice.saga.retry import RetryPolicy, retrying
from boxoffice.saga.timing import TimeBudget, Timing
from boxoffice.schema import DATABASE, Table

Result = TypeVar("Result")

_POLICY = RetryPolicy(attempts=3, base=0.1, cap=1.0)
_READS = frozenset({ErrorKind.RETRYABLE})
_REPEATABLE_WRITES = frozenset({ErrorKind.RETRYABLE, ErrorKind.AMBIGUOUS})


class AppwriteRows:
    """The port `Rows`, for one execution."""

    def __init__(self, client: PooledClient, threads: Threads, timing: Timing, budget: TimeBudget) -> None:
        self._client = client
        self._tables = TablesDB(client)
        self._threads = threads
        self._timing = timing
        self._budget = budget

    async def put_once(self, table: Table, row: NewRow) -> Row:
        """See `Rows.put_once`."""
        uncertain = False

        async def attempt() -> Row:
            nonlocal uncertain
            try:
                created: Row = await self._call(
                    lambda: self._tables.create_row(
                        DATABASE, table, row.id, dict(row.data), _permissions(row)
                    )
                )
                return created
            except Conflict as error:
                existing = await self._lookup(table, row.id, error)
                if existing is None:
                    raise UniqueClash from error
                return existing
            except Ambiguous as error:
                uncertain = True
                existing = await self._lookup(table, row.id, error)
                if existing is None:
                    raise
                return existing

        try:
            return await self._repeat(attempt, _REPEATABLE_WRITES)
        except BoxofficeError as error:
            if not uncertain:
                raise
            raise _still_uncertain() from error

    async def create_all(self, table: Table, rows: Sequence[NewRow], owner: str) -> None:
        """See `Rows.create_all`."""
        uncertain = False
        body = [{"$id": row.id, "$permissions": _permissions(row), **row.data} for row in rows]

        async def attempt() -> None:
            nonlocal uncertain
            try:
                await self._call(lambda: self._tables.create_rows(DATABASE, table, body))
            except (Conflict, Ambiguous) as error:
                if isinstance(error, Conflict) and not uncertain:
                    raise RowsTaken from error
                uncertain = True
                if not await self._all_written(table, rows, owner):
                    raise

        try:
            await self._repeat(attempt, _REPEATABLE_WRITES)
        except BoxofficeError as error:
            if not uncertain:
                raise
            raise _still_uncertain() from error

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
        """See `Rows.find`."""
        by = Query.order_desc(order) if descending else Query.order_asc(order)
        queries = [*conditions(where), by, Query.limit(limit)]
        if after and order == "$id":
            # By id and not by cursor: a cursor's row may be deleted between two pages.
            queries.append(Query.less_than("$id", after) if descending else Query.greater_than("$id", after))
        elif after:
            queries.append(Query.cursor_after(after))
        if skip:
            queries.append(Query.offset(skip))
        if columns:
            queries.append(Query.select(["$id", *columns]))

        async def attempt() -> Sequence[Row]:
            answer = await self._call(lambda: self._tables.list_rows(DATABASE, table, queries, total=False))
            rows: Sequence[Row] = answer["rows"]
            return rows

        return await self._repeat(attempt, _READS)

    async def count(self, table: Table, where: Where) -> int:
        """See `Rows.count`."""
        queries = [*conditions(where), Query.select(["$id"]), Query.limit(1)]

        async def attempt() -> int:
            answer = await self._call(lambda: self._tables.list_rows(DATABASE, table, queries))
            return int(answer["total"])

        return await self._repeat(attempt, _READS)

    async def update(self, table: Table, row_id: str, data: Mapping[str, Any]) -> None:
        """See `Rows.update`."""

        async def attempt() -> None:
            await self._call(lambda: self._tables.update_row(DATABASE, table, row_id, dict(data)))

        try:
            await self._repeat(attempt, _REPEATABLE_WRITES)
        except Conflict as error:
            raise UniqueClash from error

    async def update_where(self, table: Table, where: Where, data: Mapping[str, Any]) -> None:
        """See `Rows.update_where`."""
        queries = _some(where)

        async def attempt() -> None:
            await self._call(lambda: self._tables.update_rows(DATABASE, table, dict(data), queries))

        await self._repeat(attempt, _REPEATABLE_WRITES)

    async def delete_where(self, table: Table, where: Where) -> None:
        """See `Rows.delete_where`."""
        queries = _some(where)

        async def attempt() -> None:
            await self._call(lambda: self._tables.delete_rows(DATABASE, table, queries))

        await self._repeat(attempt, _REPEATABLE_WRITES)

    async def count_up(self, table: Table, row: NewRow, column: str, by: int, most: int) -> bool:
        """See `Rows.count_up`."""
        try:
            return await self._add(table, row.id, column, by, most)
        except Missing:
            first = {**row.data, column: by}
        try:
            await self._call(
                lambda: self._tables.create_row(DATABASE, table, row.id, first, _permissions(row))
            )
        except Conflict:
            # Somebody else was the first.
            return await self._add(table, row.id, column, by, most)
        return True

    def server_time(self) -> datetime:
        """See `Rows.server_time`."""
        return self._client.server_time()

    async def _add(self, table: Table, row_id: str, column: str, by: int, most: int) -> bool:
        try:
            await self._call(
                lambda: self._tables.increment_row_column(DATABASE, table, row_id, column, by, most)
            )
        except AtBound:
            return False
        return True

    async def _all_written(self, table: Table, rows: Sequence[NewRow], owner: str) -> bool:
        where = {"$id": [row.id for row in rows], owner: str(rows[0].data[owner])}
        return len(await self.find(table, where, columns=[owner])) == len(rows)

    async def _lookup(self, table: Table, row_id: str, cause: BoxofficeError) -> Row | None:
        """The row with that id. Raises `Ambiguous` when it cannot be read: then nothing is known."""
        try:
            found = await self.find(table, {"$id": row_id}, limit=1)
        except BoxofficeError:
            raise Ambiguous(Code.SERVICE_UNAVAILABLE) from cause
        return found[0] if found else None

    async def _call(self, call: Callable[[], Any]) -> Any:
        return await self._threads.run(call, self._budget)

    async def _repeat(self, call: Callable[[], Awaitable[Result]], kinds: Collection[ErrorKind]) -> Result:
        return await retrying(call, policy=_POLICY, kinds=kinds, timing=self._timing, budget=self._budget)


def _still_uncertain() -> Ambiguous:
    """An earlier attempt may still take effect: that outweighs whatever came after it."""
    return Ambiguous(Code.SERVICE_UNAVAILABLE)


def _some(where: Where) -> list[str]:
    queries = conditions(where)
    if not queries:
        raise ValueError("a bulk call without a condition is about the whole table")
    return queries


def _permissions(row: NewRow) -> list[str]:
    if row.public:
        return [Permission.read(Role.any())]
    return [Permission.read(Role.user(row.reader))] if row.reader else []
