"""The payment stand-in, through the official SDK."""

from __future__ import annotations

import hashlib
import hmac
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import razorpay  # type: ignore[import-untyped]
import requests
from razorpay.errors import BadRequestError, ServerError  # type: ignore[import-untyped]

from tests.support.local_server import Http, LocalServer, ok
from tests.support.payments import PRICE, events, make, movements


def with_key(key: str) -> dict[str, Any]:
    return {"headers": {"X-Refund-Idempotency": key}}


def test_an_order_is_paid_by_the_capture_of_its_payment(gateway: Any, local: Http) -> None:
    order = gateway.order.create({"amount": PRICE, "currency": "INR", "receipt": "booking-1"})
    assert (order["status"], order["amount_due"], order["attempts"]) == ("created", PRICE, 0)
    payment = make(local, orderId=order["id"], status="authorized")
    assert gateway.order.fetch(order["id"])["status"] == "attempted"
    captured = gateway.payment.capture(payment["id"], PRICE, {"currency": "INR"})
    assert (captured["status"], captured["captured"], captured["fee"], captured["tax"]) == (
        "captured", True, 1180, 180,
    )  # fmt: skip
    paid = gateway.order.fetch(order["id"])
    assert (paid["status"], paid["amount_paid"], paid["amount_due"]) == ("paid", PRICE, 0)
    assert gateway.order.payments(order["id"])["items"] == [captured]
    assert movements(local, payment["id"]) == [("captured", PRICE)]


@pytest.mark.parametrize(
    "body",
    [
        {"currency": "INR"},
        {"amount": 99, "currency": "INR"},
        {"amount": 100.5, "currency": "INR"},
        {"amount": 100},
        {"amount": 100, "currency": "rupees"},
        {"amount": 100, "currency": "INR", "receipt": "r" * 41},
        {"amount": 100, "currency": "INR", "notes": {str(n): "" for n in range(16)}},
        {"amount": 100, "currency": "INR", "colour": "blue"},
    ],
)
def test_an_order_that_the_gateway_refuses(gateway: Any, body: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError):
        gateway.order.create(body)


def test_orders_are_found_by_their_receipt(gateway: Any) -> None:
    body = {"amount": PRICE, "currency": "INR", "receipt": "booking-found"}
    first, second = gateway.order.create(body), gateway.order.create(body)
    assert gateway.order.all({"receipt": "booking-found"})["items"] == [second, first]
    assert gateway.order.all({"receipt": "booking-found", "count": 1, "skip": 1})["items"] == [first]


def test_a_unique_receipt_gives_the_same_order_again(gateway: Any) -> None:
    body = {"amount": PRICE, "currency": "INR", "receipt": "booking-once", "unique_receipt": True}
    assert gateway.order.create(body) == gateway.order.create(body)
    with pytest.raises(BadRequestError):
        gateway.order.create({**body, "amount": PRICE + 1})


@pytest.mark.parametrize("status", ["created", "authorized", "captured", "failed", "refunded"])
def test_a_payment_in_every_state(gateway: Any, local: Http, status: str) -> None:
    made = make(local, status=status, email="ann@example.com", contact="+911", notes={"userId": "ann"})
    fetched = gateway.payment.fetch(made["id"])
    assert fetched == made
    assert fetched["status"] == status
    assert fetched["captured"] is (status in ("captured", "refunded"))
    assert (fetched["error_code"] is not None) is (status == "failed")
    assert (fetched["email"], fetched["contact"], fetched["notes"]) == (
        "ann@example.com", "+911", {"userId": "ann"},
    )  # fmt: skip


@pytest.mark.parametrize("amount, currency", [(PRICE - 1, "INR"), (PRICE + 1, "INR"), (PRICE, "USD")])
def test_a_capture_of_another_sum_takes_nothing(
    gateway: Any, local: Http, amount: int, currency: str
) -> None:
    payment = make(local, status="authorized")
    with pytest.raises(BadRequestError):
        gateway.payment.capture(payment["id"], amount, {"currency": currency})
    assert gateway.payment.fetch(payment["id"])["status"] == "authorized"
    assert movements(local, payment["id"]) == []


@pytest.mark.parametrize("status", ["created", "captured", "failed", "refunded"])
def test_only_an_authorised_payment_is_captured(gateway: Any, local: Http, status: str) -> None:
    payment = make(local, status=status)
    before = movements(local, payment["id"])
    with pytest.raises(BadRequestError):
        gateway.payment.capture(payment["id"], PRICE, {"currency": "INR"})
    assert movements(local, payment["id"]) == before


def test_a_paid_order_takes_no_second_payment(gateway: Any, local: Http) -> None:
    order = gateway.order.create({"amount": PRICE, "currency": "INR"})
    first = make(local, orderId=order["id"], status="authorized")
    second = make(local, orderId=order["id"], status="authorized")
    gateway.payment.capture(first["id"], PRICE, {"currency": "INR"})
    with pytest.raises(BadRequestError):
        gateway.payment.capture(second["id"], PRICE, {"currency": "INR"})
    assert local.post("/payments", {"orderId": order["id"]}).status_code == 400


