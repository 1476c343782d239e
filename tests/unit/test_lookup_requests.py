"""What requests for bookings have to say."""

from __future__ import annotations

from typing import Any

import pytest
from boxoffice.contract.status_request import BookingStatusRequest, ListBookings
from boxoffice.domain.codes import Code
from boxoffice.lookup.look import Wanted

from tests.unit.lookups import refused


class TestRequests:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "action"),
            ({"action": "delete"}, "action"),
            ({"action": "get", "userId": "ann"}, "userId"),
            ({"action": "get", "bookingId": "a/b"}, "bookingId"),
            ({"action": "get", "reference": ""}, "reference"),
            ({"action": "get", "reference": 7}, "reference"),
            ({"action": "list", "limit": 0}, "limit"),
            ({"action": "list", "status": "lost"}, "status"),
            ({"action": "list", "bookingId": "bk"}, "bookingId"),
        ],
    )
    def test_what_is_wrong_is_named(self, body: dict[str, Any], field: str) -> None:
        error = refused(lambda: BookingStatusRequest.read(body))
        assert (error.code, error.details["field"]) == (Code.VALIDATION_ERROR, field)

    @pytest.mark.parametrize("action", ["get", "history", "transactions"])
    @pytest.mark.parametrize("names", [{}, {"bookingId": "bk-1", "reference": "7K3MPQ2X"}])
    def test_one_name_and_not_two(self, action: str, names: dict[str, str]) -> None:
        request = BookingStatusRequest.read({"action": action, **names})
        assert not isinstance(request, ListBookings)
        assert refused(request.wanted).details == {"field": "bookingId"}

    def test_a_reference_as_people_type_it(self) -> None:
        request = BookingStatusRequest.read({"action": "get", "reference": "7k3m pq2x"})
        assert not isinstance(request, ListBookings)
        assert request.wanted() == Wanted(None, "7K3MPQ2X")
