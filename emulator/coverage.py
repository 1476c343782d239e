"""`python -m emulator.coverage [--write]`: the table of what is answered, from the routes, for the README."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from emulator.app import API_ROOT, LOCAL_ROOT
from emulator.areas import AREAS
from emulator.core.routing import Route
from emulator.local.routes import ROUTES as LOCAL
from emulator.razorpay.checkout import ROUTES as CHECKOUT
from emulator.razorpay.local_routes import ROUTES as LOCAL_PAYMENTS
from emulator.razorpay.routes import ROUTES as GATEWAY
from emulator.razorpay.site import PAYMENTS_ROOT

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- coverage: python -m emulator.coverage --write -->", "<!-- end of coverage -->"


def coverage() -> str:
    """A Markdown table: area, path, methods."""
    lines = ["| area | path | methods |", "|---|---|---|"]
    for area in AREAS:
        lines += _rows(area.title, API_ROOT, area.routes)
    lines.append("| Domains of functions | `//{domain}/*` | any |")
    lines += _rows("Payment gateway", PAYMENTS_ROOT, (*GATEWAY, *CHECKOUT))
    lines += _rows("Only here", LOCAL_ROOT, (*LOCAL, *LOCAL_PAYMENTS))
    return "\n".join(lines)


def _rows(title: str, root: str, routes: Iterable[Route]) -> Iterator[str]:
    methods: dict[str, list[str]] = {}
    for route in routes:
        methods.setdefault(route.path, []).append(route.method)
    for path in sorted(methods):
        yield f"| {title} | `{root}{path}` | {' '.join(sorted(methods[path]))} |"
        title = ""


def with_coverage(text: str) -> str:
    """A README with the table in its place; ValueError when it has no place for it."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the README has no place for the table")
    return f"{before}{BEGIN}\n{coverage()}\n{END}{after}"


def main() -> None:
    """Prints the table, or writes it into the README."""
    if sys.argv[1:] == ["--write"]:
        README.write_text(with_coverage(README.read_text()))
    else:
        print(coverage())


if __name__ == "__main__":
    main()