def test_refunds_in_parts_until_nothing_is_left(gateway: Any, local: Http) -> None:
    payment = make(local)
    part = gateway.payment.refund(payment["id"], {"amount": 20_000, "notes": {"why": "rain"}})
    assert (part["entity"], part["amount"], part["status"]) == ("refund", 20_000, "processed")
    after_part = gateway.payment.fetch(payment["id"])
    assert (after_part["status"], after_part["refund_status"]) == ("captured", "partial")
    with pytest.raises(BadRequestError):
        gateway.payment.refund(payment["id"], {"amount": 30_001})
    rest = gateway.refund.create({"payment_id": payment["id"]})
    assert rest["amount"] == 30_000
    after_all = gateway.payment.fetch(payment["id"])
    assert (after_all["status"], after_all["refund_status"]) == ("refunded", "full")
    with pytest.raises(BadRequestError):
        gateway.payment.refund(payment["id"], {})
    assert gateway.payment.fetch_multiple_refund(payment["id"])["items"] == [rest, part]
    assert (
        gateway.payment.fetch_refund_id(payment["id"], part["id"]) == gateway.refund.fetch(part["id"]) == part
    )
    assert movements(local, payment["id"]) == [
        ("captured", PRICE),
        ("refunded", 20_000),
        ("refunded", 30_000),
    ]


@pytest.mark.parametrize("status", ["created", "authorized", "failed"])
def test_what_was_not_captured_is_not_refunded(gateway: Any, local: Http, status: str) -> None:
    with pytest.raises(BadRequestError):
        gateway.payment.refund(make(local, status=status)["id"], {})


def test_the_same_refund_key_pays_once(gateway: Any, local: Http) -> None:
    payment = make(local)
    first = gateway.payment.refund(payment["id"], {"amount": 10_000}, **with_key("once-0000001"))
    again = gateway.payment.refund(payment["id"], {"amount": 10_000}, **with_key("once-0000001"))
    assert again == first
    for other in ({"amount": 10_001}, {"amount": 10_000, "notes": {"a": "b"}}):
        with pytest.raises(BadRequestError, match="idempotency"):
            gateway.payment.refund(payment["id"], other, **with_key("once-0000001"))
    with pytest.raises(BadRequestError, match="idempotency"):
        gateway.payment.refund(make(local)["id"], {"amount": 10_000}, **with_key("once-0000001"))
    assert movements(local, payment["id"]) == [("captured", PRICE), ("refunded", 10_000)]


@pytest.mark.parametrize("key", ["short", "has spaces in it", "umlaut-ö-123456".encode().decode("latin-1")])
def test_a_refund_key_that_is_not_allowed(gateway: Any, local: Http, key: str) -> None:
    with pytest.raises(BadRequestError):
        gateway.payment.refund(make(local)["id"], {}, **with_key(key))


def test_the_same_refund_key_while_the_first_is_worked_on(server: LocalServer, local: Http) -> None:
    payment = make(local)
    ok(local.patch("/payments/settings", {"refundSeconds": 0.5}))
    said = server.ready.razorpay

    def ask(_: int) -> int:
        answer = requests.post(
            f"{said['url']}/v1/payments/{payment['id']}/refund",
            json={}, auth=(said["keyId"], said["keySecret"]), timeout=10, **with_key("race-00000001"),
        )  # fmt: skip
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(ask, range(8)))
    assert answers == [200] + [409] * 7
    assert movements(local, payment["id"]) == [("captured", PRICE), ("refunded", PRICE)]


def test_a_pending_refund_is_settled_later(gateway: Any, local: Http) -> None:
    ok(local.patch("/payments/settings", {"refundStatus": "pending"}))
    payment = make(local)
    refund = gateway.payment.refund(payment["id"], {})
    assert (refund["status"], refund["speed_processed"]) == ("pending", None)
    ok(local.patch(f"/payments/refunds/{refund['id']}", {"status": "failed"}))
    assert gateway.refund.fetch(refund["id"])["status"] == "failed"
    assert gateway.payment.fetch(payment["id"])["amount_refunded"] == 0
    assert movements(local, payment["id"])[-1] == ("refund_reversed", PRICE)
    assert local.patch(f"/payments/refunds/{refund['id']}", {"status": "processed"}).status_code == 400


def test_late_authorisation(gateway: Any, local: Http) -> None:
    payment = make(local, status="failed")
    ok(local.patch(f"/payments/{payment['id']}", {"status": "authorized"}))
    late = gateway.payment.fetch(payment["id"])
    assert (late["status"], late["error_code"], late["late_authorized"]) == ("authorized", None, True)
    assert [e["event"] for e in events(local, payment["id"])] == ["payment.failed", "payment.authorized"]


