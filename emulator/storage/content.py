"""The content of files: to view in a browser or to download, whole or a range of its bytes."""

from __future__ import annotations

import re
from pathlib import Path

from emulator.core.context import Context
from emulator.core.errors import ApiError
from emulator.core.http import Reply
from emulator.core.store import Row
from emulator.storage.access import readable_file
from emulator.storage.files import content_path, is_whole
from emulator.storage.mime import SHOWN_IN_BROWSERS

LARGEST_RANGE = 20_000_000
_OPEN_RANGE_OF_DOWNLOAD = 10 * 1024 * 1024
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")
_KEPT_FOR_45_DAYS = "private, max-age=3888000"


def view_file(ctx: Context) -> Reply:
    """GET …/files/{fileId}/view: inline; what a browser should not run comes as plain text."""
    bucket, file = readable_file(ctx)
    shown_as = file["mime_type"] if file["mime_type"] in SHOWN_IN_BROWSERS else "text/plain"
    reply = _content(ctx, bucket, file, shown_as, LARGEST_RANGE)
    reply.headers["content-disposition"] = f'inline; filename="{_in_header(file["name"])}"'
    reply.headers["content-security-policy"] = "script-src none;"
    return reply


def download_file(ctx: Context) -> Reply:
    """GET …/files/{fileId}/download: as an attachment of its own media type."""
    bucket, file = readable_file(ctx)
    reply = _content(ctx, bucket, file, file["mime_type"], _OPEN_RANGE_OF_DOWNLOAD)
    reply.headers["content-disposition"] = f'attachment; filename="{_in_header(file["name"])}"'
    return reply


def preview_file(ctx: Context) -> Reply:
    """GET …/files/{fileId}/preview: 501, after the refusals that do not depend on images."""
    readable_file(ctx)
    raise ApiError("general_route_not_emulated", "Previews of images are not emulated here; view the file.")


def _in_header(name: str) -> str:
    """A name as the UTF-8 bytes that the real server sends, without what would end the header."""
    return re.sub(r"[\x00-\x1f\x7f]", "", name).encode("utf-8", "replace").decode("latin-1")


def _content(ctx: Context, bucket: Row, file: Row, media_type: str, open_range: int) -> Reply:
    path = content_path(ctx.server, bucket, file)
    if not is_whole(file) or not path.exists():
        raise ApiError("storage_file_not_found", "The file's content has not come completely.")
    headers = {"cache-control": _KEPT_FOR_45_DAYS}
    asked = ctx.request.headers.get("range", "")
    if not asked:
        return Reply(200, path.read_bytes(), media_type, headers)
    start, end = _range(asked, file["size"], open_range)
    headers |= {"accept-ranges": "bytes", "content-range": f"bytes {start}-{end}/{file['size']}"}
    return Reply(206, _read(path, start, end), media_type, headers)


def _range(header: str, size: int, open_range: int) -> tuple[int, int]:
    """First and last byte. The real server refuses a range of a single byte, so this one does."""
    found = _RANGE.fullmatch(header)
    if found is not None:
        start = int(found[1])
        end = int(found[2]) if found[2] else None
        if end is None or end - start > LARGEST_RANGE:
            end = min(start + open_range - 1, size - 1)
        if start < end < size:
            return start, end
    raise ApiError("storage_invalid_range", "The range is not one of two bytes or more of this file.")


def _read(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as content:
        content.seek(start)
        return content.read(end - start + 1)
