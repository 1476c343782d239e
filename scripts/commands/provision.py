"""`scripts/provision`: applies appwrite.json to any Appwrite ≥ 1.9.5, and says what differs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import requests

from scripts.appwrite_http import Http, RefusedError
from scripts.project.config import ROOT, load_project
from scripts.project.provision import ProvisionError, provision, refuse_old_server

FAILED, DRIFTED = 1, 3


def main() -> int:
    """0 when the server is in line with the file, 3 when something differs, 1 when it failed."""
    parser = argparse.ArgumentParser(
        prog="scripts/provision",
        description="Applies databases, tables, columns, indexes, buckets, teams and topics. "
        "Makes what is missing; reports what differs and leaves it; deletes nothing. "
        "Exit status: 0 in line, 3 something differs, 1 failed.",
    )
    parser.add_argument("--endpoint", required=True, help="for example https://cloud.example/v1")
    parser.add_argument("--project-id", required=True)
    parser.add_argument(
        "--api-key", required=True, help="a key that may write tables, buckets, teams and topics"
    )
    parser.add_argument("--config", type=Path, default=ROOT / "appwrite.json", help="the file to apply")
    options = parser.parse_args()
    try:
        project = load_project(options.config)
        version = refuse_old_server(Http.guest(options.endpoint, options.project_id))
        print(f"Appwrite {version} at {options.endpoint}", flush=True)
        http = Http.with_key(options.endpoint, options.project_id, options.api_key)
        report = provision(http, project, lambda line: print(line, flush=True))
    except (ProvisionError, RefusedError) as error:
        print(error, file=sys.stderr)
        return FAILED
    except requests.RequestException as error:
        print(f"{options.endpoint} does not answer: {error}", file=sys.stderr)
        return FAILED
    except (OSError, ValueError) as error:
        print(f"{options.config} cannot be read: {error}", file=sys.stderr)
        return FAILED
    if report.drifted:
        print(f"{len(report.made)} made; {len(report.drifted)} differ and were left as they are")
        return DRIFTED
    print(f"{len(report.made)} made; in line with {options.config.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
