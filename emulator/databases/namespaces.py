"""The two names of one store: `/tablesdb` speaks of tables, columns and rows, `/databases` of collections,
attributes and documents. Handlers are written once, in the words of tables, and ask the namespace for its.
"""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.errors import ApiError, register_types

_STATUSES = {
    "table_not_found": 404,
    "table_already_exists": 409,
    "table_limit_exceeded": 400,
    "row_not_found": 404,
    "row_already_exists": 409,
    "row_invalid_structure": 400,
    "row_missing_data": 400,
    "row_missing_payload": 400,
    "row_update_conflict": 409,
    "row_delete_restricted": 403,
    "column_not_found": 404,
    "column_unknown": 400,
    "column_not_available": 400,
    "column_format_unsupported": 400,
    "column_default_unsupported": 400,
    "column_already_exists": 409,
    "column_limit_exceeded": 400,
    "column_value_invalid": 400,
    "column_type_invalid": 400,
    "column_invalid_resize": 400,
    "column_index_not_found": 404,
    "column_index_already_exists": 409,
    "column_index_limit_exceeded": 400,
    "column_index_invalid": 400,
    "column_index_dependency": 409,
}
_PREFIXES = (
    ("column_index_", "index_"),
    ("column_", "attribute_"),
    ("table_", "collection_"),
    ("row_", "document_"),
)


@dataclass(frozen=True, slots=True)
class Namespace:
    """The words of one namespace.

    root: path of its databases. kind: the `type` of a database made here. table, column, row: singular words.
    *_scope: what a caller needs, with `.read` or `.write` behind it; scopes that stand for it are known to
    `core.scopes`.
    """

    root: str
    kind: str
    table: str
    column: str
    row: str
    table_scope: str
    column_scope: str
    index_scope: str
    row_scope: str

    @property
    def tables(self) -> str:
        """`tables` or `collections`: in paths, lists and events."""
        return self.table + "s"

    @property
    def columns(self) -> str:
        """`columns` or `attributes`."""
        return self.column + "s"

    @property
    def rows(self) -> str:
        """`rows` or `documents`."""
        return self.row + "s"

    @property
    def table_id(self) -> str:
        """`tableId` or `collectionId`: a parameter, and with a dollar a field of every row."""
        return self.table + "Id"

    @property
    def row_id(self) -> str:
        """`rowId` or `documentId`."""
        return self.row + "Id"

    @property
    def row_security(self) -> str:
        """`rowSecurity` or `documentSecurity`."""
        return self.row + "Security"

    @property
    def database_path(self) -> str:
        """The path of one database."""
        return f"{self.root}/{{databaseId}}"

    @property
    def table_path(self) -> str:
        """The path of one table, with the variables `databaseId` and `table_id`."""
        return f"{self.database_path}/{self.tables}/{{{self.table_id}}}"

    @property
    def rows_path(self) -> str:
        """The path of a table's rows."""
        return f"{self.table_path}/{self.rows}"

    def error_type(self, type_: str) -> str:
        """An error type in the words of tables (`row_not_found`) as this namespace spells it."""
        if self is not TABLES:
            for prefix, own in _PREFIXES:
                if type_.startswith(prefix):
                    return own + type_.removeprefix(prefix)
        return type_

    def error(self, type_: str, message: str) -> ApiError:
        """A refusal; the type is given in the words of tables."""
        return ApiError(self.error_type(type_), message)


TABLES = Namespace(
    root="/tablesdb",
    kind="tablesdb",
    table="table",
    column="column",
    row="row",
    table_scope="tables",
    column_scope="columns",
    index_scope="indexes",
    row_scope="rows",
)
COLLECTIONS = Namespace(
    root="/databases",
    kind="legacy",
    table="collection",
    column="attribute",
    row="document",
    table_scope="collections",
    column_scope="collections",
    index_scope="collections",
    row_scope="documents",
)
NAMESPACES = (TABLES, COLLECTIONS)

for _type, _status in _STATUSES.items():
    register_types({namespace.error_type(_type): _status for namespace in NAMESPACES})
register_types({"database_not_found": 404, "database_already_exists": 409})
