"""Uploads: the ranges that clients announce, and files on the disk that are either whole or not there.

Clients cut what is longer than 5 MiB into parts, and send each as a request of its own with a `content-range`
and, after the first, the id in `x-appwrite-id`. Parts may come again, and in any order.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PART_BYTES = 5 * 1024 * 1024
_COPY_BYTES = 1024 * 1024
_RANGE = re.compile(r"\S+ (\d{1,18})-(\d{1,18})/(\d{1,18})")


@dataclass(frozen=True, slots=True)
class ContentRange:
    """Which bytes of a file a request carries: `start` to `end`, both included, of `size`."""

    start: int
    end: int
    size: int

    @property
    def part(self) -> int:
        """The number of the part, from 1."""
        return self.start // PART_BYTES + 1

    @property
    def parts(self) -> int:
        """How many parts the whole file has."""
        return max(1, -(-self.size // PART_BYTES))


def parse_content_range(header: str) -> ContentRange | None:
    """The range of a header such as `bytes 0-5242879/6291579`; None when it makes no sense."""
    found = _RANGE.fullmatch(header.strip())
    if found is None:
        return None
    start, end, size = (int(number) for number in found.groups())
    return ContentRange(start, end, size) if start <= end <= size and start < size else None


def write_whole(target: Path, content: Iterable[bytes]) -> int:
    """Writes a file so that a crash leaves the old one or the new one, never a part; returns its size."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(target.name + ".draft")
    with draft.open("wb") as out:
        size = sum(out.write(piece) for piece in content)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(target)
    return size


class Assembly:
    """The parts of one upload that have arrived so far, each a file of its own in a folder.

    What lies in the folder is the only memory, so an upload goes on after a restart, and a part that comes
    twice counts once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, number: int, content: bytes) -> int:
        """Keeps a part (from 1), replacing an earlier copy; returns how many parts there are now."""
        write_whole(self._folder / str(number), [content])
        return len(self._numbers())

    def finish(self, target: Path) -> int:
        """Puts the parts together as a file, drops them, and returns the file's size in bytes."""
        size = write_whole(target, self._content())
        self.discard()
        return size

    def discard(self) -> None:
        """Drops all parts."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _numbers(self) -> list[int]:
        if not self._folder.is_dir():
            return []
        return sorted(int(entry.name) for entry in self._folder.iterdir() if entry.name.isdigit())

    def _content(self) -> Iterator[bytes]:
        for number in self._numbers():
            with (self._folder / str(number)).open("rb") as part:
                while piece := part.read(_COPY_BYTES):
                    yield piece
