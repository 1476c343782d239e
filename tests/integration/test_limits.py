"""Who asks the deployed function too often is told to wait, and nothing of the request is left."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from boxoffice.domain.callers import Caller
from boxoffice.domain.limits import Scope
from boxoffice.limits import RateLimits

from scripts.project.config import load_project
from scripts.project.functions import deploy_functions
from scripts.project.local import function_variables
from scripts.project.provision import provision
from scripts.project.shop import BOOK, Answer, Customer, Event, Shop, execute
from tests.support.arena import Arena
from tests.support.in_process import call, configure
from tests.support.local_server import LocalServer
from tests.support.published import as_published
from tests.support.target import Target

pytestmark = pytest.mark.local_only

PRICE = 50_000
DAY = 86_400


@pytest.fixture(scope="module")
def limited(module_server: LocalServer) -> Iterator[Arena]:
    """A server on which each user may try to book 30 times a day, and each address 40 times."""
    arena = Arena(module_server)
    project = load_project()
    booking = tuple(function for function in project.functions if function["$id"] == BOOK)
    provision(arena.http, project, lambda line: None)
    variables = {
        **function_variables(module_server.ready.razorpay),
        "RATE_LIMITS": f"book=30/{DAY}",
        "ADDRESS_LIMITS": f"book=40/{DAY}",
    }
    deploy_functions(arena.http, replace(project, functions=booking), variables, lambda line: None)
    yield arena


@pytest.fixture
def event(limited: Arena) -> Event:
    """An event with enough tickets; nobody has asked for anything yet."""
    limited.clear()
    restart(limited)
    return limited.shop.create_event({"Standing": (PRICE, 100)})


def restart(arena: Arena) -> None:
    """Another process, which remembers nothing."""
    arena.server.restart()


def attempt(shop: Shop, customer: Customer, event: Event, **options: object) -> Answer:
    """One attempt at booking with a payment that does not exist."""
    body = {"eventId": event.id, "ticketTypeId": event.kinds["Standing"].id, "quantity": 1}
    return execute(customer.http, BOOK, {**body, "paymentId": "pay_unknown"}, **options)


def test_the_31st_attempt_is_refused_and_nothing_of_it_is_written(limited: Arena, event: Event) -> None:
    shop = limited.shop
    customer = shop.create_customer()
    codes = [attempt(shop, customer, event).code for _ in range(30)]
    assert codes == ["PAYMENT_NOT_VERIFIED"] * 30
    payment = shop.pay(customer, PRICE)
    before, money = limited.stamps(), limited.ledger()
    answer = as_published(shop.book(customer, event, "Standing", payment_id=payment))
    assert (answer.status, answer.code) == (429, "RATE_LIMITED")
    assert abs(answer.body["retryAfter"] - (DAY - time.time() % DAY)) < 30
    assert answer.body["details"] == {"limit": 30, "windowSeconds": DAY, "countedBy": "user"}
    assert limited.stamps() == before
    assert limited.ledger() == money
    assert shop.book(shop.create_customer(), event, "Standing").status == 200


def test_another_process_knows_of_all_but_the_last_few(limited: Arena, event: Event) -> None:
    shop = limited.shop
    customer = shop.create_customer()
    for _ in range(30):
        assert attempt(shop, customer, event).status == 402
    restart(limited)
    statuses = [attempt(shop, customer, event).status for _ in range(10)]
    assert statuses == [402] * 5 + [429] * 5


def test_an_address_is_counted_whoever_it_is(limited: Arena, event: Event) -> None:
    shop = limited.shop
    answers = []
    for _ in range(4):
        customer = shop.create_customer()
        answers += [attempt(shop, customer, event) for _ in range(12)]
    assert [answer.status for answer in answers] == [402] * 40 + [429] * 8
    assert answers[-1].body["details"]["countedBy"] == "address"
    rows = shop.rows("rate_limits")
    assert "127.0.0.1" not in json.dumps(rows)
    assert customer.user_id not in json.dumps(rows)


@pytest.mark.parametrize("name", ["X-Appwrite-Client-Ip", "X-APPWRITE-CLIENT-IP"])
def test_a_pretended_address_is_nobodys(limited: Arena, event: Event, name: str) -> None:
    shop = limited.shop
    for _ in range(4):
        mallory = shop.create_customer("Mallory")
        for _ in range(12):
            assert attempt(shop, mallory, event, headers={name: "127.0.0.1"}).status == 402
    assert shop.book(shop.create_customer(), event, "Standing").status == 200


def test_no_pretended_address_helps_against_the_users_own_limit(limited: Arena, event: Event) -> None:
    shop = limited.shop
    mallory = shop.create_customer("Mallory")
    statuses = [
        attempt(shop, mallory, event, headers={"X-Appwrite-Client-Ip": f"203.0.113.{number}"}).status
        for number in range(33)
    ]
    assert statuses == [402] * 30 + [429] * 3


def test_a_trusted_server_is_counted_by_its_users_and_not_by_its_address(
    limited: Arena, event: Event
) -> None:
    shop = limited.shop
    body = {"eventId": event.id, "ticketTypeId": event.kinds["Standing"].id, "quantity": 1}

    def ask(user: str) -> int:
        return execute(shop.http, BOOK, {**body, "paymentId": "pay_unknown", "userId": user}).status

    assert [ask(f"user-{number}") for number in range(50)] == [402] * 50
    assert [ask("ann") for _ in range(32)] == [402] * 30 + [429] * 2


def test_without_the_check_the_31st_attempt_is_looked_at(
    limited: Arena, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = limited.server.ready
    variables = {**function_variables(ready.razorpay), "RATE_LIMITS": f"book=30/{DAY}"}
    target = Target(ready.endpoint, ready.project_id, ready.api_key, variables)
    configure(monkeypatch, target)
    body = {"eventId": event.id, "ticketTypeId": event.kinds["Standing"].id, "quantity": 1}
    request = json.dumps({**body, "paymentId": "pay_unknown", "userId": "ann"}).encode()
    assert [call(target, request, {})[0] for _ in range(31)] == [402] * 30 + [429]

    async def unchecked(self: RateLimits, scope: Scope, caller: Caller) -> None:
        return

    monkeypatch.setattr(RateLimits, "check", unchecked)
    assert call(target, request, {})[0] == 402
