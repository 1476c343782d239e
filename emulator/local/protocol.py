"""uvicorn's HTTP protocol with one addition: the application can reach the connection, to break it."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from emulator.local.effects import TRANSPORT


class BreakableProtocol(HttpToolsProtocol):
    """Puts the transport into every request's scope."""

    def on_message_begin(self) -> None:
        """Called by the parser when a request begins."""
        super().on_message_begin()
        self.scope[TRANSPORT] = self.transport  # type: ignore[literal-required]
