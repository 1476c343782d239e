"""`python -m scripts.project.code_table [--write]`: the README's table of codes, from the code."""

from __future__ import annotations

import sys
from pathlib import Path

from boxoffice.domain.codes import CODES

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- codes: python -m scripts.project.code_table --write -->", "<!-- end of codes -->"


def code_table() -> str:
    """A Markdown table of every code, by HTTP status."""
    lines = ["| code | HTTP | again after | what happened | what to do |", "|---|---|---|---|---|"]
    for code, rule in sorted(CODES.items(), key=lambda item: (item[1].status, item[0])):
        again = f"{rule.retry_after} s" if rule.retryable else "–"
        lines.append(f"| `{code}` | {rule.status} | {again} | {rule.sentence} | {rule.action} |")
    return "\n".join(lines)


def with_codes(text: str) -> str:
    """A README with the table in its place; ValueError when it has no place for it."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the README has no place for the table of codes")
    return f"{before}{BEGIN}\n{code_table()}\n{END}{after}"


def main() -> None:
    """Prints the table, or writes it into the README."""
    if sys.argv[1:] == ["--write"]:
        README.write_text(with_codes(README.read_text()))
    else:
        print(code_table())


if __name__ == "__main__":
    main()
