"""Each function that is limited refuses whoever asks it too often, and says for how long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scripts.project.shop import execute
from tests.support.arena import Arena
from tests.support.local_server import LocalServer
from tests.support.published import as_published

pytestmark = pytest.mark.local_only

DAY, MOST = 86_400, 2
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "book_ticket_atomic": (
        "book",
        {"eventId": "e", "ticketTypeId": "t", "quantity": 1, "paymentId": "pay_1"},
    ),
    "hold_tickets": ("hold", {"action": "list"}),
    "cancel_booking": ("cancel", {"bookingId": "bk-1"}),
    "booking_status": ("lookup", {"action": "list"}),
}


@pytest.fixture(scope="module")
def limited(module_server: LocalServer) -> Iterator[Arena]:
    """A server on which each user may ask each function twice a day."""
    arena = Arena(module_server)
    limits = " ".join(f"{scope}={MOST}/{DAY}" for scope, _ in REQUESTS.values())
    arena.deploy(RATE_LIMITS=limits)
    yield arena


@pytest.mark.parametrize("function", REQUESTS)
def test_one_request_too_many_is_refused(limited: Arena, function: str) -> None:
    customer, (_, body) = limited.shop.create_customer(), REQUESTS[function]
    codes = [execute(customer.http, function, body).code for _ in range(MOST)]
    assert "RATE_LIMITED" not in codes
    refused = as_published(execute(customer.http, function, body))
    assert (refused.status, refused.code) == (429, "RATE_LIMITED")
    assert 0 < refused.body["retryAfter"] <= DAY
    assert refused.body["details"] == {"limit": MOST, "windowSeconds": DAY, "countedBy": "user"}
    assert execute(limited.shop.create_customer().http, function, body).code != "RATE_LIMITED"
