"""The official web SDK, unmodified, in headless Chromium: signs in, listens, books, reads its rows."""

from __future__ import annotations

import json
import os
import subprocess

from scripts.project.shop import BOOK, DATABASE, Shop
from tests.support.target import Target
from tests.support.tools import CLIENTS, node_clients, tool


def test_a_page_signs_in_listens_books_and_reads(target: Target, shop: Shop) -> None:
    chromium = tool("chromium", "chromium-browser", "google-chrome")
    modules = str(node_clients() / "node_modules")
    event = shop.create_event({"Standing": (50_000, 5)})
    other, customer = shop.create_customer(), shop.create_customer()
    assert shop.book(other, event, "Standing").status == 200
    wanted = {
        "chromium": chromium, "endpoint": target.endpoint, "project": target.project_id, "database": DATABASE,
        "email": customer.email, "password": customer.password, "functionId": BOOK,
        "body": {
            "eventId": event.id, "ticketTypeName": "Standing", "quantity": "1",
            "paymentId": shop.pay(customer, 50_000),
        },
    }  # fmt: skip
    done = subprocess.run(
        [tool("node"), CLIENTS / "browser.cjs"], input=json.dumps(wanted), capture_output=True, text=True,
        timeout=120, check=False, env={**os.environ, "NODE_PATH": modules},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["complaints"] == []
    assert seen["userId"] == customer.user_id
    answer = json.loads(seen["execution"]["responseBody"])
    assert answer["success"] is True, answer
    ticket_id = answer["data"]["ticketId"]
    assert [row["$id"] for row in seen["rows"]] == [ticket_id], "only the page's own ticket may be read"
    assert [message["payload"]["$id"] for message in seen["messages"]] == [ticket_id]
    assert any(event.endswith(".create") for event in seen["messages"][0]["events"])
