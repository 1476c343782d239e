"""Storage: uploads that survive repetition, disorder and a kill, and what comes back of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.emulator.people import new_person, refusal
from tests.support.local_server import Http, LocalServer, ok

PART = 5 * 1024 * 1024
FILES = "/storage/buckets/b/files"
BUCKET = {"bucketId": "b", "name": "B"}


@pytest.fixture
def bucket(http: Http) -> Iterator[str]:
    """The path of an empty bucket's files."""
    ok(http.post("/storage/buckets", BUCKET))
    yield FILES
    ok(http.delete("/storage/buckets/b"))


def content(size: int) -> bytes:
    """Bytes that differ from place to place, so that swapped parts are noticed."""
    return b"".join(at.to_bytes(8, "big") for at in range(-(-size // 8)))[:size]


def upload(http: Http, file_id: str, data: bytes, name: str = "f.bin", **fields: str) -> requests.Response:
    return http.call("POST", FILES, data={"fileId": file_id, **fields}, files={"file": (name, data)})


def upload_part(http: Http, file_id: str, data: bytes, number: int) -> requests.Response:
    start, end = number * PART, min(len(data), (number + 1) * PART) - 1
    part = data[start : end + 1]
    headers = {"content-range": f"bytes {start}-{end}/{len(data)}", "x-appwrite-id": file_id}
    return http.call(
        "POST", FILES, data={"fileId": file_id}, files={"file": ("f.bin", part)}, headers=headers
    )


def downloaded(http: Http, file_id: str, headers: dict[str, str] | None = None) -> requests.Response:
    return http.get(f"{FILES}/{file_id}/download", headers=headers)


def on_disk(server: LocalServer) -> list[Path]:
    return [path for path in (server.data_dir / "storage").rglob("*") if path.is_file()]


def test_parts_in_any_order_and_twice_make_one_file(http: Http, bucket: str) -> None:
    data = content(2 * PART + 100)
    for number, arrived in ((2, 1), (0, 2), (2, 2), (0, 2)):
        file = ok(upload_part(http, "f", data, number))
        assert (file["chunksUploaded"], file["chunksTotal"], file["signature"]) == (arrived, 3, "")
    file = ok(upload_part(http, "f", data, 1))
    assert file["chunksUploaded"] == 3
    assert file["signature"] == hashlib.md5(data).hexdigest()
    assert downloaded(http, "f").content == data
    assert upload_part(http, "f", data, 1).status_code == 200


def test_an_upload_goes_on_after_a_kill(fresh_server: LocalServer, fresh_http: Http) -> None:
    data = content(PART + 1)
    ok(fresh_http.post("/storage/buckets", BUCKET))
    ok(upload_part(fresh_http, "f", data, 0))
    fresh_server.kill()
    fresh_server.restart()
    ok(upload_part(fresh_http, "f", data, 1))
    fresh_server.kill()
    fresh_server.restart()
    assert downloaded(fresh_http, "f").content == data
    assert len(on_disk(fresh_server)) == 1


def test_nothing_is_left_of_what_was_deleted(fresh_server: LocalServer, fresh_http: Http) -> None:
    ok(fresh_http.post("/storage/buckets", BUCKET))
    ok(upload(fresh_http, "whole", b"x"))
    ok(upload_part(fresh_http, "begun", content(PART + 1), 0))
    assert len(on_disk(fresh_server)) == 2
    for left, name in ((1, "begun"), (0, "whole")):
        ok(fresh_http.delete(f"{FILES}/{name}"))
        assert len(on_disk(fresh_server)) == left
    ok(upload(fresh_http, "another", b"x"))
    ok(fresh_http.delete("/storage/buckets/b"))
    assert on_disk(fresh_server) == []
    ok(fresh_http.post("/storage/buckets", BUCKET))
    assert ok(fresh_http.get(FILES)) == {"total": 0, "files": []}


def test_a_refused_upload_leaves_nothing(http: Http, bucket: str, server: LocalServer) -> None:
    ok(upload(http, "f", b"first"))
    before = on_disk(server)
    assert refusal(upload(http, "F", b"second")) == (409, "storage_file_already_exists")
    assert on_disk(server) == before
    assert downloaded(http, "f").content == b"first"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-1", b"01"),
        ("bytes=8-9", b"89"),
        ("bytes=7-", b"789"),
        ("bytes=0-0", None),
        ("bytes=9-", None),
        ("bytes=5-4", None),
        ("bytes=0-10", None),
        ("bytes=-3", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("nonsense", None),
    ],
)
def test_ranges(http: Http, bucket: str, asked: str, expected: bytes | None) -> None:
    ok(upload(http, "f", b"0123456789"))
    reply = downloaded(http, "f", {"range": asked})
    if expected is None:
        assert refusal(reply) == (416, "storage_invalid_range")
    else:
        assert (reply.status_code, reply.content) == (206, expected)
        start = b"0123456789".index(expected)
        assert reply.headers["content-range"] == f"bytes {start}-{start + len(expected) - 1}/10"


@pytest.mark.parametrize(
    ("data", "media_type", "viewed_as"),
    [
        (b"", "application/x-empty", "text/plain"),
        (b"plain", "text/plain", "text/plain"),
        ("ünïcode".encode(), "text/plain", "text/plain"),
        (b'{"a": 1}', "application/json", "text/plain"),
        (b"<!DOCTYPE html><html></html>", "text/html", "text/plain"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml", "text/plain"),
        (b"a,b\n1,2\n", "text/csv", "text/plain"),
        (b"%PDF-1.7\n", "application/pdf", "application/pdf"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg", "image/jpeg"),
        (b"\x1f\x8b\x08\0", "application/gzip", "text/plain"),
        (b"\0\1\2", "application/octet-stream", "text/plain"),
    ],
)
def test_the_content_decides_the_media_type(
    http: Http, bucket: str, data: bytes, media_type: str, viewed_as: str
) -> None:
    assert ok(upload(http, "f", data, name="picture.png"))["mimeType"] == media_type
    assert downloaded(http, "f").headers["content-type"] == media_type
    viewed = http.get(f"{FILES}/f/view")
    assert (viewed.headers["content-type"], viewed.content) == (viewed_as, data)


def test_names_travel_as_utf_8(http: Http, bucket: str) -> None:
    assert ok(upload(http, "f", b"x", name="Straße ☂.txt"))["name"] == "Straße ☂.txt"
    header = downloaded(http, "f").headers["content-disposition"]
    assert header.encode("latin-1").decode() == 'attachment; filename="Straße ☂.txt"'


@pytest.mark.parametrize(
    ("headers", "type_"),
    [
        ({"content-range": "bytes 0-5/3"}, "storage_invalid_content_range"),
        ({"content-range": "bytes 0-1"}, "storage_invalid_content_range"),
        ({"content-range": "bytes 0-1/*"}, "storage_invalid_content_range"),
        ({"content-range": "bytes 0-1/2", "x-appwrite-id": "_no"}, "storage_invalid_appwrite_id"),
        ({"content-range": "bytes 0-1/30000001"}, "storage_invalid_file_size"),
    ],
)
def test_parts_that_make_no_sense(http: Http, bucket: str, headers: dict[str, str], type_: str) -> None:
    reply = http.call("POST", FILES, data={"fileId": "f"}, files={"file": ("f", b"xy")}, headers=headers)
    assert refusal(reply) == (400, type_)
    assert ok(http.get(FILES))["total"] == 0


def test_large_files_are_neither_compressed_nor_encrypted(http: Http) -> None:
    ok(http.post("/storage/buckets", {**BUCKET, "compression": "gzip"}))
    small = ok(upload(http, "small", content(20_000_000)))
    large = ok(upload(http, "large", content(20_000_001)))
    ok(http.delete("/storage/buckets/b"))
    assert (small["encryption"], small["compression"]) == (True, "gzip")
    assert (large["encryption"], large["compression"]) == (False, "none")


def test_previews_say_that_they_are_not_emulated(http: Http, bucket: str) -> None:
    ok(upload(http, "f", b"x"))
    assert refusal(http.get(f"{FILES}/f/preview")) == (501, "general_route_not_emulated")
    assert refusal(http.get(f"{FILES}/none/preview")) == (404, "storage_file_not_found")


class TestFileSecurity:
    """A bucket where users may create, and everything else is said on the file."""

    @pytest.fixture(autouse=True)
    def secured(self, http: Http) -> Iterator[None]:
        secured: dict[str, Any] = {"permissions": ['create("users")'], "fileSecurity": True}
        ok(http.post("/storage/buckets", {**BUCKET, **secured}))
        yield
        ok(http.delete("/storage/buckets/b"))

    def test_owners_change_and_others_do_not(self, server: LocalServer, http: Http) -> None:
        ann, bob = new_person(server, http), new_person(server, http)
        anns, bobs = ann.sign_in(), bob.sign_in()
        ok(upload(anns, "f", b"x"))
        assert ok(anns.put(f"{FILES}/f", {"name": "new.txt"}))["name"] == "new.txt"
        assert refusal(bobs.put(f"{FILES}/f", {"name": "no"})) == (401, "user_unauthorized")
        foreign = {"permissions": [f'read("user:{bob.id}")']}
        assert refusal(anns.put(f"{FILES}/f", foreign)) == (401, "user_unauthorized")
        assert refusal(bobs.get(f"{FILES}/f")) == (404, "storage_file_not_found")
        ok(anns.put(f"{FILES}/f", {"permissions": ['read("users")']}))
        assert ok(bobs.get(f"{FILES}/f"))["name"] == "new.txt"
        assert refusal(anns.delete(f"{FILES}/f")) == (401, "user_unauthorized")

    def test_lists_and_totals_hold_what_may_be_read(
        self, server: LocalServer, http: Http, guest: Http
    ) -> None:
        anns = new_person(server, http).sign_in()
        for name in ("one", "two"):
            ok(upload(anns, name, b"x"))
        ok(upload(http, "open", b"x", **{"permissions[]": 'read("any")'}))
        ok(upload(http, "closed", b"x"))
        assert [file["$id"] for file in ok(anns.get(FILES))["files"]] == ["one", "two", "open"]
        assert ok(guest.get(FILES))["total"] == 1
        assert ok(http.get(FILES))["total"] == 4

    def test_nobody_but_the_server_sees_a_disabled_bucket(self, http: Http, guest: Http) -> None:
        ok(upload(http, "open", b"x", **{"permissions[]": 'read("any")'}))
        assert guest.get(f"{FILES}/open/view").content == b"x"
        ok(http.put("/storage/buckets/b", {"name": "B", "fileSecurity": True, "enabled": False}))
        assert refusal(guest.get(f"{FILES}/open/view")) == (404, "storage_bucket_not_found")
        assert http.get(f"{FILES}/open/view").content == b"x"


@pytest.mark.parametrize(
    "query",
    ["{", '{"method":"equal","attribute":"colour","values":["x"]}', '{"method":"select","values":["*"]}'],
)
@pytest.mark.parametrize("path", ["/storage/buckets", FILES, "/messaging/topics", "/messaging/messages"])
def test_lists_take_queries_about_what_they_have(http: Http, bucket: str, path: str, query: str) -> None:
    reply = http.get(path, params={"queries[]": query})
    assert refusal(reply) == (400, "general_argument_invalid")
