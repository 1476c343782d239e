"""The measurements: that they measure what they say, and say when something is wrong."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from scripts.commands import bench_import
from scripts.commands.bench_book import Speed, at_once
from scripts.project.config import ROOT


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.commands.bench", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_cold_function_costs_at_most_twice_the_sdks_client() -> None:
    done = bench("import", "--runs", "5")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_import_that_costs_too_much_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "--runs", "1"])
    monkeypatch.setattr(bench_import, "compare", lambda path, runs: (0.21, 0.1))
    assert bench_import.main() == 1


def test_a_measurement_that_does_not_exist_is_named() -> None:
    done = bench("nothing")
    assert (done.returncode, "book|availability|import|emulator" in done.stderr) == (2, True)


def test_percentiles_and_rates() -> None:
    speed = Speed([each / 100 for each in range(100, 0, -1)], whole=10.0, refused=0)
    assert (speed.percentile(0.5), speed.percentile(0.95), speed.per_second) == (0.51, 0.96, 10.0)


def test_workers_run_at_once_and_refusals_are_counted() -> None:
    together = threading.Barrier(8)

    def meets_the_others() -> bool:
        together.wait(timeout=10)
        return True

    speed = at_once([[meets_the_others, meets_the_others, lambda: False] for _ in range(8)])
    assert len(speed.each) == 24
    assert speed.refused == 8
