"""Conditions, in the query language of Appwrite."""

from appwrite.query import Query  # type: ignore[import-untyped]

from boxoffice.ports import Range, Where


def conditions(where: Where) -> list[str]:
    """One or two queries for each column of `where`."""
    queries: list[str] = []
    for column, value in where.items():
        match value:
            case Range():
                queries += _in_range(column, value)
            case str():
                queries.append(Query.equal(column, [value]))
            case _:
                queries.append(Query.equal(column, list(value)))
    return queries


def _in_range(column: str, values: Range) -> list[str]:
    queries = []
    if values.above:
        queries.append(Query.greater_than(column, values.above))
    if values.upto:
        queries.append(Query.less_than_equal(column, values.upto))
    if not queries and not column.startswith("$"):
        queries.append(Query.is_not_null(column))
    return queries
