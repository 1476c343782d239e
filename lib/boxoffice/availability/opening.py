"""Puts the parts of `availability` together: what a warm function keeps, and what each execution gets."""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import requests

from boxoffice.adapters.appwrite.client import PooledClient
from boxoffice.adapters.appwrite.rows import AppwriteRows
from boxoffice.adapters.http import pooled_session
from boxoffice.adapters.threads import Threads
from boxoffice.availability.look import Availability, Views
from boxoffice.caching import Cache
from boxoffice.catalogue import Catalogue, Listing
from boxoffice.entry import Execution
from boxoffice.process import KNOWN_EVENTS, POOLS, THREADS, TIMING, TOTAL_SECONDS
from boxoffice.programme import KnownProgramme, Programme
from boxoffice.saga.timing import TimeBudget
from boxoffice.settings import AvailabilitySettings

_KNOWN_VIEWS = 500


@dataclass(frozen=True, slots=True)
class Window:
    """What all executions of the warm function share."""

    settings: AvailabilitySettings
    threads: Threads
    session: requests.Session
    listings: Cache[str, Listing]
    programme: KnownProgramme
    views: Views


@cache
def window() -> Window:
    """The one `Window`, made by the first execution. Raises `Misconfigured`."""
    settings = AvailabilitySettings.from_environment(os.environ)
    return Window(
        settings=settings,
        threads=Threads(THREADS),
        session=pooled_session(THREADS),
        listings=Cache(KNOWN_EVENTS, time.monotonic),
        programme=KnownProgramme.empty(KNOWN_EVENTS, time.monotonic),
        views=Views(_KNOWN_VIEWS, settings.cache_seconds, time.monotonic),
    )


def open_availability(execution: Execution) -> Availability:
    """What is needed to look at what is left, with this execution's own key and time."""
    shared = window()
    settings = shared.settings
    budget = TimeBudget(time.monotonic, TOTAL_SECONDS, 0.0, settings.call_seconds)
    key = execution.headers.get("x-appwrite-key", "")
    client = PooledClient(
        shared.session, settings.endpoint, settings.project_id, {"x-appwrite-key": key}, budget
    )
    rows = AppwriteRows(client, shared.threads, TIMING, budget)
    return Availability(
        rows=rows,
        catalogue=Catalogue(rows, shared.listings, TIMING),
        programme=Programme(rows, shared.programme, execution.log),
        views=shared.views,
        memory=POOLS,
        timing=TIMING,
        now=lambda: datetime.now(UTC),
    )
