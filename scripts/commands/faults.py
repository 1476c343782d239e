"""`scripts/faults [--full]`: every call of a use case fails in every way, with progress and a table."""

from __future__ import annotations

import argparse
import os
import queue
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatch
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from scripts.local_appwrite import LocalServer
from tests.faults.harness import (
    FAULTS,
    MORE_FAULTS,
    Fault,
    Point,
    UseCase,
    Verdict,
    covering,
    every,
    points_of,
    run,
)
from tests.faults.use_cases import COVERED_USE_CASES, MANAGING_USE_CASES, MORE_USE_CASES, USE_CASES
from tests.support.arena import CALL_SECONDS, Arena

# Without a terminal there is a line after so many cases instead of a bar.
PLAIN_EVERY = 50

Case = tuple[UseCase, Point, Fault]


@contextmanager
def arenas(count: int) -> Iterator[list[Arena]]:
    """So many local servers with the functions deployed, gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        made = []
        for number in range(count):
            server = LocalServer(folder / f"data-{number}", log=folder / f"log-{number}")
            made.append(Arena(stack.enter_context(server)))
        threads = [
            threading.Thread(target=arena.deploy, kwargs={"CALL_SECONDS": str(CALL_SECONDS)})
            for arena in made
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        yield made


def try_all(arenas: Sequence[Arena], cases: Sequence[Case], progress: Progress) -> list[Verdict]:
    """The verdicts in the order in which they were reached; each server tries one case at a time."""
    waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in cases:
        waiting.put(case)
    verdicts: list[Verdict] = []
    task = progress.add_task("", total=len(cases), bad=0, now="")

    def work(arena: Arena) -> None:
        while True:
            try:
                use_case, point, fault = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                verdict = run(arena, use_case, point, fault)
            except Exception as error:
                problem = f"the run itself failed: {type(error).__name__}: {error}"
                verdict = Verdict(use_case.name, str(point), fault.name, (problem,), 0.0)
            verdicts.append(verdict)
            bad = sum(bool(verdict.problems) for verdict in verdicts)
            now = f"{verdict.use_case}: {verdict.point} {verdict.fault}"
            progress.update(task, advance=1, bad=bad, now=now)
            if progress.disable and len(verdicts) % PLAIN_EVERY == 0:
                progress.console.print(f"{len(verdicts)} of {len(cases)} cases, {bad} violations")

    threads = [threading.Thread(target=work, args=[arena]) for arena in arenas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return verdicts


def _is_covered(use_case: UseCase, is_full: bool) -> bool:
    return use_case not in USE_CASES and not is_full


def summary(verdicts: Sequence[Verdict], title: str, name_of: Callable[[Verdict], str]) -> Table:
    """Cases, violations among them, and seconds of the slowest, by what `name_of` tells of a verdict."""
    table = Table(show_footer=True)
    table.add_column(title, footer="all")
    cells = _cells(verdicts)
    for heading, footer in zip(("cases", "violations", "slowest"), cells, strict=True):
        table.add_column(heading, justify="right", footer=footer)
    for name in dict.fromkeys(map(name_of, verdicts)):
        table.add_row(name, *_cells([verdict for verdict in verdicts if name_of(verdict) == name]))
    return table


def _cells(verdicts: Sequence[Verdict]) -> tuple[Text, Text, Text]:
    bad = sum(bool(verdict.problems) for verdict in verdicts)
    slowest = max((verdict.seconds for verdict in verdicts), default=0.0)
    style = "bold red" if bad else "green"
    return Text(str(len(verdicts))), Text(str(bad), style=style), Text(f"{slowest:.1f} s")


def main() -> int:
    """0 when no run violated anything."""
    parser = argparse.ArgumentParser(
        prog="scripts/faults",
        description="Runs each use case with each of its calls failing in each way, lets time pass and the "
        "sweep run, and checks the books and what the client was told.",
    )
    parser.add_argument(
        "--full", action="store_true", help="also the use cases and faults that CI leaves out"
    )
    parser.add_argument("--only", default="*", metavar="GLOB", help="use cases by name")
    parser.add_argument("--fault", default="*", metavar="GLOB", help="faults by name")
    parser.add_argument("--call", default="*", metavar="GLOB", help="calls by name, such as 'create claims'")
    parser.add_argument(
        "--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="servers at the same time"
    )
    options = parser.parse_args()
    console = Console()
    more = MORE_USE_CASES if options.full else ()
    known = (*USE_CASES, *COVERED_USE_CASES, *MANAGING_USE_CASES, *more)
    use_cases = [use_case for use_case in known if fnmatch(use_case.name, options.only)]
    faults = [f for f in (*FAULTS, *(MORE_FAULTS if options.full else ())) if fnmatch(f.name, options.fault)]
    columns = (
        TextColumn("{task.completed}/{task.total}"), BarColumn(), TextColumn("{task.fields[bad]} violations"),
        TimeRemainingColumn(), TextColumn("{task.fields[now]}"),
    )  # fmt: skip
    with arenas(options.jobs) as servers:
        cases = [
            (use_case, point, fault)
            for use_case in use_cases
            for point, fault in (covering if _is_covered(use_case, options.full) else every)(
                points_of(servers[0], use_case), faults
            )
            if fnmatch(str(point), options.call)
        ]
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            verdicts = try_all(servers, cases, progress)
        remaining = [problem for server in servers for problem in server.books().violations()]
    for verdict in verdicts:
        for problem in verdict.problems:
            console.print(Text(f"{verdict.use_case} | {verdict.point} | {verdict.fault}: {problem}", "red"))
    for problem in remaining:
        console.print(Text(f"all books together: {problem}", style="red"))
    console.print(summary(verdicts, "use case", lambda verdict: verdict.use_case))
    console.print(summary(verdicts, "fault", lambda verdict: verdict.fault))
    bad = sum(bool(verdict.problems) for verdict in verdicts)
    console.print(f"{len(verdicts)} cases, {bad} violations")
    return 1 if bad or remaining or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
