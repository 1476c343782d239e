"""The steps of a move: which tickets leave which seats for which others."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from boxoffice.domain.pools import Unit
from boxoffice.managing.changes import Change


@dataclass(frozen=True, slots=True)
class Step:
    """The ticket `number` of a booking leaves one unit for another."""

    number: int
    old: Unit
    old_label: str
    new: Unit
    new_label: str


def plan_text(steps: Sequence[Step]) -> str:
    """The steps as the journal holds them."""
    told = [
        [step.number, step.old.claim_id, step.old_label, step.new.claim_id, step.new_label] for step in steps
    ]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def steps_of(change: Change) -> tuple[Step, ...]:
    """The steps that the journal holds."""
    return tuple(
        Step(number, Unit.of_claim(old), old_label, Unit.of_claim(new), new_label)
        for number, old, old_label, new, new_label in json.loads(change.plan)
    )
