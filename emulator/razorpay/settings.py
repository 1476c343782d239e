"""How the stand-in behaves: where webhooks go and how badly, how long refunds take. Kept in the database."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from emulator.core.store import Store

SCHEMA = "CREATE TABLE IF NOT EXISTS gateway_settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
EVENTS = (
    "payment.authorized", "payment.captured", "payment.failed", "order.paid",
    "refund.created", "refund.processed", "refund.failed",
)  # fmt: skip


@dataclass(slots=True)
class Settings:
    """The behaviour of the stand-in.

    webhook_url: where events are posted; "" for nowhere. held: new events wait until they are delivered by
    hand. loss_rate, duplicate_rate: the chance that an event is never sent, or is sent twice.
    jitter_seconds: up to so long a random wait before the first attempt, which mixes the order up.
    retry_seconds: the wait after the first failure; it doubles each time. seed: of all this chance.
    refund_status: what a new refund is, `processed` or `pending`. refund_seconds: how long a refund is being
    worked on before it is answered.
    """

    webhook_url: str = ""
    events: list[str] = field(default_factory=lambda: list(EVENTS))
    held: bool = False
    disabled: bool = False
    loss_rate: float = 0.0
    duplicate_rate: float = 0.0
    jitter_seconds: float = 0.0
    retry_seconds: float = 1.0
    seed: int = 0
    refund_status: str = "processed"
    refund_seconds: float = 0.0


class SettingsKeeper:
    """The settings now, and the chance that they seed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        kept = store.value("SELECT value FROM gateway_settings WHERE name = 'settings'")
        self.now = Settings(**json.loads(kept)) if kept else Settings()
        self.chance = random.Random(self.now.seed)  # noqa: S311 - repeatable on purpose

    def change(self, values: dict[str, Any]) -> None:
        """Sets some of them, for good; a new seed begins its sequence anew."""
        self.now = Settings(**{**asdict(self.now), **values})
        self._store.run(
            "INSERT INTO gateway_settings VALUES ('settings', ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            json.dumps(asdict(self.now)),
        )
        if "seed" in values:
            self.chance = random.Random(self.now.seed)  # noqa: S311 - repeatable on purpose

    def shown(self) -> dict[str, Any]:
        """The settings under the names of the local route."""
        return {camel(item.name): getattr(self.now, item.name) for item in fields(Settings)}


def camel(name: str) -> str:
    """`webhook_url` as `webhookUrl`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
