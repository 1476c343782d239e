"""Files in Appwrite, down to the bytes of a request."""

from __future__ import annotations

from tests.unit.appwrite_server import TIMEOUT, Server
from tests.unit.running import run


class TestFiles:
    def test_stored_for_one_reader(self) -> None:
        server = Server((201, {"$id": "qr-1"}))
        run(server.files.store("qr-1", "ticket.png", b"PNG", "ann"))
        request = server.wire.requests[0]
        assert server.wire.sent == ["POST /v1/storage/buckets/tickets/files"]
        assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
        assert isinstance(request.body, bytes)
        for part in (b"PNG", b'name="permissions[0]"', b'read("user:ann")', b'filename="ticket.png"'):
            assert part in request.body

    def test_stored_before(self) -> None:
        server = Server(TIMEOUT, (409, {"message": "m", "code": 409, "type": "storage_file_already_exists"}))
        run(server.files.store("qr-1", "ticket.png", b"PNG", "ann"))

    def test_deleted_before(self) -> None:
        server = Server((404, {"message": "m", "code": 404, "type": "storage_file_not_found"}))
        run(server.files.delete("qr-1"))
        assert server.wire.sent == ["DELETE /v1/storage/buckets/tickets/files/qr-1"]

    def test_deleted(self) -> None:
        run(Server((204, b"")).files.delete("qr-1"))
