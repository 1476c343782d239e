"""The answer of `rollback_reports` about conflicts."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from boxoffice.domain.conflict_advice import Resolution, advise
from boxoffice.domain.conflicts import ConflictKind
from boxoffice.reports.conflicts import MeasuredConflicts


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class ConflictsOfKind(_Model):
    """How often something was in the way, and how that ended."""

    kind: ConflictKind
    count: int
    per_booking: float | None = Field(description="For each confirmed booking; `null` without bookings.")
    resolved: Mapping[Resolution, int]


class WantedUnit(_Model):
    """A seat or a time that many wanted and one had."""

    event_id: str
    unit: str
    kind: ConflictKind
    count: int


class ConflictMetrics(_Model):
    """The conflicts of the period as far as functions have written them down, and what to do about them."""

    kinds: Sequence[ConflictsOfKind]
    confirmed_bookings: int = Field(description="Begun in the same period.")
    hot_units: Sequence[WantedUnit] = Field(description="At most ten, the hottest first.")
    recommendations: Sequence[str] = Field(description="Sentences for people; none when all is well.")
    complete: bool = Field(description="False when there was too much to read it all.")


def conflict_metrics(measured: MeasuredConflicts) -> ConflictMetrics:
    """The data of the answer."""
    figures = measured.figures
    return ConflictMetrics(
        kinds=[
            ConflictsOfKind(
                kind=kind,
                count=figures.total(kind),
                per_booking=figures.rate(kind),
                resolved=dict(figures.counts.get(kind, {})),
            )
            for kind in ConflictKind
        ],
        confirmed_bookings=figures.confirmed,
        hot_units=[
            WantedUnit(event_id=unit.event_id, unit=unit.label, kind=unit.kind, count=unit.count)
            for unit in figures.hot
        ],
        recommendations=advise(figures),
        complete=measured.is_complete,
    )
