"""Promo codes: when one applies, what it takes off, and how often it can be used.

Uses are claims like any others: a code that may be used a hundred times has a pool of a hundred units, and a
user who may use it twice has a pool of two. A booking claims one unit of each together with its tickets, so
no number of users at once gets more out of a code than it has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.pools import Numbered
from boxoffice.domain.pricing.quotes import AmountOff, Discount, Item, PercentOff


@dataclass(frozen=True, slots=True)
class PromoCode:
    """A code that makes tickets cheaper. `code` is as `normalised` makes it.

    It works from `valid_from` up to, and not including, `valid_until`, for the events and the ticket types
    named; `None` and empty sets are no limits. `minimum` is what the tickets that it covers have to cost
    before it. `uses` and `uses_per_user` count bookings. `returned_on_cancellation` says whether cancelling
    a booking gives its use back; a booking that fails always does.

    Raises `ValueError` when it can never be used, or is in two currencies.
    """

    id: str
    code: str
    off: PercentOff | AmountOff
    active: bool = True
    event_ids: frozenset[str] = frozenset()
    ticket_type_ids: frozenset[str] = frozenset()
    minimum: Money | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    uses: int | None = None
    uses_per_user: int | None = None
    returned_on_cancellation: bool = False

    def __post_init__(self) -> None:
        if any(limit is not None and limit < 1 for limit in (self.uses, self.uses_per_user)):
            raise ValueError("a promo code can be used at least once")
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            raise ValueError("a promo code is valid for some time")
        if len(self.currencies) > 1:
            raise ValueError("the amounts of a promo code are in one currency")

    @property
    def currencies(self) -> frozenset[str]:
        """The currency of its amounts; empty when it has none, and is good for every currency."""
        amounts = (self.minimum, self.off.amount if isinstance(self.off, AmountOff) else None)
        return frozenset(amount.currency for amount in amounts if amount is not None)


@dataclass(frozen=True, slots=True)
class Uses:
    """A pool of which a booking with the code claims one of `units`. `sentence` says that none is left."""

    pool: str
    units: Numbered
    sentence: str

    def exhausted(self) -> Rejected:
        """The refusal when no unit is left."""
        return _refusal(self.sentence)


def normalised(code: str) -> str:
    """`code` as it is compared: without surrounding spaces, in capital letters."""
    return code.strip().upper()


def unknown() -> Rejected:
    """The refusal of a code that does not exist."""
    return _refusal("There is no such promo code.")


def discount_for(promo: PromoCode, event_id: str, items: Sequence[Item], now: datetime) -> Discount:
    """What `promo` takes off `items` of the event.

    Raises `Rejected` with `PROMO_INVALID`. Whether there is a use left is decided by claiming it.
    """
    _check_validity(promo, now)
    discount = Discount(f"Promo code {promo.code}", promo.off, promo.ticket_type_ids)
    covered = [item for item in items if discount.covers(item)]
    if promo.event_ids and event_id not in promo.event_ids:
        raise _refusal("This promo code is for another event.")
    if not covered:
        raise _refusal("This promo code is for other tickets.")
    if promo.currencies and any(item.unit_price.currency not in promo.currencies for item in covered):
        raise _refusal("This promo code is for another currency.")
    price = sum(item.amount.amount for item in covered)
    if promo.minimum is not None and price < promo.minimum.amount:
        raise _refusal(
            f"This promo code needs tickets for at least {promo.minimum}.",
            {"minimum": {"amount": promo.minimum.amount, "currency": promo.minimum.currency}},
        )
    if not price:
        raise _refusal("These tickets are free without a promo code.")
    return discount


def uses(promo: PromoCode, user_id: str) -> tuple[Uses, ...]:
    """The pools of which a booking of this user with the code claims one unit each; none without limits."""
    of_all, of_user = pools_of(promo.id, user_id)
    found = []
    if promo.uses is not None:
        sentence = "This promo code has been used up."
        found.append(Uses(of_all, Numbered(promo.uses), sentence))
    if promo.uses_per_user is not None:
        times = "once" if promo.uses_per_user == 1 else f"{promo.uses_per_user} times"
        sentence = f"Everybody can use this promo code {times}, and you have."
        found.append(Uses(of_user, Numbered(promo.uses_per_user), sentence))
    return tuple(found)


def pools_of(promo_id: str, user_id: str) -> tuple[str, str]:
    """The pools of a code's uses, all together and by one user."""
    # The colon cannot occur in an id, so no ticket type, user or promo code has another one's pool.
    name = f"promo:{promo_id}"
    return ids.pool_id(name), ids.pool_id(f"{name}:{user_id}")


def _check_validity(promo: PromoCode, now: datetime) -> None:
    if not promo.active:
        raise _refusal("This promo code is switched off.")
    if promo.valid_from is not None and now < promo.valid_from:
        raise _refusal("This promo code is not valid yet.", {"validFrom": promo.valid_from.isoformat()})
    if promo.valid_until is not None and promo.valid_until <= now:
        raise _refusal("This promo code is no longer valid.", {"validUntil": promo.valid_until.isoformat()})


def _refusal(sentence: str, details: Mapping[str, Any] | None = None) -> Rejected:
    return Rejected(Code.PROMO_INVALID, sentence, {"field": "promoCode", **(details or {})})
