"""What goes wrong while a block runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.local_server import Http, ok


@contextmanager
def faults(local: Http, *wanted: dict[str, Any]) -> Iterator[list[str]]:
    """Faults while the block runs; their ids. Afterwards there are none, those of others included."""
    ids = [ok(local.post("/faults", fault))["id"] for fault in wanted]
    try:
        yield ids
    finally:
        ok(local.delete("/faults"))
