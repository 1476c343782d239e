"""A local Appwrite made ready for bookings: appwrite.json applied, functions deployed, payments local."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from boxoffice.domain.limits import MOST_REQUESTS, Scope

from scripts.appwrite_http import Http
from scripts.local_appwrite import Ready
from scripts.project.config import load_project
from scripts.project.functions import deploy_functions
from scripts.project.provision import provision, refuse_old_server
from scripts.project.webhooks import connect_webhooks

# Here a few users are in a great hurry, and all of them have the same address.
_NO_LIMITS = " ".join(f"{scope}={MOST_REQUESTS}/60" for scope in Scope)


def function_variables(gateway: Mapping[str, str]) -> dict[str, str]:
    """What functions need to know of the payment stand-in (its part of the ready line).

    The key that signs tickets is derived, so that it stays the same as long as the stand-in's data.
    """
    key = gateway["keySecret"].encode()
    secret = hashlib.blake2b(key, digest_size=32, person=b"ticket signing").hexdigest()
    return {
        "RAZORPAY_KEY_ID": gateway["keyId"],
        "RAZORPAY_KEY_SECRET": gateway["keySecret"],
        "RAZORPAY_BASE_URL": gateway["url"],
        "RAZORPAY_WEBHOOK_SECRET": gateway["webhookSecret"],
        "TICKET_SIGNING_KEYS": f"local1:{secret}",
        "RATE_LIMITS": _NO_LIMITS,
        "ADDRESS_LIMITS": _NO_LIMITS,
    }


def set_up(ready: Ready, say: Callable[[str], None]) -> None:
    """Applies appwrite.json, deploys the functions of the working tree, and connects the stand-in's webhooks.

    ProvisionError, DeployError.
    """
    project = load_project()
    refuse_old_server(Http.guest(ready.endpoint, ready.project_id))
    http = Http.with_key(ready.endpoint, ready.project_id, ready.api_key)
    provision(http, project, say)
    deploy_functions(http, project, function_variables(ready.razorpay), say)
    connect_webhooks(ready)
