"""What must be true of tickets that were given back: a part of the books, as independent of the library."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GivenBack:
    """The cancellations of one booking, and the fates of its tickets."""

    cancellations: Sequence[Row]
    fates: Sequence[Row]

    @property
    def tickets(self) -> set[str]:
        """The ids of the tickets that are void."""
        return {row["$id"] for row in self.fates if row["kind"] == "cancelled"}

    @property
    def refunds(self) -> list[int]:
        """What has gone back, cancellation by cancellation."""
        done = [row["refund"] for row in self.cancellations if row["state"] == "done"]
        return sorted(refund for refund in done if refund)

    def problems(self, booking: Row, papers: Mapping[str, Sequence[Row]]) -> Iterator[str]:
        """A sentence for everything that is not as it must be."""
        name, void = f"booking {booking['$id']}", self.tickets
        shown = {row["$id"] for row in papers["tickets"] if row["status"] != "valid"}
        if shown != void:
            yield f"{name}: {sorted(shown)} are shown as cancelled, and {sorted(void)} are"
        if (booking["status"] == "cancelled") != (len(void) == booking["quantity"]):
            yield f"{name} is {booking['status']} with {len(void)} of {booking['quantity']} tickets cancelled"
        for row in self.cancellations:
            decided = sum(fate["by"] == row["$id"] for fate in self.fates)
            numbers = json.loads(row["tickets"])
            if row["state"] == "registered" or row["checkAfter"]:
                yield f"{name}: cancellation {row['$id']} is nobody's work"
            if decided != (0 if row["state"] == "refused" else len(numbers)):
                yield f"{name}: cancellation {row['$id']} is {row['state']} and decided on {decided} tickets"
        if {row["by"] for row in self.fates if row["$id"] in void} - {
            row["$id"] for row in self.cancellations
        }:
            yield f"{name} has tickets that nothing has cancelled"
        refunds = sorted(row["amount"] for row in papers["transactions"] if row["kind"] == "refund")
        if refunds != self.refunds:
            yield f"{name} has refunds of {refunds}, and cancellations of {self.refunds}"
        for row in papers["orders"]:
            if (row["refunded"] or 0) != sum(refunds):
                yield f"{name}: its order says that {row['refunded']} went back, and {sum(refunds)} did"
