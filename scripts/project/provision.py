"""Applies appwrite.json to an Appwrite: makes what is missing, reports what differs, deletes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from scripts.appwrite_http import Http, found, ok
from scripts.project.columns import column_facts, creation, differences, index_facts, kind_of
from scripts.project.config import ProjectConfig

OLDEST_VERSION = (1, 9, 5)
WAIT_SECONDS = 180.0
PAGE = 5000
_NAME = ("name",)
_TABLE = ("$permissions", "name", "rowSecurity", "enabled")
_BUCKET = (
    "$permissions", "name", "fileSecurity", "enabled", "maximumFileSize", "allowedFileExtensions",
    "compression", "encryption", "antivirus",
)  # fmt: skip
_TOPIC = ("name", "subscribe")


class ProvisionError(Exception):
    """The project cannot be applied to this server; the message says why."""


@dataclass(slots=True)
class Report:
    """What was made and what differs, one phrase each; `say` shows each as it happens."""

    say: Callable[[str], None]
    made: list[str] = field(default_factory=list)
    drifted: list[str] = field(default_factory=list)

    def make(self, what: str) -> None:
        """Something was missing and is there now."""
        self.made.append(what)
        self.say(f"made {what}")

    def drift(self, what: str) -> None:
        """Something is there and differs; it is left as it is."""
        self.drifted.append(what)
        self.say(f"DRIFT {what}")


def refuse_old_server(guest: Http) -> str:
    """The server's version; ProvisionError when the bookings' guarantees do not hold on it."""
    version = str(ok(guest.get("/health/version"))["version"])
    try:
        numbers = tuple(int(part) for part in version.split("-")[0].split(".")[:3])
    except ValueError:
        raise ProvisionError(
            f"The server says that its version is {version!r}; 1.9.5 or newer is needed."
        ) from None
    if numbers < OLDEST_VERSION:
        raise ProvisionError(
            f"This server is Appwrite {version}; 1.9.5 or newer is needed. Up to Appwrite 1.9.0 (before its "
            "database library 5.9.1) a read under a lock came from a cache, so that decrement(min=0) could "
            "oversell; what bookings promise was proven on 1.9.5 and later only."
        )
    return version


def provision(http: Http, project: ProjectConfig, say: Callable[[str], None]) -> Report:
    """Applies databases, tables with columns and indexes, buckets, teams and topics.

    Idempotent. ProvisionError when a column or an index does not become available; RefusedError when the
    server refuses.
    """
    report = Report(say)
    for database in project.databases:
        _ensure(http, report, "/tablesdb", "databaseId", "database", database, _NAME)
    for table in project.tables:
        path = f"/tablesdb/{table['databaseId']}/tables"
        _ensure(http, report, path, "tableId", f"table {table['databaseId']}", table, _TABLE)
    for table in project.tables:
        _apply_columns(http, report, table)
    for table in project.tables:
        _apply_indexes(http, report, table)
    for bucket in project.buckets:
        _ensure(http, report, "/storage/buckets", "bucketId", "bucket", bucket, _BUCKET)
    for team in project.teams:
        _ensure(http, report, "/teams", "teamId", "team", team, _NAME)
    for topic in project.topics:
        _ensure(http, report, "/messaging/topics", "topicId", "topic", topic, _TOPIC)
    return report


def _ensure(
    http: Http,
    report: Report,
    path: str,
    id_name: str,
    kind: str,
    declared: dict[str, Any],
    fields: tuple[str, ...],
) -> None:
    """Makes one entity when it is missing; reports the declared fields that differ when it is not.

    fields: their names in appwrite.json and in answers; requests have them without the `$`.
    """
    what = f"{kind} {declared['$id']}"
    there = found(http.get(f"{path}/{declared['$id']}"))
    if there is None:
        body = {name.removeprefix("$"): declared[name] for name in fields if name in declared}
        ok(http.post(path, {id_name: declared["$id"], **body}))
        report.make(what)
        return
    wanted = {name: _sorted(declared[name]) for name in fields if name in declared}
    for phrase in differences(wanted, {name: _sorted(there.get(name)) for name in fields}):
        report.drift(f"{what}: {phrase}")


def _sorted(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


def _table_path(table: dict[str, Any]) -> str:
    return f"/tablesdb/{table['databaseId']}/tables/{table['$id']}"


def _name(table: dict[str, Any], part: dict[str, Any]) -> str:
    return f"{table['databaseId']}.{table['$id']}.{part['key']}"


def _apply_columns(http: Http, report: Report, table: dict[str, Any]) -> None:
    declared: list[dict[str, Any]] = table.get("columns", [])
    there = _parts(http, table, "columns")
    for column in declared:
        if column["key"] not in there:
            ok(http.post(f"{_table_path(table)}/columns/{kind_of(column)}", creation(column)))
            report.make(f"column {_name(table, column)}")
            continue
        for phrase in differences(column_facts(column), column_facts(there[column["key"]])):
            report.drift(f"column {_name(table, column)}: {phrase}")
    _report_extra(report, table, "column", declared, there.values())
    _wait_until_available(http, table, "columns", [column["key"] for column in declared])


def _apply_indexes(http: Http, report: Report, table: dict[str, Any]) -> None:
    declared: list[dict[str, Any]] = table.get("indexes", [])
    there = _parts(http, table, "indexes")
    for index in declared:
        facts = index_facts(index)
        if index["key"] not in there:
            lengths = {"lengths": index["lengths"]} if index.get("lengths") else {}
            ok(http.post(f"{_table_path(table)}/indexes", {"key": index["key"], **facts, **lengths}))
            report.make(f"index {_name(table, index)}")
            continue
        for phrase in differences(facts, index_facts(there[index["key"]])):
            report.drift(f"index {_name(table, index)}: {phrase}")
    _report_extra(report, table, "index", declared, there.values())
    _wait_until_available(http, table, "indexes", [index["key"] for index in declared])


def _parts(http: Http, table: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The columns or indexes of a table that the server has, by key."""
    limit = f'{{"method":"limit","values":[{PAGE}]}}'
    answer = ok(http.get(f"{_table_path(table)}/{kind}", params={"queries[0]": limit}))
    return {part["key"]: part for part in answer[kind]}


def _report_extra(
    report: Report,
    table: dict[str, Any],
    kind: str,
    declared: list[dict[str, Any]],
    there: Iterable[dict[str, Any]],
) -> None:
    known = {part["key"] for part in declared}
    for part in there:
        if part["key"] not in known:
            report.drift(f"{kind} {_name(table, part)}: is there, not declared")


def _wait_until_available(http: Http, table: dict[str, Any], kind: str, keys: list[str]) -> None:
    """Waits, with growing pauses, until each is available; ProvisionError when one fails or time runs out."""
    deadline, pause = time.monotonic() + WAIT_SECONDS, 0.02
    while keys:
        parts = _parts(http, table, kind)
        failed = [key for key in keys if parts.get(key, {}).get("status") in ("failed", "stuck")]
        if failed:
            why = parts[failed[0]].get("error") or "no reason given"
            raise ProvisionError(f"{_table_path(table)}: {kind} {', '.join(failed)} could not be made: {why}")
        keys = [key for key in keys if parts.get(key, {}).get("status") != "available"]
        if keys and time.monotonic() > deadline:
            raise ProvisionError(
                f"{_table_path(table)}: {kind} {', '.join(keys)} are not available after 3 minutes"
            )
        if keys:
            time.sleep(pause)
            pause = min(pause * 2, 2.0)
