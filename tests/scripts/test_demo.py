"""`scripts/demo`: what a newcomer sees, and that it fails when something it shows did not happen."""

from __future__ import annotations

import io
import subprocess
import sys

from rich.console import Console

from scripts.project.config import ROOT
from scripts.terminal import Stage, qr_lines


def test_everything_that_it_promises_happens() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.commands.demo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for sign in (
        '"success": true', "█", "98 of 100 are left", "INSUFFICIENT_TICKETS", "replayed: True",
        "PAYMENT_NOT_VERIFIED", '"status": "complete"', "nothing of it is left behind", "captured, refunded",
        "the webhook has made it a booking", "somebody else has bought it at once", "All of it happened",
    ):  # fmt: skip
        assert sign in done.stdout
    assert "\x1b" not in done.stdout, "no colours in a pipe"
    assert "NOT SO" not in done.stdout


def test_what_did_not_happen_is_remembered() -> None:
    said = io.StringIO()
    stage = Stage(Console(file=said))
    stage.expect(True, "one")
    stage.expect(False, "two")
    assert stage.failures == ["two"]
    assert "NOT SO: two" in said.getvalue()


def test_a_drawn_code_is_the_matrix() -> None:
    lines = qr_lines("1:local1:ev-1:tk-1:signature")
    assert len({len(line) for line in lines}) == 1
    assert len(lines) == (len(lines[0]) + 1) // 2
    finder = [line[2:9] for line in lines[1:5]]
    assert finder == [" ▄▄▄▄▄ ", " █   █ ", " █▄▄▄█ ", "▄▄▄▄▄▄▄"]
