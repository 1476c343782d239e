"""Promo codes, as the database has them, remembered for a few seconds by a warm function."""

from collections.abc import Mapping
from typing import Any

from boxoffice.caching import Remembered
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Fatal
from boxoffice.domain.money import Money
from boxoffice.domain.pricing.quotes import AmountOff, PercentOff
from boxoffice.domain.promos import PromoCode, normalised, unknown
from boxoffice.ports import Row, Rows
from boxoffice.schema import Table
from boxoffice.times import from_text

KEEP_SECONDS = 10.0
"""How long an organiser's change may take to reach a warm function."""


class PromoCodes:
    """The promo codes, for one execution. `known` is shared by all of them."""

    def __init__(self, rows: Rows, known: Remembered[str, PromoCode]) -> None:
        self._rows = rows
        self._known = known

    async def find(self, code: str) -> PromoCode:
        """The promo code that is written like that. Raises `Rejected` with `PROMO_INVALID`."""
        name = normalised(code)

        async def read() -> PromoCode:
            found = await self._rows.find(Table.PROMO_CODES, {"code": name}, limit=1)
            if not found or found[0]["code"] != name:
                raise unknown()
            try:
                return _promo_code(found[0])
            except (KeyError, ValueError, TypeError) as error:
                raise Fatal(Code.SERVICE_UNAVAILABLE) from error

        return await self._known.get(name, read)


def _promo_code(row: Row) -> PromoCode:
    currency = row["currency"]
    return PromoCode(
        id=row["$id"],
        code=row["code"],
        off=_off(row),
        active=row["active"] is not False,
        event_ids=frozenset(row["eventIds"] or ()),
        ticket_type_ids=frozenset(row["ticketTypeIds"] or ()),
        minimum=None if row["minimum"] is None else Money(row["minimum"], currency),
        valid_from=_time(row, "validFrom"),
        valid_until=_time(row, "validUntil"),
        uses=row["uses"],
        uses_per_user=row["usesPerUser"],
        returned_on_cancellation=bool(row["returnedOnCancellation"]),
    )


def _off(row: Row) -> PercentOff | AmountOff:
    if (row["basisPoints"] is None) == (row["amount"] is None):
        raise ValueError("a promo code takes off either a percentage or an amount")
    if row["amount"] is None:
        return PercentOff(row["basisPoints"])
    return AmountOff(Money(row["amount"], row["currency"]))


def _time(row: Mapping[str, Any], column: str) -> Any:
    return None if row[column] is None else from_text(row[column])
