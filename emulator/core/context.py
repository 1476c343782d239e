"""What a handler gets: the request, its checked parameters, the caller, and the server's parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

from emulator.core.caller import GUEST, Caller
from emulator.core.clock import Clock
from emulator.core.events import Event, EventBus
from emulator.core.http import Request
from emulator.core.store import Store

T = TypeVar("T")
NEWEST_FORMAT = (9, 9, 9)


@dataclass(slots=True)
class Config:
    """What the server was started with. data_dir holds the database, files and built functions."""

    data_dir: str
    project_id: str
    api_key: str
    admin_email: str
    admin_password: str
    secret: str
    payments_key_id: str
    payments_key_secret: str
    payments_webhook_secret: str
    endpoint: str = ""
    payments_url: str = ""


@dataclass(slots=True)
class Server:
    """The parts that live as long as the process. `parts` holds what areas register by their type."""

    config: Config
    store: Store
    clock: Clock
    events: EventBus
    parts: dict[type, Any] = field(default_factory=dict)

    def part(self, kind: type[T]) -> T:
        """The part of a type, such as the functions runtime or the fault list."""
        found: T = self.parts[kind]
        return found


@dataclass(slots=True)
class Context:
    """One request on its way through a handler."""

    server: Server
    request: Request
    args: dict[str, Any] = field(default_factory=dict)
    caller: Caller = GUEST
    project_id: str = ""
    format: tuple[int, ...] = NEWEST_FORMAT
    pending: list[Event] = field(default_factory=list)

    @property
    def store(self) -> Store:
        """The database."""
        return self.server.store

    @property
    def now(self) -> str:
        """The current moment as answers spell it."""
        return self.server.clock.now()

    def emit(self, event: Event) -> None:
        """Announces a change once the request's transaction is committed."""
        self.pending.append(event)


def parse_format(header: str | None) -> tuple[int, ...]:
    """The response format a client asks for (`1.8.0`) as numbers to compare; none means the newest."""
    if not header:
        return NEWEST_FORMAT
    try:
        return tuple(int(part) for part in header.split("."))
    except ValueError:
        return NEWEST_FORMAT
