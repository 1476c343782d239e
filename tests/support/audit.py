"""`scripts/audit` as somebody runs it: the library's own opinion on the books."""

from __future__ import annotations

import os
import subprocess
import sys

from scripts.local_appwrite import ROOT
from tests.support.arena import Arena


def audit(arena: Arena, *options: str, key: str = "") -> subprocess.CompletedProcess[str]:
    """One run of the script."""
    ready = arena.server.ready
    gateway = {
        "RAZORPAY_KEY_ID": ready.razorpay["keyId"],
        "RAZORPAY_KEY_SECRET": ready.razorpay["keySecret"],
        "RAZORPAY_BASE_URL": ready.razorpay["url"],
    }
    place = [
        "--endpoint",
        ready.endpoint,
        "--project-id",
        ready.project_id,
        "--api-key",
        key or ready.api_key,
    ]
    return subprocess.run(
        [sys.executable, "-m", "scripts.commands.audit", *place, *options],
        env={**os.environ, **gateway, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'lib'}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
