"""The archive of reports over HTTP, against a stand-in for S3 that enforces write-once."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator

import boto3  # type: ignore[import-untyped]
import pytest
from boxoffice.adapters.s3 import S3Archive
from boxoffice.adapters.threads import Threads
from boxoffice.domain.errors import Ambiguous, Fatal
from boxoffice.saga.timing import TimeBudget
from boxoffice.settings import ArchiveSettings
from moto.server import ThreadedMotoServer

from tests.unit.shop import PRICE, Shop, broken

KEY = {"aws_access_key_id": "id", "aws_secret_access_key": "secret", "region_name": "us-east-1"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def archive(endpoint: str, bucket: str = "reports") -> S3Archive:
    settings = ArchiveSettings(bucket, endpoint, "us-east-1", "id", "secret")
    return S3Archive(settings, Threads(2), TimeBudget(time.monotonic, total=20.0, reserve=0.0))


@pytest.fixture
def empty(endpoint: str) -> S3Archive:
    s3 = boto3.resource("s3", endpoint_url=endpoint, **KEY)
    s3.create_bucket(Bucket="reports")
    s3.Bucket("reports").objects.all().delete()
    return archive(endpoint)


def test_what_is_put_can_be_listed_read_and_deleted(empty: S3Archive) -> None:
    for name in ("b.json", "a.json"):
        asyncio.run(empty.put_once(name, name.encode()))
    assert asyncio.run(empty.names(10)) == ["a.json", "b.json"]
    assert asyncio.run(empty.names(1)) == ["a.json"]
    assert asyncio.run(empty.get("a.json")) == b"a.json"
    asyncio.run(empty.delete("a.json"))
    assert asyncio.run(empty.get("a.json")) is None
    asyncio.run(empty.delete("a.json"))


def test_the_first_content_stays(empty: S3Archive) -> None:
    asyncio.run(empty.put_once("a.json", b"first"))
    asyncio.run(empty.put_once("a.json", b"second"))
    assert asyncio.run(empty.get("a.json")) == b"first"


def test_a_bucket_that_is_not_there_is_a_broken_server(endpoint: str) -> None:
    with pytest.raises(Fatal):
        asyncio.run(archive(endpoint, "nowhere").put_once("a.json", b""))


def test_an_archive_that_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        with pytest.raises(Ambiguous):
            asyncio.run(archive(f"http://127.0.0.1:{port}").names(1))
    assert time.monotonic() - began < 8.0


def test_a_report_goes_there_and_comes_back(empty: S3Archive) -> None:
    shop = Shop()
    shop.archive = empty
    shop.world.fail_always("put rollback_reports", broken)
    shop.gateway.pay("pay_1", PRICE)
    shop.world.fail("put orders", broken)
    shop.failed()
    assert len(asyncio.run(empty.names(10))) == 1
    shop.world.faults.clear()
    assert shop.sweep().reports_restored == 1
    assert [report["failedStep"] for report in shop.reports()] == ["order"]
    assert asyncio.run(empty.names(10)) == []
