"""The signed codes of tickets: what a gate can trust, also after the keys were changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.tickets import SignedTicket, SigningKeys, verify
from boxoffice.settings import Settings

from scripts.project.config import load_project
from scripts.project.functions import deploy_functions
from scripts.project.shop import Customer, Event, Shop
from tests.support.local_server import ok
from tests.support.qr import read_qr
from tests.support.target import Target

PRICE = 50_000
NEW_KEY = "rotated:a-secret-that-is-newer-than-the-other"

Deploy = Callable[[str], SigningKeys]


@pytest.fixture(scope="module")
def customer(shop: Shop) -> Customer:
    """Somebody who books."""
    return shop.create_customer()


@pytest.fixture(scope="module")
def event(shop: Shop) -> Event:
    """An event."""
    return shop.create_event({"Standing": (PRICE, 50)})


@pytest.fixture
def deploy(target: Target) -> Iterator[Deploy]:
    """Deploys the functions with other signing keys until the test ends; returns the keys."""

    def with_keys(text: str) -> SigningKeys:
        variables = {**target.variables, "TICKET_SIGNING_KEYS": text}
        deploy_functions(target.http(), load_project(), variables, lambda line: None)
        return keys_of(target, text)

    yield with_keys
    with_keys(target.variables["TICKET_SIGNING_KEYS"])


def keys_of(target: Target, text: str = "") -> SigningKeys:
    """The keys as a deployed function reads them, by default those that are deployed."""
    own = {"TICKET_SIGNING_KEYS": text} if text else {}
    place = {
        "APPWRITE_FUNCTION_API_ENDPOINT": target.endpoint,
        "APPWRITE_FUNCTION_PROJECT_ID": target.project_id,
    }
    return Settings.from_environment({**target.variables, **place, **own}).signing_keys


def codes_of(shop: Shop, booking: str) -> dict[str, str]:
    """The codes of a booking's tickets by their ids."""
    return {row["$id"]: row["code"] for row in shop.rows("tickets", bookingId=booking)}


def refuses(keys: SigningKeys, code: str) -> bool:
    """Whether a code is no ticket."""
    try:
        verify(keys, code)
    except Rejected as refusal:
        return refusal.code is Code.TICKET_INVALID
    return False


def test_every_code_says_its_ticket_and_is_signed(
    shop: Shop, target: Target, customer: Customer, event: Event
) -> None:
    data = shop.book(customer, event, "Standing", 10).data
    keys = keys_of(target)
    codes = codes_of(shop, data["bookingId"])
    assert len(codes) == 10
    for ticket, code in codes.items():
        assert verify(keys, code) == SignedTicket(event.id, ticket, keys.current)
        assert code.isascii()
        assert len(code) <= 120


def test_a_code_that_was_changed_is_no_ticket(
    shop: Shop, target: Target, customer: Customer, event: Event
) -> None:
    keys = keys_of(target)
    data = shop.book(customer, event, "Standing", 2).data
    (_, code), (other, _) = codes_of(shop, data["bookingId"]).items()
    version, key, event_id, ticket, signature = code.split(":")
    foreign = SigningKeys(keys.current, {keys.current: b"a secret that somebody guessed"})
    assert refuses(foreign, code)
    for forged in (
        ":".join((version, key, event_id, other, signature)),
        ":".join((version, key, "another-event", ticket, signature)),
        ":".join((version, "k2", event_id, ticket, signature)),
        ":".join(("2", key, event_id, ticket, signature)),
        ":".join((version, key, event_id, ticket, signature[:-1])),
        ":".join((version, key, event_id, ticket, signature.swapcase())),
        ":".join((version, key, event_id, ticket, "")),
        ":".join((version, key, event_id, ticket)),
        code + ":", code + "\n", " " + code, code.upper(), "", ticket,
    ):  # fmt: skip
        assert refuses(keys, forged), forged


def test_old_tickets_stay_valid_when_a_new_key_is_put_first(
    shop: Shop, target: Target, customer: Customer, event: Event, deploy: Deploy
) -> None:
    payment = shop.pay(customer, PRICE)
    old = shop.book(customer, event, "Standing", payment_id=payment).data
    old_keys = keys_of(target)
    new_keys = deploy(f"{NEW_KEY},{target.variables['TICKET_SIGNING_KEYS']}")

    new = shop.book(customer, event, "Standing").data
    new_code = codes_of(shop, new["bookingId"])[new["ticketId"]]
    assert verify(new_keys, new_code).key_id == "rotated"
    assert refuses(old_keys, new_code)

    old_code = codes_of(shop, old["bookingId"])[old["ticketId"]]
    assert verify(new_keys, old_code) == SignedTicket(event.id, old["ticketId"], old_keys.current)
    # The same request gets the same ticket, which is not signed again.
    again = shop.book(customer, event, "Standing", payment_id=payment)
    assert (again.data, again.body["replayed"]) == (old, True)
    image = customer.http.get(f"/storage/buckets/tickets/files/{old['qrCodeFileId']}/view")
    assert read_qr(image.content) == old_code == codes_of(shop, old["bookingId"])[old["ticketId"]]


def test_a_key_that_was_taken_out_ends_its_tickets(
    shop: Shop, target: Target, customer: Customer, event: Event, deploy: Deploy
) -> None:
    data = shop.book(customer, event, "Standing").data
    new_keys = deploy(NEW_KEY)
    assert refuses(new_keys, codes_of(shop, data["bookingId"])[data["ticketId"]])
    assert ok(shop.http.get("/functions/book_ticket_atomic"))["enabled"] is True
    booked = shop.book(customer, event, "Standing").data
    assert verify(new_keys, codes_of(shop, booked["bookingId"])[booked["ticketId"]]).key_id == "rotated"
