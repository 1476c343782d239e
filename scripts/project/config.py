"""appwrite.json, the one source of what is deployed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class ProjectConfig:
    """The parts of appwrite.json, each entry as the file spells it. root: the folder that it lies in."""

    root: Path
    databases: tuple[dict[str, Any], ...]
    tables: tuple[dict[str, Any], ...]
    buckets: tuple[dict[str, Any], ...]
    teams: tuple[dict[str, Any], ...]
    topics: tuple[dict[str, Any], ...]
    functions: tuple[dict[str, Any], ...]


def load_project(path: Path = ROOT / "appwrite.json") -> ProjectConfig:
    """Reads the file; OSError or ValueError when it is not there or not JSON."""
    content: dict[str, Any] = json.loads(path.read_text())

    def part(name: str) -> tuple[dict[str, Any], ...]:
        return tuple(content.get(name, ()))

    return ProjectConfig(
        root=path.resolve().parent,
        databases=part("tablesDB"),
        tables=part("tables"),
        buckets=part("buckets"),
        teams=part("teams"),
        topics=part("topics"),
        functions=part("functions"),
    )
