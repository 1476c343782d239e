"""The media type of a content, judged by its first bytes and never by its name, as the real server does."""

from __future__ import annotations

import json
import re

SNIFF_BYTES = 1024 * 1024
OCTETS = "application/octet-stream"

_SIGNATURES = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (0, b"\x00\x00\x01\x00", "image/vnd.microsoft.icon"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (8, b"WAVE", "audio/x-wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftypM4A", "audio/x-m4a"),
    (4, b"ftyp", "video/mp4"),
    (257, b"ustar", "application/x-tar"),
)
_OFFICE = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_MARKUP = (
    (re.compile(r"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!doctype svg[^>]*>\s*)?<svg[\s>]", re.I | re.S),
     "image/svg+xml"),
    (re.compile(r"<\?xml", re.I), "text/xml"),
    (re.compile(r"<(?:!doctype html|html|head|title|body)[\s>]", re.I), "text/html"),
    (re.compile(r"<\?php", re.I), "text/x-php"),
    (re.compile(r"#!\s*/(?:usr/)?bin/(?:env )?(?:ba)?sh\b"), "text/x-shellscript"),
    (re.compile(r"#!\s*/(?:usr/)?bin/(?:env )?python"), "text/x-script.python"),
)  # fmt: skip
_NOT_TEXT = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")

SHOWN_IN_BROWSERS = frozenset(
    {
        "image/jpeg", "image/gif", "image/png", "image/webp", "image/heic", "image/heic-sequence",
        "image/avif", "video/mp4", "video/x-flv", "video/webm", "video/MP2T", "video/3gpp", "video/quicktime",
        "video/x-msvideo", "video/x-ms-wmv", "audio/basic", "audio/mid", "audio/mpeg", "audio/mp4",
        "audio/x-aiff", "audio/x-mpegurl", "audio/ogg", "audio/vorbis", "audio/vnd.wav", "audio/x-wav",
        "audio/aac", "audio/x-hx-aac-adts", "application/x-mpegURL", "application/pdf", "application/msword",
        "application/vnd.ms-excel", "application/vnd.ms-access", *(kind for _, kind in _OFFICE),
    }
)  # fmt: skip


def sniff(head: bytes, whole: bool) -> str:
    """The media type of a content that begins with `head`; whole: there is no more of it."""
    if not head:
        return "application/x-empty"
    if head.startswith(b"PK\x03\x04"):
        is_office = b"[Content_Types].xml" in head
        return next((kind for folder, kind in _OFFICE if is_office and folder in head), "application/zip")
    for at, signature, kind in _SIGNATURES:
        if head.startswith(signature, at):
            return kind
    if _NOT_TEXT.search(head):
        return OCTETS
    return _text_kind(head, whole)


def _text_kind(head: bytes, whole: bool) -> str:
    text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    for pattern, kind in _MARKUP:
        if pattern.match(text):
            return kind
    if whole and text[:1] in ("{", "["):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return "text/plain"
        return "application/json"
    return "text/csv" if _is_csv(text.splitlines()[:10]) else "text/plain"


def _is_csv(lines: list[str]) -> bool:
    """Two lines or more with the same number of commas."""
    counts = {line.count(",") for line in lines}
    return len(lines) > 1 and len(counts) == 1 and 0 not in counts