def test_late_authorisation_on_a_paid_order_goes_back(gateway: Any, local: Http) -> None:
    order = gateway.order.create({"amount": PRICE, "currency": "INR"})
    failed = make(local, orderId=order["id"], status="failed")
    make(local, orderId=order["id"])
    ok(local.patch(f"/payments/{failed['id']}", {"status": "authorized"}))
    assert gateway.payment.fetch(failed["id"])["status"] == "refunded"
    assert movements(local, failed["id"]) == [("released", PRICE)]


def test_an_authorisation_that_nobody_captures_goes_back_after_five_days(gateway: Any, local: Http) -> None:
    payment = make(local, status="authorized")
    ok(local.put("/clock", {"advanceSeconds": 5 * 86_400 - 60}))
    assert gateway.payment.fetch(payment["id"])["status"] == "authorized"
    ok(local.put("/clock", {"advanceSeconds": 120}))
    released = gateway.payment.fetch(payment["id"])
    assert (released["status"], released["captured"]) == ("refunded", False)
    assert movements(local, payment["id"]) == [("released", PRICE)]


def test_who_may_ask(server: LocalServer) -> None:
    url = server.ready.razorpay["url"]
    with pytest.raises(BadRequestError, match="Authentication failed"):
        razorpay.Client(auth=(server.ready.razorpay["keyId"], "wrong"), base_url=url).payment.all()
    refused = requests.get(f"{url}/v1/payments", timeout=10)
    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == "BAD_REQUEST_ERROR"


def test_what_does_not_exist_and_what_is_not_emulated(gateway: Any) -> None:
    with pytest.raises(BadRequestError, match="id provided does not exist"):
        gateway.payment.fetch("pay_00000000000000")
    with pytest.raises(ServerError, match="not emulated"):
        gateway.customer.all()


def test_the_signature_of_a_checkout(gateway: Any, local: Http, server: LocalServer) -> None:
    order = gateway.order.create({"amount": PRICE, "currency": "INR"})
    payment = make(local, orderId=order["id"], status="authorized")
    signed = ok(local.get(f"/payments/{payment['id']}/signature"))
    secret = server.ready.razorpay["keySecret"].encode()
    wanted = hmac.new(secret, f"{order['id']}|{payment['id']}".encode(), hashlib.sha256).hexdigest()
    assert signed["razorpay_signature"] == wanted
    assert gateway.utility.verify_payment_signature(signed)


def click(url: str, order_id: str, outcome: str) -> str:
    """Opens the checkout page and clicks one of its buttons."""
    session = requests.Session()
    page = session.get(f"{url}/checkout", params={"order_id": order_id}, timeout=10).text
    fields = dict(re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', page))
    assert f'value="{outcome}"' in page
    return session.post(f"{url}/checkout", data={**fields, "outcome": outcome}, timeout=10).text


@pytest.mark.parametrize("capture, status", [(1, "captured"), (0, "authorized")])
def test_paying_on_the_checkout_page(gateway: Any, server: LocalServer, capture: int, status: str) -> None:
    order = gateway.order.create({"amount": PRICE, "currency": "INR", "payment_capture": capture})
    page = click(server.ready.razorpay["url"], order["id"], "pay")
    [payment] = gateway.order.payments(order["id"])["items"]
    assert payment["status"] == status
    shown = dict(re.findall(r'<dd id="(razorpay_\w+)">(\w+)</dd>', page))
    assert shown["razorpay_payment_id"] == payment["id"]
    assert gateway.utility.verify_payment_signature(shown)


@pytest.mark.parametrize(
    ("amount", "currency", "spelt"),
    [(1_206, "JPY", "JPY 1206"), (44_445, "KWD", "KWD 44.445"), (50_000, "INR", "INR 500.00")],
)
def test_the_checkout_page_spells_amounts_as_their_currency_does(
    gateway: Any, server: LocalServer, amount: int, currency: str, spelt: str
) -> None:
    order = gateway.order.create({"amount": amount, "currency": currency})
    url = server.ready.razorpay["url"]
    page = requests.get(f"{url}/checkout", params={"order_id": order["id"]}, timeout=10).text
    assert spelt in page


def test_failing_on_the_checkout_page_and_trying_again(gateway: Any, server: LocalServer) -> None:
    order = gateway.order.create({"amount": PRICE, "currency": "INR", "payment": {"capture": "automatic"}})
    click(server.ready.razorpay["url"], order["id"], "fail")
    assert gateway.order.fetch(order["id"])["status"] == "attempted"
    click(server.ready.razorpay["url"], order["id"], "pay")
    states = [p["status"] for p in gateway.order.payments(order["id"])["items"]]
    assert states == ["captured", "failed"]
    assert gateway.order.fetch(order["id"])["attempts"] == 2
