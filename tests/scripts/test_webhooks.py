"""The payment stand-in's webhooks, sent to a function."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import razorpay  # type: ignore[import-untyped]

from scripts.project.config import load_project
from scripts.project.functions import deploy_functions
from scripts.project.local import function_variables
from scripts.project.webhooks import connect_webhooks, function_domain
from tests.support.functions import create, executions
from tests.support.local_server import Http, LocalServer, ok, wait_until
from tests.support.payments import PRICE, events, make

HOOK = """
import hashlib, hmac, json, os

def main(context):
    body, headers = context.req.body_binary, context.req.headers
    context.log(json.dumps({"body": body.hex(), "method": context.req.method, "headers": headers}))
    secret = os.environ["RAZORPAY_WEBHOOK_SECRET"].encode()
    genuine = hmac.new(secret, body, hashlib.sha256).hexdigest() == headers["x-razorpay-signature"]
    return context.res.text("", 200 if genuine else 401, {})
"""


@pytest.fixture
def local(fresh_server: LocalServer) -> Http:
    ready = fresh_server.ready
    return Http(ready.site + "/_local", {"X-Appwrite-Key": ready.api_key})


def deploy_hook(server: LocalServer, http: Http, folder: Path) -> None:
    (folder / "main.py").write_text(HOOK)
    function = {
        "$id": "payment_webhook", "name": "Webhook", "runtime": "python-3.12", "path": ".",
        "entrypoint": "main.py", "commands": "", "execute": ["any"], "timeout": 15,
    }  # fmt: skip
    project = replace(load_project(), root=folder, functions=(function,))
    deploy_functions(http, project, function_variables(server.ready.razorpay), lambda line: None)


def test_what_the_gateway_signs_reaches_the_function_byte_for_byte(
    fresh_server: LocalServer, fresh_http: Http, local: Http, tmp_path: Path
) -> None:
    deploy_hook(fresh_server, fresh_http, tmp_path)
    address = connect_webhooks(fresh_server.ready)
    assert urlsplit(address).hostname == "payment-webhook.functions.localhost"

    said = fresh_server.ready.razorpay
    gateway = razorpay.Client(auth=(said["keyId"], said["keySecret"]), base_url=said["url"])
    order = gateway.order.create({"amount": PRICE, "currency": "INR", "receipt": "bk-1"})
    payment = make(local, orderId=order["id"], notes={"name": 'Ånn 🎟 "\\/'})

    def delivered() -> list[dict[str, Any]]:
        found = events(local, payment["id"])
        return found if all(event["state"] == "delivered" for event in found) else []

    sent = {event["id"]: event for event in wait_until(delivered)}
    assert {event["event"] for event in sent.values()} == {
        "payment.authorized", "payment.captured", "order.paid",
    }  # fmt: skip
    received = [json.loads(each["logs"]) for each in executions(fresh_http, "payment_webhook")]
    assert {each["headers"]["x-razorpay-event-id"] for each in received} == set(sent)
    for each in received:
        body, headers = bytes.fromhex(each["body"]), each["headers"]
        event = sent[headers["x-razorpay-event-id"]]
        assert body == json.dumps(event["body"], separators=(",", ":")).encode()
        assert gateway.utility.verify_webhook_signature(
            body.decode(), headers["x-razorpay-signature"], said["webhookSecret"]
        )
        assert (each["method"], event["attempts"], event["lastStatus"]) == ("POST", 1, 200)
        assert "x-appwrite-user-id" not in headers


def test_a_function_that_refuses_is_asked_again(
    fresh_server: LocalServer, fresh_http: Http, local: Http, tmp_path: Path
) -> None:
    deploy_hook(fresh_server, fresh_http, tmp_path)
    domain = urlsplit(connect_webhooks(fresh_server.ready)).hostname
    ok(local.patch("/payments/settings", {"retrySeconds": 0.02}))
    ok(local.post("/faults", {"kind": "drop_reply", "path": f"//{domain}/", "nth": 1}))
    payment = make(local, status="failed")

    def done() -> dict[str, Any] | None:
        [event] = events(local, payment["id"])
        return event if event["state"] == "delivered" else None

    event = wait_until(done)
    assert event is not None
    assert event["attempts"] == 2
    bodies = [json.loads(each["logs"])["body"] for each in executions(fresh_http, "payment_webhook")]
    assert (len(bodies), len(set(bodies))) == (2, 1)


def test_without_the_function_webhooks_go_nowhere(fresh_server: LocalServer, local: Http) -> None:
    assert connect_webhooks(fresh_server.ready) == ""
    assert ok(local.get("/payments/settings"))["webhookUrl"] == ""


def test_an_address_that_somebody_chose_stays(
    fresh_server: LocalServer, fresh_http: Http, local: Http
) -> None:
    create(fresh_http, "payment_webhook")
    chosen = "http://127.0.0.1:9/mine"
    ok(local.patch("/payments/settings", {"webhookUrl": chosen}))
    assert connect_webhooks(fresh_server.ready) == chosen
    ok(local.patch("/payments/settings", {"webhookUrl": "http://payment-webhook.functions.localhost:9/"}))
    connected = connect_webhooks(fresh_server.ready)
    assert urlsplit(connected).port == urlsplit(fresh_server.ready.site).port
    assert ok(local.get("/payments/settings"))["webhookUrl"] == connected


def test_a_domain_is_made_once(fresh_server: LocalServer, fresh_http: Http) -> None:
    create(fresh_http, "payment_webhook")
    assert function_domain(fresh_http, "payment_webhook") == function_domain(fresh_http, "payment_webhook")
    assert ok(fresh_http.get("/proxy/rules"))["total"] == 1
