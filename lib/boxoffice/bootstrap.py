"""Puts the parts together: what a warm function keeps, and what each execution gets."""

import asyncio
import os
import random
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import requests

from boxoffice.adapters.appwrite.accounts import AppwriteAccounts, ProvenTokens
from boxoffice.adapters.appwrite.client import PooledClient
from boxoffice.adapters.appwrite.files import AppwriteFiles
from boxoffice.adapters.appwrite.rows import AppwriteRows
from boxoffice.adapters.appwrite.users import AppwriteUsers
from boxoffice.adapters.http import pooled_session
from boxoffice.adapters.s3 import S3Archive
from boxoffice.adapters.threads import Threads
from boxoffice.availability.look import Availability, Views
from boxoffice.bookings.desk import Desk
from boxoffice.caching import Cache
from boxoffice.catalogue import Catalogue, Listing
from boxoffice.entry import Execution
from boxoffice.inventory.claims import GeneralAdmission
from boxoffice.inventory.memory import PoolMemory
from boxoffice.programme import KnownProgramme, Programme
from boxoffice.saga.timing import TimeBudget, Timing
from boxoffice.settings import AvailabilitySettings, Settings

# Appwrite gives up after 30 seconds. This leaves some for a cold start, and a good part for undoing.
_TOTAL_SECONDS = 25.0
_RESERVE_SECONDS = 10.0

_THREADS = 64
_KNOWN_EVENTS = 1_000
_KNOWN_TOKENS = 10_000
_KNOWN_VIEWS = 500

_TIMING = Timing(time.monotonic, asyncio.sleep, random.SystemRandom().random)


@dataclass(frozen=True, slots=True)
class Process:
    """What all executions of a warm function share: settings, connections, threads, memories; never a key."""

    settings: Settings
    threads: Threads
    session: requests.Session
    gateway_session: requests.Session
    proven: ProvenTokens
    listings: Cache[str, Listing]
    pools: PoolMemory


@dataclass(frozen=True, slots=True)
class Window:
    """What all executions of a warm `availability` share."""

    settings: AvailabilitySettings
    threads: Threads
    session: requests.Session
    listings: Cache[str, Listing]
    programme: KnownProgramme
    views: Views


# One for whoever books and whoever looks in the same process, so that looking sees what was booked.
_POOLS = PoolMemory(time.monotonic)


@cache
def process() -> Process:
    """The one `Process`, made by the first execution. Raises `Misconfigured`."""
    return Process(
        settings=Settings.from_environment(os.environ),
        threads=Threads(_THREADS),
        session=pooled_session(_THREADS),
        gateway_session=pooled_session(_THREADS),
        proven=ProvenTokens(_KNOWN_TOKENS, time.time),
        listings=Cache(_KNOWN_EVENTS, time.monotonic),
        pools=_POOLS,
    )


@cache
def window() -> Window:
    """The one `Window`, made by the first execution. Raises `Misconfigured`."""
    settings = AvailabilitySettings.from_environment(os.environ)
    return Window(
        settings=settings,
        threads=Threads(_THREADS),
        session=pooled_session(_THREADS),
        listings=Cache(_KNOWN_EVENTS, time.monotonic),
        programme=KnownProgramme.empty(_KNOWN_EVENTS, time.monotonic),
        views=Views(_KNOWN_VIEWS, settings.cache_seconds, time.monotonic),
    )


def open_desk(execution: Execution) -> Desk:
    """What a use case gets for `execution`: the shared parts, with this execution's own key and time."""
    # Loaded by the first request: a cold function should be there as soon as possible.
    from boxoffice.adapters.qr import QrImages
    from boxoffice.adapters.razorpay import RazorpayPayments

    shared = process()
    settings, threads = shared.settings, shared.threads
    budget = TimeBudget(time.monotonic, _TOTAL_SECONDS, _RESERVE_SECONDS, settings.call_seconds)

    def client(credential: str, value: str) -> PooledClient:
        return PooledClient(
            shared.session, settings.endpoint, settings.project_id, {credential: value}, budget
        )

    server = client("x-appwrite-key", execution.headers.get("x-appwrite-key", ""))
    rows = AppwriteRows(server, threads, _TIMING, budget)
    return Desk(
        accounts=AppwriteAccounts(
            lambda token: client("x-appwrite-jwt", token), shared.proven, threads, _TIMING, budget
        ),
        users=AppwriteUsers(server, threads, _TIMING, budget),
        rows=rows,
        files=AppwriteFiles(server, threads, _TIMING, budget),
        payments=RazorpayPayments(
            shared.gateway_session,
            (settings.razorpay_key_id, settings.razorpay_key_secret),
            settings.razorpay_base_url,
            threads,
            _TIMING,
            budget,
        ),
        images=QrImages(threads, budget),
        catalogue=Catalogue(rows, shared.listings, _TIMING),
        inventory=GeneralAdmission(rows, shared.pools, secrets.randbelow),
        signing_keys=settings.signing_keys,
        log=execution.log,
        timing=_TIMING,
        budget=budget,
        now=lambda: datetime.now(UTC),
        new_token=lambda: secrets.token_hex(16),
        execution_id=execution.id,
        archive=S3Archive(settings.archive, threads, budget) if settings.archive else None,
    )


def open_availability(execution: Execution) -> Availability:
    """What is needed to look at what is left, with this execution's own key and time."""
    shared = window()
    settings = shared.settings
    budget = TimeBudget(time.monotonic, _TOTAL_SECONDS, 0.0, settings.call_seconds)
    key = execution.headers.get("x-appwrite-key", "")
    client = PooledClient(
        shared.session, settings.endpoint, settings.project_id, {"x-appwrite-key": key}, budget
    )
    rows = AppwriteRows(client, shared.threads, _TIMING, budget)
    return Availability(
        rows=rows,
        catalogue=Catalogue(rows, shared.listings, _TIMING),
        programme=Programme(rows, shared.programme),
        views=shared.views,
        memory=_POOLS,
        timing=_TIMING,
        now=lambda: datetime.now(UTC),
    )
