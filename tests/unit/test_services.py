from __future__ import annotations

from datetime import UTC, date
from typing import Any

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.services import OpeningHours, Period, Service

NINE_TO_FIVE = OpeningHours({0: (Period(9 * 60, 17 * 60),)})


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [
        ("09:00-17:30", 540, 1050),
        (" 9:05-10:00 ", 545, 600),
        ("00:00-24:00", 0, 1440),
        ("22:00-02:00", 1320, 1560),
        ("06:00-06:00", 360, 1800),
    ],
)
def test_periods(text: str, opens: int, closes: int) -> None:
    assert Period.read(text) == Period(opens, closes)


@pytest.mark.parametrize(
    "text", ["", "9-17", "24:00-25:00", "09:60-10:00", "09:00-10:60", "09:00-24:01", "٠٩:00-10:00"]
)
def test_periods_that_are_refused(text: str) -> None:
    with pytest.raises(Rejected) as error:
        Period.read(text)
    assert error.value.code is Code.VALIDATION_ERROR


def test_hours_of_a_week_and_of_single_days() -> None:
    hours = OpeningHours.read({"mon": ["09:00-17:00"], "exceptions": {"2030-06-10": []}})
    assert hours.on(date(2030, 6, 3)) == (Period(540, 1020),)
    assert hours.on(date(2030, 6, 4)) == ()
    assert hours.on(date(2030, 6, 10)) == ()


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (None, "hours"),
        ({"monday": []}, "hours"),
        ({"mon": "09:00-17:00"}, "hours.mon"),
        ({"mon": [9]}, "hours.mon"),
        ({"mon": ["nine"]}, "hours"),
        ({"exceptions": []}, "hours.exceptions"),
        ({"exceptions": {"Christmas": []}}, "hours.exceptions"),
        ({"exceptions": {"2030-12-25": None}}, "hours.exceptions"),
    ],
)
def test_hours_that_are_refused(value: Any, field: str) -> None:
    with pytest.raises(Rejected) as error:
        OpeningHours.read(value)
    assert error.value.details["field"] == field


def service(**changed: Any) -> Service:
    fields: dict[str, Any] = {"hours": NINE_TO_FIVE, "durations": (60,), "step": 60, **changed}
    return Service("studio", UTC, **fields)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"granularity": 60}, "granularity"),
        ({"granularity": 0}, "granularity"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": 1_001}, "capacity"),
        ({"step": 0}, "step"),
        ({"step": 20}, "step"),
        ({"durations": (50,)}, "durations"),
        ({"durations": (-60,)}, "durations"),
        ({"durations": ()}, "durations"),
        ({"buffer_before": 10}, "bufferBefore"),
        ({"buffer_after": -15}, "bufferAfter"),
        ({"hours": OpeningHours({0: (Period(545, 600),)})}, "hours"),
    ],
)
def test_services_that_do_not_fit_together(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as error:
        service(**changed)
    assert error.value.details["field"] == field
