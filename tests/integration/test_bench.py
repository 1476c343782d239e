"""`scripts/bench book` on the Appwrite that the functions are deployed to."""

from __future__ import annotations

import subprocess
import sys

from scripts.project.config import ROOT
from scripts.project.shop import Shop
from tests.support.local_server import LocalServer
from tests.support.target import Target


def test_it_books_and_leaves_no_plain_rows(target: Target, server: LocalServer, shop: Shop) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "scripts.commands.bench", "book", "--endpoint", target.endpoint,
            "--project-id", target.project_id, "--api-key", target.api_key, "--payments", server.ready.site,
            "--payments-key", server.ready.api_key, "--clients", "1,3", "--each", "2",
        ],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[:2] for line in lines if line[0].isdigit()] == [["1", "2"], ["3", "6"]]
    assert all(line[-1] == "0" for line in lines if line[0].isdigit())
    drafts = [row["name"] for row in shop.rows("events", status="draft")]
    assert not [name for name in drafts if name.startswith("bench-")]
