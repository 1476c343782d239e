"""The hub: open connections, what they subscribed to, and the delivery of events to those who may read them.

`publish` only puts messages into the connections' queues, so it never waits for a client. A client that lets
too many pile up is dropped.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable

from emulator.core.caller import Caller
from emulator.core.context import Server
from emulator.core.event_names import event_channels, event_names, event_roles
from emulator.core.events import Event
from emulator.realtime.channels import rebound_channel
from emulator.realtime.filters import Filter

MOST_WAITING = 10_000

log = logging.getLogger("emulator")


class Connection:
    """One client. `identify` proves again who it is, because its roles may have changed since.

    A message waits as a pair whose texts make it up: most of an event is shared by all its receivers.
    """

    def __init__(self, project: str, identify: Callable[[], Caller]) -> None:
        self.project = project
        self.identify = identify
        self.caller = identify()
        self.waiting: asyncio.Queue[tuple[str, str]] = asyncio.Queue(MOST_WAITING)
        self.overflowed = asyncio.Event()
        self.subscriptions: dict[str, dict[str, Filter]] = {}

    def push(self, text: str, rest: str = "") -> None:
        """Queues a message."""
        try:
            self.waiting.put_nowait((text, rest))
        except asyncio.QueueFull:
            self.overflowed.set()


class Hub:
    """Subscriptions by channel, and who gets an event."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._project = server.config.project_id
        self._connections: set[Connection] = set()
        self._by_channel: defaultdict[str, set[Connection]] = defaultdict(set)

    def add(self, connection: Connection) -> None:
        """Takes a new connection in."""
        self._connections.add(connection)

    def remove(self, connection: Connection) -> None:
        """Forgets a connection that has ended."""
        self._connections.discard(connection)
        for subscription_id in list(connection.subscriptions):
            self.unsubscribe(connection, subscription_id)

    def subscribe(
        self, connection: Connection, subscription_id: str, channels: Iterable[str], wanted: Filter
    ) -> None:
        """Adds channels to a subscription, new or old; an old one's other channels stay."""
        subscription = connection.subscriptions.setdefault(subscription_id, {})
        for channel in channels:
            subscription[channel] = wanted
            self._by_channel[channel].add(connection)

    def unsubscribe(self, connection: Connection, subscription_id: str) -> bool:
        """Ends a subscription; False when there was none."""
        removed = connection.subscriptions.pop(subscription_id, None)
        for channel in removed or ():
            if not any(channel in each for each in connection.subscriptions.values()):
                self._by_channel[channel].discard(connection)
                if not self._by_channel[channel]:
                    del self._by_channel[channel]
        return bool(removed)

    def authenticate(self, connection: Connection, identify: Callable[[], Caller]) -> None:
        """Makes a connection a user's; its subscriptions stay, those to its account become that user's."""
        before = connection.caller.user_id
        connection.identify, connection.caller = identify, identify()
        after = connection.caller.user_id
        for subscription_id, channels in list(connection.subscriptions.items()):
            self.unsubscribe(connection, subscription_id)
            for channel, wanted in channels.items():
                self.subscribe(connection, subscription_id, [rebound_channel(channel, before, after)], wanted)

    def publish(self, event: Event) -> None:
        """Listens to the bus: queues an event for its receivers. It neither waits nor raises."""
        if not self._by_channel:
            return
        try:
            self._publish(event)
        except Exception:
            log.exception("an event of %s could not be told", event.pattern)

    def _publish(self, event: Event) -> None:
        channels = event_channels(event, self._project)
        if event.pattern.startswith("teams."):
            self._renew_roles()
        receivers = self._receivers(event, channels)
        if not receivers:
            return
        data = {
            "events": event_names(event),
            "channels": channels,
            "timestamp": self._server.clock.now(),
            "payload": event.payload,
        }
        shared = json.dumps({"type": "event", "data": data}, separators=(",", ":"))[:-2]
        for connection, subscription_ids in receivers.items():
            own = json.dumps(list(subscription_ids), separators=(",", ":"))
            connection.push(shared, f',"subscriptions":{own}}}}}')

    def _receivers(self, event: Event, channels: Iterable[str]) -> dict[Connection, dict[str, None]]:
        """Who hears of an event, with the subscriptions that it matches."""
        roles = frozenset(event_roles(event))
        found: dict[Connection, dict[str, None]] = {}
        for channel in channels:
            for connection in self._by_channel.get(channel, ()):
                if connection.project != self._project:
                    continue
                if "any" not in roles and roles.isdisjoint(connection.caller.roles):
                    continue
                for subscription_id, wanted_on in connection.subscriptions.items():
                    wanted = wanted_on.get(channel)
                    if wanted is not None and wanted(event.payload):
                        found.setdefault(connection, {})[subscription_id] = None
        return found

    def _renew_roles(self) -> None:
        """Memberships give roles, so whoever joins or leaves a team may hear of other things from then on."""
        for connection in self._connections:
            if connection.caller.user_id:
                connection.caller = connection.identify()


async def start(server: Server) -> None:
    """Registers the hub and has it listen to the bus."""
    hub = server.parts[Hub] = Hub(server)
    server.events.subscribe(hub.publish)
