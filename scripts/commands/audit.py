"""`scripts/audit`: holds a live database against the rules of the books, and names what breaks them."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from boxoffice.adapters.appwrite.client import PooledClient
from boxoffice.adapters.appwrite.files import AppwriteFiles
from boxoffice.adapters.appwrite.rows import AppwriteRows
from boxoffice.adapters.http import pooled_session
from boxoffice.adapters.razorpay import RazorpayPayments
from boxoffice.adapters.threads import Threads
from boxoffice.audit.run import Audited, Sources, audit
from boxoffice.domain.errors import BoxofficeError
from boxoffice.domain.gateway_entities import payment_of
from boxoffice.domain.payments import Payment
from boxoffice.saga.timing import TimeBudget, Timing
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scripts.local_appwrite import ROOT

BALANCED, VIOLATED, FAILED = 0, 1, 2
ENV_FILE = ROOT / ".local" / "env.json"
RULES = (
    "units", "tickets", "papers", "outcome", "money", "cancellations", "leftovers", "final", "orphan",
    "files", "log",
)  # fmt: skip
THREADS = 16
A_DAY = 86_400.0
RAZORPAY = "https://api.razorpay.com"


def main() -> int:
    """0 when the books balance, 1 when they do not, 2 when they could not be read."""
    options = _options()
    console = Console()
    try:
        sources = _sources(options)
        with console.status("reading") as status:
            began = time.monotonic()

            def goes_on(result: Audited) -> bool:
                status.update(f"reading: {result.bookings} bookings, {len(result.violations)} violations")
                return True

            result = asyncio.run(audit(sources, goes_on=goes_on))
    except BoxofficeError as error:
        print(f"The books could not be read: {error.__cause__ or error}", file=sys.stderr)
        return FAILED
    except (OSError, ValueError, KeyError) as error:
        print(f"The books could not be read: {error}", file=sys.stderr)
        return FAILED
    show(console, result, time.monotonic() - began)
    return VIOLATED if result.violations else BALANCED


def show(console: Console, result: Audited, seconds: float) -> None:
    """A line for each rule, and a sentence with its rows for each violation."""
    broken = Counter(violation.rule for violation in result.violations)
    if console.is_terminal:
        table = Table("rule", "violations")
        for rule in RULES:
            table.add_row(rule, Text(str(broken[rule]), style="bold red" if broken[rule] else "green"))
        console.print(table)
    else:
        for rule in RULES:
            print(f"{rule}\t{broken[rule]}")
    for violation in result.violations:
        console.print(
            Text(f"{violation.rule}: {violation.sentence} [{', '.join(violation.rows)}]"), soft_wrap=True
        )
    verdict = f"{len(result.violations)} violations" if result.violations else "the books balance"
    console.print(Text(f"{result.bookings} bookings in {seconds:.1f} s: {verdict}"), soft_wrap=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/audit",
        description="Checks whether the books balance. Without an address: those of the local Appwrite. "
        "Payments are asked of the gateway of RAZORPAY_KEY_ID, RAZORPAY_KEY_SECRET and RAZORPAY_BASE_URL, "
        "those of the last 7 days also without a booking. "
        "Exit status: 0 the books balance, 1 they do not, 2 they could not be read.",
    )
    parser.add_argument("--endpoint", help="for example https://cloud.example/v1")
    parser.add_argument("--project-id")
    parser.add_argument("--api-key", help="a key that may read rows and files")
    parser.add_argument("--no-payments", action="store_true", help="ask no gateway")
    parser.add_argument(
        "--ledger",
        type=Path,
        help="a JSON file with the gateway's payments, as its API lists them, instead of asking the gateway",
    )
    options = parser.parse_args()
    named = [options.endpoint, options.project_id, options.api_key]
    if any(named) and not all(named):
        parser.error("--endpoint, --project-id and --api-key come together")
    return options


def _sources(options: argparse.Namespace) -> Sources:
    timing = Timing(time.monotonic, asyncio.sleep, random.random)
    budget = TimeBudget(time.monotonic, total=A_DAY, reserve=0.0, longest_call=60.0)
    threads = Threads(THREADS)
    endpoint, project, key = options.endpoint, options.project_id, options.api_key
    gateway: Mapping[str, str] = {
        "url": os.environ.get("RAZORPAY_BASE_URL") or RAZORPAY,
        "keyId": os.environ.get("RAZORPAY_KEY_ID", ""),
        "keySecret": os.environ.get("RAZORPAY_KEY_SECRET", ""),
    }
    if not endpoint:
        ready = json.loads(ENV_FILE.read_text())
        endpoint, project, key = ready["endpoint"], ready["projectId"], ready["apiKey"]
        gateway = ready["razorpay"]
    client = PooledClient(pooled_session(THREADS), endpoint, project, {"x-appwrite-key": key}, budget)
    payments = None
    if not options.no_payments and not options.ledger:
        if not gateway["keyId"]:
            raise ValueError("RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET are not set; see --no-payments")
        payments = RazorpayPayments(
            pooled_session(THREADS),
            (gateway["keyId"], gateway["keySecret"]),
            gateway["url"],
            threads,
            timing,
            budget,
        )
    return Sources(
        AppwriteRows(client, threads, timing, budget),
        AppwriteFiles(client, threads, timing, budget),
        payments,
        _ledger(options.ledger) if options.ledger else None,
    )


def _ledger(path: Path) -> Mapping[str, Payment]:
    content = json.loads(path.read_text())
    entities = content["items"] if isinstance(content, dict) else content
    return {entity["id"]: payment_of(entity) for entity in entities}


if __name__ == "__main__":
    sys.exit(main())
