"""Requests with an action: what is wrong is named, and what is allowed is said."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from boxoffice.contract.managing_request import ManageRequest
from boxoffice.contract.reports import ReportsRequest
from boxoffice.contract.status_request import BookingStatusRequest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected

REQUESTS = (ManageRequest, ReportsRequest, BookingStatusRequest)
BLOCK = {"action": "blockUnits", "reason": "Broken.", "showtimeId": "friday", "seats": ["A1"]}
TIME = {"action": "blockUnits", "reason": "Broken.", "serviceId": "studio"}


def refused(request: Any, body: dict[str, Any]) -> Rejected:
    with pytest.raises(Rejected) as refusal:
        request.read(body)
    assert refusal.value.code is Code.VALIDATION_ERROR
    details = refusal.value.details
    assert refusal.value.message == f"{details['field']} {details['allowed']}."
    return refusal.value


@pytest.mark.parametrize("request_model", REQUESTS)
def test_every_field_of_every_action_says_what_is_allowed_in_it(request_model: Any) -> None:
    for model in get_args(request_model.model_fields["root"].annotation):
        action = get_args(model.model_fields["action"].annotation)[0]
        for name, field in model.model_fields.items():
            if name == "action":
                continue
            sent = field.alias or name
            needed = {
                other.alias or key: "x" * 8
                for key, other in model.model_fields.items()
                if other.is_required() and key not in ("action", name)
            }
            # Another field before it may be wrong: then that one is named.
            refusal = refused(request_model, {**needed, "action": action, sent: {"\x00": [None]}})
            assert "is missing or not allowed" not in refusal.message, (action, refusal.details)


@pytest.mark.parametrize("request_model", REQUESTS)
@pytest.mark.parametrize("body", [{}, {"action": "dropEverything"}, {"action": 5}, {"action": None}])
def test_the_actions_are_listed(request_model: Any, body: dict[str, Any]) -> None:
    refusal = refused(request_model, body)
    assert refusal.details["field"] == "action"
    for model in get_args(request_model.model_fields["root"].annotation):
        assert get_args(model.model_fields["action"].annotation)[0] in refusal.details["allowed"]


@pytest.mark.parametrize(
    ("body", "field", "allowed"),
    [
        ({"action": "listBlocks", "limit": 51}, "limit", "1 to 50"),
        ({**BLOCK, "reason": "?"}, "reason", "3 to 500"),
        ({**BLOCK, "requestId": "seven-7"}, "requestId", "8 to 64"),
        ({**BLOCK, "rows": [{"section": "S"}]}, "rows", "section"),
        ({**BLOCK, "urgent": True}, "urgent", "is not a field of blockUnits"),
        ({"action": "moveBooking", "bookingId": "bk-1", "reason": "Broken.", "tickets": {}}, "tickets", "B5"),
        ({**TIME, "from": "0001-01-01T00:00:00+14:00", "to": "2030-01-01T00:00:00Z"}, "from", "2000 to 2099"),
        ({**TIME, "from": "2030-01-01T00:00:00Z", "to": "9999-12-31T23:59:59-12:00"}, "to", "2000 to 2099"),
        ({**TIME, "from": 5, "to": "2030-01-01T00:00:00Z"}, "from", "time zone"),
    ],
)
def test_what_is_allowed_is_said(body: dict[str, Any], field: str, allowed: str) -> None:
    refusal = refused(ManageRequest, body)
    assert refusal.details["field"] == field
    assert allowed in refusal.message
