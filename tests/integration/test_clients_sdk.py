"""The official SDKs for servers, unmodified, book through `createExecution`: two of Python, one of Node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest

from scripts.project.shop import BOOK, Shop
from tests.support.local_server import ok
from tests.support.target import Target
from tests.support.tools import CLIENTS, node_clients, python_with, tool

NEWEST_PYTHON_SDK = "appwrite==27.0.0"
Ask = Callable[[dict[str, Any]], dict[str, Any]]


def asking(*command: str, **environment: str) -> Ask:
    """A client program: JSON in, JSON out; AssertionError with what it said when it fails."""

    def ask(wanted: dict[str, Any]) -> dict[str, Any]:
        done = subprocess.run(
            command, input=json.dumps(wanted), capture_output=True, text=True, timeout=120, check=False,
            env={**os.environ, **environment},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return ask


def pinned_python() -> Ask:
    assert version("appwrite").startswith("15.")
    return asking(sys.executable, str(CLIENTS / "book.py"))


def newest_python() -> Ask:
    return asking(str(python_with(NEWEST_PYTHON_SDK)), str(CLIENTS / "book.py"))


def node() -> Ask:
    modules = str(node_clients() / "node_modules")
    return asking(tool("node"), str(CLIENTS / "book.cjs"), NODE_PATH=modules)


@pytest.fixture(scope="module", params=[pinned_python, newest_python, node], ids=lambda make: make.__name__)
def ask(request: pytest.FixtureRequest) -> Ask:
    make: Callable[[], Ask] = request.param
    return make()


def test_a_user_books_with_a_session(ask: Ask, target: Target, shop: Shop) -> None:
    event = shop.create_event({"Standing": (50_000, 5)})
    customer = shop.create_customer()
    session = ok(shop.http.post(f"/users/{customer.user_id}/sessions"))["secret"]
    body = {
        "eventId": event.id, "ticketTypeName": "Standing", "quantity": "2",
        "paymentId": shop.pay(customer, 100_000),
    }  # fmt: skip
    made = ask(where(target) | {"session": session, "body": body})
    assert (made["status"], made["responseStatusCode"]) == ("completed", 200), made
    booked = json.loads(made["responseBody"])["data"]
    tickets = shop.rows("tickets", bookingId=booked["bookingId"])
    assert sorted(row["$id"] for row in tickets) == sorted(booked["ticketIds"])
    assert {row["userId"] for row in tickets} == {customer.user_id}


def test_a_server_books_for_a_user_with_a_key(ask: Ask, target: Target, shop: Shop) -> None:
    event = shop.create_event({"Standing": (50_000, 5)})
    customer = shop.create_customer()
    body = {
        "eventId": event.id, "ticketTypeId": event.kinds["Standing"].id, "quantity": 1,
        "userId": customer.user_id, "paymentId": shop.pay(customer, 50_000),
    }  # fmt: skip
    made = ask(where(target) | {"key": target.api_key, "body": body})
    answer = json.loads(made["responseBody"])
    assert (made["responseStatusCode"], answer["success"]) == (200, True), answer
    assert [row["userId"] for row in shop.rows("tickets", eventId=event.id)] == [customer.user_id]


def where(target: Target) -> dict[str, Any]:
    return {"endpoint": target.endpoint, "project": target.project_id, "functionId": BOOK}
