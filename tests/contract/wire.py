"""The wire in a transcript's terms: what was answered, and the files that are sent."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from typing import Any

import requests

_VALUED_ATTRIBUTES = ("path", "samesite")


class Answer:
    """A reply in the terms of a transcript."""

    def __init__(self, reply: requests.Response) -> None:
        self.status = reply.status_code
        self.headers = {name.lower(): value for name, value in reply.headers.items()}
        self.cookies: list[str] = reply.raw.headers.getlist("set-cookie")
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        self.content_type = kind or None
        self.body = body_of(reply.content, kind)

    def cookie_facts(self) -> dict[str, Any]:
        """By name: whether the value is empty, and the attributes, valued only where the value is a word."""
        facts = {}
        for line in self.cookies:
            (name, _, value), *attributes = (part.strip().partition("=") for part in line.split(";"))
            kept = sorted(
                f"{key}={word}" if word and key.lower() in _VALUED_ATTRIBUTES else key
                for key, _, word in attributes
            )
            facts[name] = {"empty": value in ("", "deleted"), "attributes": kept}
        return facts


def dig(value: Any, path: str) -> Any:
    """The part at a dotted path, such as `rows.0.$id`; `columns.*.status` is a list of every item's."""
    head, star, tail = path.partition(".*.")
    for part in head.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return [dig(item, tail) for item in value] if star else value


def leaves(value: Any) -> Iterator[Any]:
    """Every item of nested lists."""
    if isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def body_of(content: bytes, kind: str) -> Any:
    """JSON as it is, other text as `<text>`, everything else as `<bytes>`: its length and digest."""
    if not content:
        return ""
    if kind == "application/json" or kind.endswith("+json"):
        with contextlib.suppress(ValueError):
            return json.loads(content)
    if kind.startswith("text/"):
        with contextlib.suppress(UnicodeDecodeError):
            return {"<text>": content.decode()}
    return {"<bytes>": {"length": len(content), "sha256": hashlib.sha256(content).hexdigest()}}


def file_content(part: Mapping[str, Any]) -> bytes:
    """The bytes of a file of a form, which the transcript gives in one of four ways."""
    match part:
        case {"text": str(text)}:
            return text.encode()
        case {"base64": str(text)}:
            return base64.b64decode(text)
        case {"generate": {"bytes": int(size)}}:
            cut: dict[str, int] = part["generate"]
            return bytes((7 * (at % 251) + 3) % 251 for at in range(cut.get("from", 0), cut.get("to", size)))
        case {"targz": dict(files)}:
            return packed(files)
    raise ValueError(f"a file needs text, base64, generate or targz: {part}")


def packed(files: Mapping[str, str]) -> bytes:
    """A tar.gz of names and texts."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in files.items():
            entry, content = tarfile.TarInfo(name), text.encode()
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()
