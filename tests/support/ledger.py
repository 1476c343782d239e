"""The movements of money at the payment stand-in, by payment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Money:
    """The movements of one payment, in minor units. order: what it was made for; "" for no order.

    keys: the idempotency keys of its refunds.
    """

    order: str = ""
    captured: int = 0
    captures: int = 0
    refunded: int = 0
    refunds: int = 0
    keys: frozenset[str | None] = frozenset()

    @property
    def kept(self) -> int:
        """What the merchant has of it."""
        return self.captured - self.refunded


def read_money(ledger: Sequence[Mapping[str, Any]]) -> dict[str, Money]:
    """The movements by payment. A refund that failed is as if it had not been."""
    found: dict[str, Money] = defaultdict(Money)
    for entry in ledger:
        money, amount = found[entry["paymentId"]], entry["amount"]
        money = replace(money, order=entry["orderId"] or money.order)
        match entry["movement"]:
            case "captured":
                money = replace(money, captured=money.captured + amount, captures=money.captures + 1)
            case "refunded":
                keys = money.keys | {entry["idempotencyKey"]}
                refunded, refunds = money.refunded + amount, money.refunds + 1
                money = replace(money, refunded=refunded, refunds=refunds, keys=keys)
            case "refund_reversed":
                money = replace(money, refunded=money.refunded - amount, refunds=money.refunds - 1)
        found[entry["paymentId"]] = money
    return dict(found)
