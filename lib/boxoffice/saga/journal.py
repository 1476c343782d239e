"""What happened to each step: read by the undo, by the report, and by an operator while it is happening."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from boxoffice.domain.errors import BoxofficeError
from boxoffice.saga.step import Step


class StepState(StrEnum):
    """Where a step stands."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    BROKEN = "broken"
    UNDOING = "undoing"
    UNDONE = "undone"
    UNDO_FAILED = "undo_failed"


_MAY_HAVE_LEFT_SOMETHING = frozenset(
    {StepState.RUNNING, StepState.DONE, StepState.BROKEN, StepState.UNDOING, StepState.UNDO_FAILED}
)


@dataclass(slots=True)
class StepRecord:
    """The history of one step. `undo_seconds` covers all `undo_attempts` and the pauses between them."""

    step: Step
    state: StepState = StepState.PENDING
    error: BoxofficeError | None = None
    undo_attempts: int = 0
    undo_seconds: float = 0.0
    undo_error: BoxofficeError | None = None

    @property
    def name(self) -> str:
        """The step's name."""
        return self.step.name

    @property
    def owes_undo(self) -> bool:
        """Whether something of this step may still be there and can be undone."""
        if self.step.undo is None:
            return False
        if self.state is StepState.REFUSED:
            return self.step.undo_when_refused
        return self.state in _MAY_HAVE_LEFT_SOMETHING


class Journal:
    """The records of all steps, in the order in which the steps were declared."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._records = [StepRecord(step) for step in steps]

    def __iter__(self) -> Iterator[StepRecord]:
        return iter(self._records)

    def __getitem__(self, step: Step) -> StepRecord:
        return next(record for record in self._records if record.step is step)

    def assume_begun(self, names: Collection[str]) -> None:
        """These steps were begun by somebody else, and how far they came is not known."""
        for record in self._records:
            if record.name in names:
                record.state = StepState.RUNNING

    def first_failure(self) -> StepRecord | None:
        """The first declared step that failed; the failures of its siblings are often only consequences."""
        return next((record for record in self._records if record.error is not None), None)

    def owing(self) -> list[StepRecord]:
        """What has still to be undone, in the order of undoing: the last declared first."""
        return [record for record in reversed(self._records) if record.owes_undo]
