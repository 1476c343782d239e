"""Puts the parts together: what a warm function keeps, and what each execution gets."""

import os
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING

import requests

from boxoffice import promo_codes
from boxoffice.adapters.appwrite.accounts import AppwriteAccounts, ProvenTokens
from boxoffice.adapters.appwrite.client import PooledClient
from boxoffice.adapters.appwrite.files import AppwriteFiles
from boxoffice.adapters.appwrite.messages import AppwriteMessages
from boxoffice.adapters.appwrite.rows import AppwriteRows
from boxoffice.adapters.appwrite.users import AppwriteUsers
from boxoffice.adapters.http import pooled_session
from boxoffice.adapters.s3 import S3Archive
from boxoffice.adapters.threads import Threads
from boxoffice.addresses import caller_network
from boxoffice.bookings.desk import Desk
from boxoffice.caching import Cache, Remembered
from boxoffice.catalogue import Catalogue, Listing
from boxoffice.conflicts.tally import Conflicts
from boxoffice.domain.promos import PromoCode
from boxoffice.entry import Execution
from boxoffice.inventory.claims import Inventory
from boxoffice.inventory.memory import PoolMemory
from boxoffice.limits import Counters, CountMemory, RateLimits
from boxoffice.ports import Rows
from boxoffice.process import CONFLICTS, KNOWN_EVENTS, POOLS, THREADS, TIMING, TOTAL_SECONDS
from boxoffice.programme import KnownProgramme, Programme
from boxoffice.promo_codes import PromoCodes
from boxoffice.saga.timing import TimeBudget
from boxoffice.settings import Settings

if TYPE_CHECKING:
    from boxoffice.availability.look import Availability, Views

# Of the whole time, for undoing.
_RESERVE_SECONDS = 10.0

# Those who are refused at the same moment share one look at what is left, which is not kept.
_KNOWN_VIEWS = 1
_VIEW_SECONDS = 0.0

_KNOWN_TOKENS = 10_000
_KNOWN_COUNTS = 10_000


@dataclass(frozen=True, slots=True)
class Process:
    """What all executions of a warm function share: settings, connections, threads, memories; never a key."""

    settings: Settings
    threads: Threads
    session: requests.Session
    gateway_session: requests.Session
    proven: ProvenTokens
    listings: Cache[str, Listing]
    programme: KnownProgramme
    promo_codes: Remembered[str, PromoCode]
    pools: PoolMemory
    counters: Counters


@cache
def process() -> Process:
    """The one `Process`, made by the first execution. Raises `Misconfigured`."""
    settings = Settings.from_environment(os.environ)
    return Process(
        settings=settings,
        threads=Threads(THREADS),
        session=pooled_session(THREADS),
        gateway_session=pooled_session(THREADS),
        proven=ProvenTokens(_KNOWN_TOKENS, time.time),
        listings=Cache(KNOWN_EVENTS, time.monotonic),
        programme=KnownProgramme.empty(KNOWN_EVENTS, time.monotonic),
        promo_codes=Remembered(KNOWN_EVENTS, promo_codes.KEEP_SECONDS, time.monotonic),
        pools=POOLS,
        counters=Counters(
            users=settings.user_limits,
            addresses=settings.address_limits,
            secret=settings.signing_keys.secrets[settings.signing_keys.current],
            user_memory=CountMemory(_KNOWN_COUNTS, time.time),
            address_memory=CountMemory(_KNOWN_COUNTS, time.time),
        ),
    )


def rate_limits(execution: Execution, desk: Desk) -> RateLimits:
    """How often the caller of `execution` may ask; `desk` is the execution's own."""
    network = caller_network(execution.headers)
    return RateLimits(process().counters, desk.rows, desk.log, desk.now, network)


def open_desk(execution: Execution) -> Desk:
    """What a use case gets for `execution`: the shared parts, with this execution's own key and time."""
    # Loaded by the first request: a cold function should be there as soon as possible.
    from boxoffice.adapters.qr import QrImages
    from boxoffice.adapters.razorpay import RazorpayPayments

    shared = process()
    settings, threads = shared.settings, shared.threads
    budget = TimeBudget(time.monotonic, TOTAL_SECONDS, _RESERVE_SECONDS, settings.call_seconds)

    def client(credential: str, value: str) -> PooledClient:
        return PooledClient(
            shared.session, settings.endpoint, settings.project_id, {credential: value}, budget
        )

    server = client("x-appwrite-key", execution.headers.get("x-appwrite-key", ""))
    rows = AppwriteRows(server, threads, TIMING, budget)
    catalogue = Catalogue(rows, shared.listings, TIMING)
    programme = Programme(rows, shared.programme, execution.log)
    conflicts = Conflicts(CONFLICTS, rows, _new_token, execution.log)
    return Desk(
        accounts=AppwriteAccounts(
            lambda token: client("x-appwrite-jwt", token), shared.proven, threads, TIMING, budget
        ),
        users=AppwriteUsers(server, threads, TIMING, budget),
        messages=AppwriteMessages(server, threads, TIMING, budget),
        rows=rows,
        files=AppwriteFiles(server, threads, TIMING, budget),
        payments=RazorpayPayments(
            shared.gateway_session,
            (settings.razorpay_key_id, settings.razorpay_key_secret),
            settings.razorpay_base_url,
            threads,
            TIMING,
            budget,
            settings.webhook_secrets,
        ),
        images=QrImages(threads, budget),
        catalogue=catalogue,
        programme=programme,
        promo_codes=PromoCodes(rows, shared.promo_codes),
        inventory=Inventory(rows, shared.pools, secrets.randbelow, _utc_now, conflicts, execution.id),
        availability=partial(_open_availability, rows, catalogue, programme),
        conflicts=conflicts,
        signing_keys=settings.signing_keys,
        log=execution.log,
        timing=TIMING,
        budget=budget,
        now=_utc_now,
        new_token=_new_token,
        execution_id=execution.id,
        archive=S3Archive(settings.archive, threads, budget) if settings.archive else None,
    )


@cache
def _views() -> "Views":
    from boxoffice.availability.look import Views

    return Views(_KNOWN_VIEWS, _VIEW_SECONDS, time.monotonic)


def _open_availability(rows: Rows, catalogue: Catalogue, programme: Programme) -> "Availability":
    from boxoffice.availability.look import Availability

    return Availability(rows, catalogue, programme, _views(), process().pools, TIMING, _utc_now)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _new_token() -> str:
    return secrets.token_hex(16)
