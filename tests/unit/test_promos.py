from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.pricing.charges import NO_CHARGES
from boxoffice.domain.pricing.quotes import AmountOff, Discount, Item, PercentOff, quote
from boxoffice.domain.promos import PromoCode, discount_for, normalised, unknown, uses

from tests.unit.baskets import inr, item

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BASKET = (item(1_000, 2, "gold"), item(500, 1, "silver"))


def promo(**changes: Any) -> PromoCode:
    return PromoCode(**{"id": "spring", "code": "SPRING", "off": PercentOff(1_000), **changes})


def refusal(code: PromoCode, items: Sequence[Item] = BASKET, now: datetime = NOW) -> Rejected:
    with pytest.raises(Rejected) as refused:
        discount_for(code, "concert", items, now)
    assert refused.value.code is Code.PROMO_INVALID
    assert refused.value.details["field"] == "promoCode"
    return refused.value


def price_with(code: PromoCode, items: Sequence[Item] = BASKET) -> int:
    return quote(items, NO_CHARGES, discount_for(code, "concert", items, NOW)).total.amount


@pytest.mark.parametrize(
    ("changes", "price"),
    [
        ({}, 2_250),
        ({"off": AmountOff(inr(300))}, 2_200),
        ({"off": AmountOff(inr(99_999))}, 0),
        ({"ticket_type_ids": frozenset({"gold"})}, 2_300),
        ({"ticket_type_ids": frozenset({"silver"}), "off": AmountOff(inr(800))}, 2_000),
        ({"event_ids": frozenset({"concert", "play"})}, 2_250),
        ({"minimum": inr(2_500)}, 2_250),
        ({"valid_from": NOW}, 2_250),
        ({"valid_until": NOW + SECOND}, 2_250),
    ],
)
def test_what_a_code_takes_off(changes: dict[str, Any], price: int) -> None:
    assert price_with(promo(**changes)) == price


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"active": False}, "This promo code is switched off."),
        ({"valid_from": NOW + SECOND}, "This promo code is not valid yet."),
        ({"valid_until": NOW}, "This promo code is no longer valid."),
        ({"event_ids": frozenset({"play"})}, "This promo code is for another event."),
        ({"ticket_type_ids": frozenset({"standing"})}, "This promo code is for other tickets."),
        ({"minimum": inr(2_501)}, "This promo code needs tickets for at least INR 25.01."),
        ({"off": AmountOff(Money(5, "USD"))}, "This promo code is for another currency."),
        ({"minimum": Money(5, "USD")}, "This promo code is for another currency."),
    ],
)
def test_what_a_code_is_not_for(changes: dict[str, Any], sentence: str) -> None:
    assert refusal(promo(**changes)).message == sentence


def test_only_the_tickets_that_it_covers_count_towards_the_minimum() -> None:
    code = promo(ticket_type_ids=frozenset({"silver"}), minimum=inr(501))
    assert refusal(code).details["minimum"] == {"amount": 501, "currency": "INR"}
    assert price_with(promo(ticket_type_ids=frozenset({"silver"}), minimum=inr(500))) == 2_450


def test_free_tickets_do_not_use_a_code_up() -> None:
    assert refusal(promo(), [item(0, 3)]).message == "These tickets are free without a promo code."


def test_refusals_say_when_the_code_is_valid() -> None:
    assert refusal(promo(valid_from=NOW + SECOND)).details["validFrom"] == "2030-01-01T12:00:01+00:00"
    assert refusal(promo(valid_until=NOW)).details["validUntil"] == "2030-01-01T12:00:00+00:00"


def test_the_line_names_the_code() -> None:
    assert discount_for(promo(), "concert", BASKET, NOW) == Discount("Promo code SPRING", PercentOff(1_000))


def test_a_code_without_limits_claims_nothing() -> None:
    assert uses(promo(), "ann") == ()


def test_uses_are_units_of_pools() -> None:
    total, own = uses(promo(uses=100, uses_per_user=2), "ann")
    assert (list(total.units)[:2], len(total.units)) == (["1", "2"], 100)
    assert list(own.units) == ["1", "2"]
    assert total.exhausted().message == "This promo code has been used up."
    assert own.exhausted().message == "Everybody can use this promo code 2 times, and you have."
    assert own.exhausted().code is total.exhausted().code is Code.PROMO_INVALID
    for pool in (total, own):
        assert len(ids.claim_id(pool.pool, "1000000")) <= ids.MAX_ID_LENGTH


def test_every_code_and_every_user_has_a_pool_of_its_own() -> None:
    pools = [
        pool.pool
        for code in ("spring", "summer")
        for user in ("ann", "bob")
        for pool in uses(promo(id=code, uses=5, uses_per_user=1), user)
    ]
    assert len(set(pools)) == 2 + 4
    assert pools[0] == pools[2]
    assert ids.pool_id("spring") not in pools


@pytest.mark.parametrize(
    "changes",
    [
        {"uses": 0},
        {"uses_per_user": 0},
        {"valid_from": NOW, "valid_until": NOW},
        {"off": AmountOff(Money(5, "USD")), "minimum": inr(5)},
    ],
)
def test_a_code_that_could_never_be_used_is_not_made(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="promo code"):
        promo(**changes)


def test_how_codes_are_compared() -> None:
    assert normalised(" spring-10 ") == "SPRING-10"
    assert unknown().message == "There is no such promo code."
