"""Requests: whatever is sent is either understood or refused by name, and never believed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from boxoffice.bookings.book import Wish
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.contract.body import MAX_BYTES, read_object
from boxoffice.contract.booking import BookTicketRequest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.selection import SomeTickets
from hypothesis import given
from hypothesis import strategies as st

GOOD: dict[str, Any] = {"eventId": "concert", "ticketTypeId": "standing", "quantity": 2, "paymentId": "pay_1"}

ANDROID = {
    "userId": "ann",
    "eventId": "concert",
    "eventName": "Concert",
    "eventSubName": "",
    "eventDate": "1 Jan 2030",
    "eventTime": "19:00",
    "eventLocation": "Hall",
    "totalAmountPaid": "1",
    "pricePerTicket": "1",
    "imageFileId": "x",
    "category": "Music",
    "quantity": "2",
    "paymentId": "pay_29QQoUBi66xm2f",
    "subtotal": "1",
    "taxGST": "0",
    "internetHandlingFee": "0",
    "ticketTypeName": "Standing",
    "qrCodeFileId": "evil",
    "ticketId": "evil",
}


def read(body: bytes) -> BookTicketRequest:
    return BookTicketRequest.read(read_object(body))


def refusal(value: object) -> Rejected:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(Rejected) as refused:
        read(body)
    return refused.value


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name != field}


def test_the_new_form() -> None:
    request = BookTicketRequest.read(GOOD)
    assert (request.event_id, request.ticket_type_id, request.quantity) == ("concert", "standing", 2)


def test_the_android_form_keeps_working_and_nothing_it_computed_is_kept() -> None:
    request = BookTicketRequest.read(ANDROID)
    wanted = SomeTickets("concert", None, "Standing", 2)
    assert request.wish() == Wish((wanted,), PaymentClaim("pay_29QQoUBi66xm2f"))
    assert request.user_id == "ann"


@pytest.mark.parametrize("field", ["ticketTypeId", "orderId", "signature", "userId"])
def test_an_empty_text_is_no_value(field: str) -> None:
    BookTicketRequest.read({**GOOD, "ticketTypeName": "Standing", field: "  "})


@pytest.mark.parametrize(
    "quantity", [0, -1, 11, 10**30, True, False, 1.0, 2.5, "0", "11", "2.0", "1e1", "٢", "two"]
)
@pytest.mark.parametrize("form", [GOOD, ANDROID])
def test_quantities_that_are_none(quantity: object, form: dict[str, Any]) -> None:
    error = refusal({**form, "quantity": quantity})
    assert error.code is Code.INVALID_QUANTITY
    assert error.details["field"] == "quantity"
    assert "1 to 10" in error.message


@pytest.mark.parametrize("quantity", [None, [], {}, "", " ", [1], {"a": 1}, "9" * 5_000])
def test_quantities_of_another_kind(quantity: object) -> None:
    assert refusal({**GOOD, "quantity": quantity}).code is Code.INVALID_QUANTITY


@pytest.mark.parametrize("field", ["eventId", "paymentId", "ticketTypeId"])
@pytest.mark.parametrize(
    "value",
    [
        1,
        True,
        [],
        {},
        "$leading",
        "a" * 65,
        "nul\x00",
        "line\n",
        "emoji🎫",
        "\ud800",
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        ["concert"],
    ],
)
def test_ids_that_are_none(field: str, value: object) -> None:
    error = refusal({**GOOD, field: value})
    assert error.code is Code.VALIDATION_ERROR
    assert error.details["field"] == field
    assert field in error.message
    assert error.details["allowed"] in error.message


@pytest.mark.parametrize("field", ["eventId", "quantity", "ticketTypeId"])
def test_what_is_missing_is_named(field: str) -> None:
    assert refusal(without(field)).details["field"] == field


def test_what_was_sent_is_never_repeated() -> None:
    for field in GOOD:
        error = refusal({**GOOD, field: "<script>"})
        assert "script" not in json.dumps([error.message, error.details])


def test_an_order_and_its_signature_come_together() -> None:
    assert refusal({**GOOD, "orderId": "order_1"}).details["field"] == "signature"
    assert refusal({**GOOD, "signature": "abc"}).details["field"] == "orderId"
    BookTicketRequest.read({**GOOD, "orderId": "order_1", "signature": "ab12"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"{",
        b"[]",
        b'"text"',
        b"1",
        b"null",
        b"NaN",
        b"\xff\xfe{}",
        json.dumps(GOOD).encode("utf-16"),
        "é".encode("latin-1"),
        b"[" * 10_000,
        b'{"a":' * 3_000,
        b"1" * 10_000,
        b"\x00",
        b"\xef\xbb\xbf{}",
    ],
)
def test_bodies_that_are_no_object(body: bytes) -> None:
    error = refusal(body)
    assert error.code is Code.VALIDATION_ERROR
    assert error.details["field"] == "body"


def test_a_large_body_is_refused_before_it_is_decoded() -> None:
    error = refusal(b"\xff" * (MAX_BYTES + 1))
    assert str(MAX_BYTES) in error.message
    assert refusal({**GOOD, "note": "x" * 1_000_000}).details["field"] == "body"


@given(st.binary(max_size=200))
def test_any_bytes(body: bytes) -> None:
    try:
        read(body)
    except Rejected as error:
        assert error.rule.status == 400


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys({**GOOD, **ANDROID, "orderId": 1}, json_values)))
def test_any_values(fields: dict[str, Any]) -> None:
    try:
        request = read(json.dumps({**GOOD, **fields}).encode())
    except Rejected as error:
        assert error.rule.status == 400
        assert error.details["field"] in {*GOOD, *ANDROID, "orderId", "signature", "body"}
    else:
        assert request.quantity is not None
        assert 1 <= request.quantity <= 10


def test_the_schema_can_be_published() -> None:
    schema = BookTicketRequest.model_json_schema(by_alias=True)
    assert {"required": ["bookingId"]} in schema["anyOf"]
    assert '"integer"' in json.dumps(schema["properties"]["quantity"])
