"""What a function's execution asked of Appwrite and of the gateway, from the request log."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.local_server import Http, ok

Entry = Mapping[str, Any]

ACCOUNT = "/v1/account"

_VERBS = {"GET": "read", "POST": "create", "PATCH": "update", "PUT": "write", "DELETE": "delete"}
_TABLE = re.compile(r"/v1/tablesdb/\w+/tables/(\w+)/rows(/.+)?")
_FILE = re.compile(r"/v1/storage/buckets/\w+/files(/.+)?")
_METRICS = "/v1/tablesdb/boxoffice/tables/conflict_log/rows"
_PAYMENT = re.compile(r"/razorpay/v1/payments/[^/]+(?:/(\w+))?")
_ORDERS = "/razorpay/v1/orders"
_ORDER_PAYMENTS = re.compile(r"/razorpay/v1/orders/[^/]+/payments")


@dataclass(frozen=True, slots=True)
class Call:
    """One kind of call: a method, and a glob of the path in which what differs between bookings is `*`."""

    method: str
    path: str

    @classmethod
    def of(cls, entry: Entry) -> Call:
        """The call that an entry of the log tells of."""
        path: str = entry["path"]
        if match := _PAYMENT.fullmatch(path):
            path = "/razorpay/v1/payments/*" + (f"/{match[1]}" if match[1] else "")
        elif _ORDER_PAYMENTS.fullmatch(path):
            path = f"{_ORDERS}/*/payments"
        elif (match := _TABLE.fullmatch(path)) and match[2]:
            path = path[: match.start(2)] + "/*"
        elif (match := _FILE.fullmatch(path)) and match[1]:
            path = path[: match.start(1)] + "/*"
        return cls(entry["method"], path)

    @property
    def by_own_key(self) -> bool:
        """Whether the call is made with the function's own key, which says whose execution makes it."""
        return self.path != ACCOUNT and not self.path.startswith("/razorpay")

    @property
    def name(self) -> str:
        """The call in words, such as `create claims`."""
        if match := _PAYMENT.fullmatch(self.path):
            return f"{match[1] or 'read'} payment"
        if self.path.startswith(_ORDERS):
            asked = "payments of order" if self.path.endswith("/payments") else "find order"
            return "open order" if self.method == "POST" else asked
        if match := _TABLE.fullmatch(self.path):
            return f"{_VERBS[self.method]} {match[1]}"
        if _FILE.fullmatch(self.path):
            return f"{_VERBS[self.method]} file"
        return "read account" if self.path == ACCOUNT else f"{self.method} {self.path}"


def entries_of(
    local: Http, execution_id: str, payment_id: str, since: int = 0, user_id: str = ""
) -> list[Entry]:
    """What one execution asked, in the order in which it asked.

    Calls to the gateway and with a user's token do not say which execution makes them: they are told by the
    payment and, when it is given, by the user, so only one execution may be about them at a time; without a
    payment all calls to the gateway count. Metrics are left out: whoever comes by when it is time writes down
    what all have counted.
    """
    entries: list[Entry] = ok(local.get("/requests", params={"since": since}))["requests"]
    prefix = f"/razorpay/v1/payments/{payment_id}" if payment_id else "/razorpay/v1/"
    mine = [
        entry
        for entry in entries
        if (entry["executionId"] == execution_id and entry["path"] != _METRICS)
        or entry["path"].startswith(prefix)
        or (user_id and entry["path"] == ACCOUNT and entry["userId"] == user_id)
    ]
    return sorted(mine, key=lambda entry: float(entry["time"]))


def names(entries: Sequence[Entry]) -> list[str]:
    """The calls in words."""
    return [Call.of(entry).name for entry in entries]


def waves(entries: Sequence[Entry]) -> list[list[str]]:
    """The calls in groups, each of which began after every call of the one before had been answered."""
    groups: list[list[str]] = []
    answered = 0.0
    for entry in entries:
        began = float(entry["time"])
        if not groups or began >= answered:
            groups.append([])
        groups[-1].append(Call.of(entry).name)
        answered = max(answered, began + entry["durationMs"] / 1000)
    return groups
