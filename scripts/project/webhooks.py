"""Where the payment stand-in's webhooks go: to the domain of the function that takes them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from scripts.appwrite_http import Http, found, ok
from scripts.local_appwrite import Ready

WEBHOOK_FUNCTION = "payment_webhook"
_DOMAINS = ".functions.localhost"


def connect_webhooks(ready: Ready) -> str:
    """Sends webhooks to the function `payment_webhook` of a local Appwrite, when it is deployed there.

    Returns where they go, "" for nowhere. An address that is not a local function's was chosen by somebody
    and stays.
    """
    http = Http.with_key(ready.endpoint, ready.project_id, ready.api_key)
    payments = Http(f"{ready.site}/_local/payments", {"X-Appwrite-Key": ready.api_key})
    chosen = str(ok(payments.get("/settings"))["webhookUrl"])
    if chosen and not str(urlsplit(chosen).hostname).endswith(_DOMAINS):
        return chosen
    if found(http.get(f"/functions/{WEBHOOK_FUNCTION}")) is None:
        return chosen
    address = f"http://{function_domain(http, WEBHOOK_FUNCTION)}:{urlsplit(ready.site).port}/"
    if address != chosen:
        ok(payments.patch("/settings", {"webhookUrl": address}))
    return address


def function_domain(http: Http, function_id: str) -> str:
    """The domain of a function of a local Appwrite, which gets one when it has none."""
    of_function = {"method": "equal", "attribute": "deploymentResourceId", "values": [function_id]}
    listed = ok(http.get("/proxy/rules", params={"queries[0]": json.dumps(of_function)}))
    rules: list[dict[str, Any]] = listed["rules"]
    if not rules:
        wanted = {"domain": function_id.replace("_", "-") + _DOMAINS, "functionId": function_id}
        rules = [ok(http.post("/proxy/rules/function", wanted))]
    return str(rules[0]["domain"])
