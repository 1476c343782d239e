"""Which part of the package may know which."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "lib" / "boxoffice"
PURE = {"__future__", "base64", "collections", "dataclasses", "datetime", "enum", "functools", "hashlib"} | {
    "hmac",
    "ipaddress",
    "itertools",
    "math",
    "operator",
    "re",
    "types",
    "typing",
}


def imports(part: str) -> dict[str, set[str]]:
    """The modules that each module of a part imports."""
    found = {}
    for path in (PACKAGE / part).rglob("*.py"):
        names: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(str(node.module))
        found[str(path.relative_to(PACKAGE))] = names
    assert found
    return found


def test_the_domain_is_pure() -> None:
    for module, names in imports("domain").items():
        outside = {name for name in names if not name.startswith("boxoffice.domain")}
        assert {name.split(".")[0] for name in outside} <= PURE, module


def test_the_saga_knows_nothing_of_tickets() -> None:
    for module, names in imports("saga").items():
        known = {name for name in names if name.startswith("boxoffice")}
        others = {name for name in known if not name.startswith("boxoffice.saga")}
        assert others <= {"boxoffice.domain.errors"}, module


@pytest.mark.parametrize(
    "part",
    [
        "audit", "bookings", "cancellations", "conflicts", "history", "inventory", "lookup", "managing",
        "outbox", "recovery", "reports",
        "webhooks",
    ],
)  # fmt: skip
def test_use_cases_know_no_adapter_and_no_library(part: str) -> None:
    for module, names in imports(part).items():
        for name in names:
            assert not name.startswith(
                ("boxoffice.adapters", "appwrite", "razorpay", "requests", "pydantic")
            ), module


def test_only_its_adapter_knows_the_sdk() -> None:
    for part in ("bookings", "contract", "domain", "inventory", "saga"):
        for names in imports(part).values():
            assert not any(name.startswith("appwrite") for name in names)
