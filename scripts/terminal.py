"""What scripts show to people: in colour on a terminal, plainly in a pipe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from qrcode.constants import ERROR_CORRECT_M  # type: ignore[import-untyped]
from qrcode.main import QRCode  # type: ignore[import-untyped]
from rich.console import Console
from rich.json import JSON
from rich.text import Text

_QUIET_ZONE = 2


class Stage:
    """A sequence of titled steps and of things that have to be true; it remembers whether all were."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.failures: list[str] = []

    def title(self, text: str) -> None:
        """Begins a step."""
        self.console.print()
        self.console.print(Text(text, style="bold cyan"))

    def tell(self, text: str) -> None:
        """One line of information."""
        self.console.print(Text(f"  {text}", style="dim"), soft_wrap=True)

    def show_json(self, value: Any) -> None:
        """A JSON value, indented; lines are never broken in a pipe."""
        text = json.dumps(value, indent=2, ensure_ascii=False)
        if self.console.is_terminal:
            self.console.print(JSON(text, indent=2, ensure_ascii=False))
        else:
            self.console.print(Text(text), soft_wrap=True)

    def expect(self, holds: bool, text: str) -> None:
        """Says that something is so; when it is not, the script will fail."""
        mark = Text("  ✓ ", style="bold green") if holds else Text("  ✗ ", style="bold red")
        self.console.print(mark + Text(text if holds else f"NOT SO: {text}"), soft_wrap=True)
        if not holds:
            self.failures.append(text)

    @contextmanager
    def working(self, text: str) -> Iterator[Callable[[str], None]]:
        """Shows that something takes a moment; what is said meanwhile replaces the line or follows it."""
        if not self.console.is_terminal:
            self.tell(text)
            yield lambda line: None
            return
        with self.console.status(Text(text)) as status:
            yield lambda line: status.update(Text(f"{text}: {line}"))


def qr_lines(code: str) -> list[str]:
    """A QR code as lines of half blocks, two rows of modules to a line, drawn light on dark."""
    drawing = QRCode(border=_QUIET_ZONE, error_correction=ERROR_CORRECT_M)
    drawing.add_data(code)
    rows = drawing.get_matrix()
    rows.append([False] * len(rows[0]))
    halves = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    return [
        "".join(halves[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=False)
    ]
