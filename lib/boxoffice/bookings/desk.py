"""What a use case has at hand during one execution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from boxoffice.catalogue import Catalogue
from boxoffice.conflicts.tally import Conflicts
from boxoffice.domain.tickets import SigningKeys
from boxoffice.inventory.claims import Inventory
from boxoffice.logs import Log
from boxoffice.ports import Accounts, Archive, Files, Messages, Payments, Rows, TicketImages, Users
from boxoffice.programme import Programme
from boxoffice.promo_codes import PromoCodes
from boxoffice.saga.timing import TimeBudget, Timing

if TYPE_CHECKING:
    # Most executions never look: loading it would make a cold function later.
    from boxoffice.availability.look import Availability


@dataclass(frozen=True, slots=True)
class Desk:
    """The ports, and the sources of time and chance.

    `now` is the wall clock in UTC. `new_token` gives a text of at most 32 characters that nobody else has.
    `availability` opens the view on what is left. Without an `archive` there is no second place for reports.
    `actor` is who acts, as `identity` names it, where it is not whoever has asked for a booking.
    """

    accounts: Accounts
    users: Users
    messages: Messages
    rows: Rows
    files: Files
    payments: Payments
    images: TicketImages
    catalogue: Catalogue
    programme: Programme
    promo_codes: PromoCodes
    inventory: Inventory
    availability: Callable[[], Availability]
    conflicts: Conflicts
    signing_keys: SigningKeys
    log: Log
    timing: Timing
    budget: TimeBudget
    now: Callable[[], datetime]
    new_token: Callable[[], str]
    execution_id: str
    archive: Archive | None = None
    actor: str | None = None
