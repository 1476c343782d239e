"""Faults on demand: each proven by what the caller sees, by what was applied, and by the request log."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from tests.support.local_server import Http, LocalServer, ok
from tests.support.payments import PRICE, make, movements


@pytest.fixture
def payment(local: Http) -> dict[str, Any]:
    """A captured payment, whose refunds are the calls that go wrong: the ledger tells what was applied."""
    return make(local)


class Gateway:
    """Plain calls to the gateway on one keep-alive connection."""

    def __init__(self, server: LocalServer) -> None:
        said = server.ready.razorpay
        self.url = said["url"]
        self._session = requests.Session()
        self._session.auth = (said["keyId"], said["keySecret"])

    def refund(self, payment_id: str, timeout: float = 5) -> requests.Response:
        return self._session.post(f"{self.url}/v1/payments/{payment_id}/refund", json={}, timeout=timeout)


@pytest.fixture
def gateway_calls(server: LocalServer) -> Gateway:
    return Gateway(server)


def refunded(local: Http, payment: dict[str, Any]) -> bool:
    return ("refunded", PRICE) in movements(local, payment["id"])


def arm(local: Http, **wanted: Any) -> str:
    """Adds a fault and returns its id."""
    fault_id: str = ok(local.post("/faults", {"path": "/razorpay/v1/payments/*/refund", **wanted}))["id"]
    return fault_id


def last_logged(local: Http, path: str = "*/refund") -> dict[str, Any]:
    entry: dict[str, Any] = ok(local.get("/requests", params={"path": path}))["requests"][-1]
    return entry


@pytest.mark.parametrize("status", [429, 500, 503])
def test_refuse_answers_in_the_sites_own_spelling(
    local: Http, http: Http, gateway_calls: Gateway, payment: dict[str, Any], status: int
) -> None:
    fault = arm(local, kind="refuse", status=status, retryAfter=7)
    answer = gateway_calls.refund(payment["id"])
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "7")
    assert set(answer.json()["error"]) >= {"code", "description", "source", "step", "reason", "metadata"}
    assert not refunded(local, payment)
    assert (last_logged(local)["status"], last_logged(local)["fault"]) == (status, fault)

    arm(local, kind="refuse", path="/v1/health*", status=status, type="my_own_type")
    body = http.get("/health").json()
    assert (body["code"], body["type"]) == (status, "my_own_type")


def test_reset_closes_before_anything_is_applied(
    local: Http, gateway_calls: Gateway, payment: dict[str, Any]
) -> None:
    fault = arm(local, kind="reset")
    with pytest.raises(requests.ConnectionError, match="reset"):
        gateway_calls.refund(payment["id"])
    assert not refunded(local, payment)
    assert (last_logged(local)["status"], last_logged(local)["fault"]) == (0, fault)


def test_drop_reply_applies_and_says_nothing(
    local: Http, gateway_calls: Gateway, payment: dict[str, Any]
) -> None:
    fault = arm(local, kind="drop_reply")
    with pytest.raises(requests.ConnectionError, match="without response"):
        gateway_calls.refund(payment["id"])
    assert refunded(local, payment)
    assert (last_logged(local)["status"], last_logged(local)["fault"]) == (0, fault)


def test_stall_body_applies_and_sends_half(
    local: Http, gateway_calls: Gateway, payment: dict[str, Any]
) -> None:
    fault = arm(local, kind="stall_body")
    with pytest.raises(requests.ConnectionError, match="timed out"):
        gateway_calls.refund(payment["id"], timeout=0.3)
    assert refunded(local, payment)
    assert (last_logged(local)["status"], last_logged(local)["fault"]) == (0, fault)


def test_a_stalled_body_ends_in_a_closed_connection(
    local: Http, gateway_calls: Gateway, payment: dict[str, Any]
) -> None:
    arm(local, kind="stall_body", seconds=0.1)
    with pytest.raises(requests.RequestException, match="IncompleteRead"):
        gateway_calls.refund(payment["id"])


@pytest.mark.parametrize("after", [False, True])
def test_delay_before_or_after(
    local: Http, gateway_calls: Gateway, payment: dict[str, Any], after: bool
) -> None:
    fault = arm(local, kind="delay", seconds=0.6, after=after)
    with pytest.raises(requests.Timeout):
        gateway_calls.refund(payment["id"], timeout=0.2)
    assert refunded(local, payment) is after
    deadline = time.monotonic() + 5
    while last_logged(local)["fault"] != fault:
        assert time.monotonic() < deadline
    assert last_logged(local)["durationMs"] >= 600
    assert refunded(local, payment)


def test_a_delayed_answer_arrives(local: Http, http: Http) -> None:
    arm(local, kind="delay", seconds=0.3, path="/v1/health")
    began = time.monotonic()
    assert http.get("/health").status_code == 200
    assert time.monotonic() - began >= 0.3


def statuses(http: Http, count: int) -> list[int]:
    return [http.get("/health").status_code for _ in range(count)]


@pytest.mark.parametrize(
    "window, wanted",
    [
        ({}, [503, 503, 503, 503]),
        ({"nth": 2}, [200, 503, 200, 200]),
        ({"from": 3}, [200, 200, 503, 503]),
        ({"from": 2, "count": 2}, [200, 503, 503, 200]),
    ],
)
def test_which_of_the_matching_requests_are_hit(
    local: Http, http: Http, window: dict[str, int], wanted: list[int]
) -> None:
    arm(local, kind="refuse", path="/v1/health", **window)
    assert statuses(http, 4) == wanted
    [fault] = ok(local.get("/faults"))["faults"]
    assert (fault["seen"], fault["hits"]) == (4, wanted.count(503))


def test_a_fault_hits_only_its_method_and_path(local: Http, http: Http) -> None:
    arm(local, kind="refuse", method="POST", path="/v1/health")
    arm(local, kind="refuse", path="/v1/elsewhere/*")
    assert statuses(http, 2) == [200, 200]


def test_a_fault_for_functions_spares_everybody_else(local: Http, http: Http) -> None:
    # No function asks for that, whatever else is running on this server.
    arm(local, kind="refuse", path="/v1/health", fromFunctions=True)
    arm(local, kind="refuse", path="/v1/health", executionId="somebody")
    assert statuses(http, 2) == [200, 200]
    assert [fault["seen"] for fault in ok(local.get("/faults"))["faults"]] == [0, 0]


def test_the_oldest_fault_wins_and_every_fault_counts(local: Http, http: Http) -> None:
    arm(local, kind="refuse", path="/v1/*", nth=1, status=500)
    arm(local, kind="refuse", path="/v1/*", nth=2, status=429)
    assert statuses(http, 3) == [500, 429, 200]


def test_a_removed_fault_is_gone(local: Http, http: Http) -> None:
    first, second = (arm(local, kind="refuse", path="/v1/*", status=status) for status in (500, 429))
    assert local.delete(f"/faults/{first}").status_code == 204
    assert local.delete(f"/faults/{first}").status_code == 404
    assert statuses(http, 1) == [429]
    assert local.delete(f"/faults/{second}").status_code == 204
    assert statuses(http, 1) == [200]


def test_local_routes_are_never_hit(local: Http) -> None:
    arm(local, kind="reset", path="*")
    assert local.get("/clock").status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"kind": "explode"}, {"kind": "refuse", "status": 200}, {"kind": "delay", "seconds": -1}]
)
def test_a_fault_that_makes_no_sense(local: Http, body: dict[str, Any]) -> None:
    assert local.post("/faults", body).status_code == 400
