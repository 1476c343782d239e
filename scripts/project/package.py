"""A function's code as the tar.gz that is uploaded: the same files always give the same bytes."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pathspec

LARGEST_BYTES = 5_000_000


class PackageError(Exception):
    """The code cannot be uploaded; the message says why."""


def package(function: dict[str, Any], root: Path) -> bytes:
    """The code of a function of appwrite.json: its `path` without what its `ignore` names.

    Names, order, times, owners and modes depend on nothing but the files, so that a server may recognise
    code that it has built before.
    """
    folder = root / function.get("path", ".")
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for file in _files(folder, list(function.get("ignore", ()))):
            entry = tarfile.TarInfo(file.relative_to(folder).as_posix())
            entry.size = file.stat().st_size
            entry.mode = 0o755 if os.access(file, os.X_OK) else 0o644
            with file.open("rb") as content:
                tar.addfile(entry, content)
    if out.tell() > LARGEST_BYTES:
        raise PackageError(
            f"The code of {function['$id']} has {out.tell()} bytes; does its `ignore` miss something?"
        )
    return out.getvalue()


def _files(folder: Path, ignore: list[str]) -> Iterator[Path]:
    """Regular files in a stable order; an ignored folder is not entered, as with git."""
    ignored = pathspec.PathSpec.from_lines("gitignore", ignore)
    for at, folders, files in os.walk(folder):
        here = Path(at).relative_to(folder)
        folders[:] = sorted(
            name for name in folders if not ignored.match_file(f"{(here / name).as_posix()}/")
        )
        for name in sorted(files):
            path = Path(at) / name
            if path.is_file() and not path.is_symlink() and not ignored.match_file((here / name).as_posix()):
                yield path
