"""What an event is called: its names with every wildcard, and the realtime channels that it is sent on.

A row's event has 64 names, so both are only worked out when somebody listens; the shape of a pattern is
worked out once and kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product

from emulator.core.events import Event

_ACTIONS = frozenset({"create", "update", "upsert", "delete"})
_AS_DATABASES = {"tablesdb": "databases"}
_AS_COLLECTIONS = {"tables": "collections", "rows": "documents", "columns": "attributes"}
_AS_TABLES = {collection: table for table, collection in _AS_COLLECTIONS.items()}
_WITH_ACTION_CHANNELS = frozenset(
    {"documents", "rows", "files", "executions", "functions", "account", "teams", "memberships"}
)


def event_names(event: Event) -> list[str]:
    """Every name of an event, the most exact first: ids and wildcards, both namespaces, and its parents'."""
    return [template.format_map(event.ids) for template in _templates(event.pattern)]


def trigger_name(event: Event) -> str:
    """The one name that functions are told; rows are `databases.D.collections.T.documents.R.create` there."""
    exact = _templates(event.pattern)[0].format_map(event.ids)
    return _respell(exact, _AS_DATABASES | _AS_COLLECTIONS)


def event_channels(event: Event, project_id: str) -> list[str]:
    """The realtime channels of an event; none for what clients are not told of, such as a new table."""
    parts = _templates(event.pattern)[0].format_map(event.ids).split(".")
    bases = list(_base_channels(parts, project_id))
    action = _action_of(parts)
    if action is None:
        return bases
    return bases + [f"{channel}.{action}" for channel in bases if _takes_action(channel.split("."))]


def event_roles(event: Event) -> Sequence[str]:
    """The roles that an event is sent to: its readers; what happens to a user or a team is theirs to know."""
    kind, _, rest = event.pattern.partition(".")
    if kind in ("users", "teams"):
        return (f"{kind[:-1]}:{event.ids[rest.partition('.')[0].strip('[]')]}",)
    return event.readers


@lru_cache(maxsize=256)
def _templates(pattern: str) -> tuple[str, ...]:
    """The names of a pattern as format strings over its ids."""
    names: dict[str, None] = {}
    for shape in _shapes(pattern.split(".")):
        for name in _with_wildcards(shape):
            names.update(dict.fromkeys(_spellings(name)))
    return tuple(names)


def _shapes(parts: list[str]) -> Iterator[list[str]]:
    """The pattern itself, without what follows its action, without its action, and its parents."""
    resources = 2
    while resources + 1 < len(parts) and parts[resources + 1].startswith("["):
        resources += 2
    action, attribute = parts[resources : resources + 1], parts[resources + 1 :]
    if resources > 2 and attribute:
        yield parts
    if action:
        yield parts[:resources] + action
    if resources > 2:
        yield parts[:resources]
    if attribute:
        yield parts[:2] + action + attribute
    for end in range(resources - 2, 0, -2):
        yield parts[:end]
    if resources == 2:
        yield parts[:2]


def _with_wildcards(shape: list[str]) -> Iterator[str]:
    """Every mix of ids and wildcards, all ids first and all wildcards next."""
    choices = [("{" + part[1:-1] + "}", "*") if part.startswith("[") else (part,) for part in shape]
    mixes = [".".join(mix) for mix in product(*choices)]
    return iter([mixes[0], mixes[-1], *mixes[1:-1]])


def _spellings(name: str) -> Iterator[str]:
    """A name in the namespaces that share the store: a TablesDB database is also a legacy one."""
    yield name
    if name.startswith("tablesdb."):
        databases = _respell(name, _AS_DATABASES)
        yield _respell(databases, _AS_COLLECTIONS)
        yield databases
    elif name.startswith("databases."):
        yield _respell(name, _AS_TABLES if ".collections." in name else _AS_COLLECTIONS)


def _respell(name: str, words: dict[str, str]) -> str:
    """Words stand at even places, ids at odd ones, so an id that looks like a word stays as it is."""
    parts = name.split(".")
    return ".".join(words.get(part, part) if at % 2 == 0 else part for at, part in enumerate(parts))


def _base_channels(parts: list[str], project_id: str) -> Iterator[str]:
    kind, sub = parts[0], parts[2] if len(parts) > 2 else ""
    if kind == "users":
        yield from ("account", f"account.{parts[1]}")
    elif kind == "teams":
        of, at = ("memberships", 3) if sub == "memberships" else ("teams", 1)
        yield from (of, f"{of}.{parts[at]}")
    elif kind == "buckets" and sub == "files":
        files = f"buckets.{parts[1]}.files"
        yield from ("files", files, f"{files}.{parts[3]}")
    elif kind == "functions" and sub == "executions":
        yield from ("console", f"projects.{project_id}")
        yield from ("executions", f"executions.{parts[3]}", f"functions.{parts[1]}")
    elif kind in ("databases", "tablesdb") and len(parts) > 5 and parts[4] in ("rows", "documents"):
        database, table, row = parts[1], parts[3], parts[5]
        for prefix, tables, rows in (
            ("databases", "collections", "documents"),
            ("databases", "tables", "rows"),
            ("tablesdb", "tables", "rows"),
        ):
            channel = f"{prefix}.{database}.{tables}.{table}.{rows}"
            if prefix == "databases":
                yield rows
            yield from (channel, f"{channel}.{row}")


def _action_of(parts: list[str]) -> str | None:
    action = next((part for part in reversed(parts[-2:]) if part in _ACTIONS), None)
    if parts[0] == "users" and (len(parts) < 3 or parts[2] != action):
        return None
    return action


def _takes_action(channel: list[str]) -> bool:
    return not _WITH_ACTION_CHANNELS.isdisjoint(channel[-2:])
