"""What the server and a function's process exchange: frames of a JSON header and bytes, lengths first."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

_LENGTHS = struct.Struct(">II")


def pack(header: dict[str, Any], body: bytes = b"") -> bytes:
    """One frame. What JSON cannot say, such as half of a surrogate pair, it escapes."""
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    return _LENGTHS.pack(len(text), len(body)) + text + body


class FrameReader:
    """Puts frames together from whatever pieces arrive."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
        """The frames that are whole now."""
        held = self._held
        held += data
        at = 0
        while len(held) - at >= _LENGTHS.size:
            head, body = _LENGTHS.unpack_from(held, at)
            start = at + _LENGTHS.size
            end = start + head + body
            if len(held) < end:
                break
            yield json.loads(held[start : start + head]), bytes(held[start + head : end])
            at = end
        del held[:at]
