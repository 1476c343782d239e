"""The database in memory, as strict as the real one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.ports import MOST_COUNTED, NewRow, Row, RowsTaken, UniqueClash, Where
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.server_rules import TABLES, check_conditions, check_structure, matches
from tests.unit.world import World


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
        check_conditions(where)

        def effect() -> Sequence[Row]:
            found = sorted(
                (row for row in self.tables[table].values() if matches(row, where)),
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
        check_conditions(where)

        def effect() -> int:
            return min(MOST_COUNTED, sum(matches(row, where) for row in self.tables[table].values()))

        result: int = self.world.around(f"count {table}", effect)
        return result

    async def update_where(self, table: Table, where: Where, data: Mapping[str, Any]) -> None:
        assert where
        check_conditions(where)

        def effect() -> None:
            for row in self.tables[table].values():
                if matches(row, where):
                    check_structure(table, {**row, **data})
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
            check_structure(table, changed)
            if self._clashes(table, changed):
                raise UniqueClash
            self.tables[table][row_id].update(data)

        self.world.around(f"update {table}", effect)

    async def delete_where(self, table: Table, where: Where) -> None:
        assert where
        check_conditions(where)

        def effect() -> None:
            for row_id in [row_id for row_id, row in self.tables[table].items() if matches(row, where)]:
                del self.tables[table][row_id]

        self.world.around(f"delete {table}", effect)

    def _write(self, table: Table, row: NewRow) -> None:
        assert len(row.id) <= 36
        columns = {column["key"]: column["default"] for column in TABLES[table]["columns"]}
        data = {**columns, **row.data}
        check_structure(table, data)
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
