"""Cron expressions, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

_FIELDS = 5
_SHORT = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


def is_cron(text: str) -> bool:
    """Whether a text is an expression of five fields (minute first) or a short name."""
    expression = _SHORT.get(text.lower(), text)
    if len(expression.split()) != _FIELDS:
        return False
    try:
        CronSim(expression, datetime.now(UTC))
    except CronSimError:
        return False
    return True


def next_time(text: str, after: float) -> float:
    """The first moment of a valid expression after another moment; both are Unix times."""
    return next(CronSim(_SHORT.get(text.lower(), text), datetime.fromtimestamp(after, UTC))).timestamp()
