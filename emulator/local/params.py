"""Checks that only local routes need."""

from __future__ import annotations

import math
from typing import Any

from emulator.core.params import Check, InvalidValueError

MANY = 1_000_000_000


def number(minimum: float, maximum: float) -> Check:
    """A number in a range, as a JSON number or as a text."""

    def check(value: Any) -> float:
        try:
            out = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            out = math.nan
        if not minimum <= out <= maximum:
            raise InvalidValueError(f"must be a number from {minimum} to {maximum}")
        return out

    return check
