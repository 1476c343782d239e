"""A client that goes away in the middle of its request has asked for nothing."""

from __future__ import annotations

import base64
import socket
from urllib.parse import urlsplit

import pytest

from tests.support.local_server import Http, LocalServer
from tests.support.payments import PRICE, make, movements


@pytest.mark.parametrize("sent", [b"", b'{"amount": 5'], ids=["no body", "half a body"])
def test_a_refund_whose_client_dies_before_it_has_said_how_much_is_none(
    server: LocalServer, local: Http, sent: bytes
) -> None:
    payment = make(local, status="captured")
    gateway = server.ready.razorpay
    key = base64.b64encode(f"{gateway['keyId']}:{gateway['keySecret']}".encode()).decode()
    place = urlsplit(gateway["url"])
    path = f"{place.path}/v1/payments/{payment['id']}/refund"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Basic {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: 17\r\n\r\n"
    )
    with socket.create_connection((place.hostname or "", place.port or 80), timeout=5) as connection:
        connection.sendall(head.encode() + sent)
        connection.shutdown(socket.SHUT_WR)
        # Until the server has done with it.
        while connection.recv(4096):
            pass
    assert movements(local, payment["id"]) == [("captured", PRICE)]
