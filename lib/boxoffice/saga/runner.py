"""Runs the waves of a saga forward, or undoes what was done, backwards."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from boxoffice.domain.errors import BoxofficeError, ErrorKind, typed
from boxoffice.saga.journal import Journal, StepRecord, StepState
from boxoffice.saga.retry import RetryPolicy, retrying
from boxoffice.saga.step import Step, Wave
from boxoffice.saga.timing import TimeBudget, Timing

Result = TypeVar("Result")

MayUndo = Callable[[], Awaitable[bool]]

# One undo that hangs must not take the time of the others, but each gets at least so many seconds.
_LEAST_SHARE = 2.0

# A refusal will not change, and a bug will not go away: only these are worth another try.
_WORTH_REPEATING = frozenset({ErrorKind.RETRYABLE, ErrorKind.AMBIGUOUS})


class Ending(StrEnum):
    """How a saga ended."""

    COMMITTED = "committed"
    ROLLED_BACK = "rolled_back"
    INCOMPLETE = "incomplete"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Report:
    """How it ended, and what happened on the way.

    `failed_step` and `error` are the first failure, and `None` when every step succeeded. A committed saga
    can have them too, when it turned out that somebody else had completed it.
    """

    ending: Ending
    failed_step: str | None
    error: BoxofficeError | None
    steps: tuple[StepRecord, ...]


class Saga:
    """Waves of steps, run all or nothing.

    `may_undo` is asked once before anything is undone. It returns `False` when the saga has been committed
    after all, by somebody else or by a call whose answer was lost: then nothing may be undone. When it fails,
    nothing is undone either, because undoing what is committed would be worse than leaving it for later.

    `journal` can be read at any time. A saga whose undoing was interrupted goes on with what is left when
    `undo` is called again.
    """

    def __init__(
        self,
        waves: Sequence[Wave],
        *,
        may_undo: MayUndo,
        undo_policy: RetryPolicy,
        timing: Timing,
        budget: TimeBudget,
    ) -> None:
        self._waves = waves
        self._may_undo = may_undo
        self._undo_policy = undo_policy
        self._timing = timing
        self._budget = budget
        self.journal = Journal(step for wave in waves for step in wave)

    async def run(self) -> Report:
        """Do every wave; after a failure, undo. Never raises for what a step did."""
        for wave in self._waves:
            # Every sibling is waited for, also after a failure: what still runs cannot be undone safely.
            await asyncio.gather(*(self._do(step) for step in wave))
            if self.journal.first_failure() is not None:
                return await self.undo()
        return self._report(Ending.COMMITTED)

    async def undo(self) -> Report:
        """Undo what may have been left, last step first; when one cannot be undone, go on with the rest."""
        self._budget.release_reserve()
        try:
            allowed = await self._repeat(self._may_undo)
        except Exception:
            return self._report(Ending.UNDECIDED)
        if not allowed:
            return self._report(Ending.COMMITTED)
        owing = self.journal.owing()
        for left, record in zip(range(len(owing), 0, -1), owing, strict=True):
            await self._undo(record, share=max(_LEAST_SHARE, self._budget.remaining() / left))
        return self._report(Ending.INCOMPLETE if self.journal.owing() else Ending.ROLLED_BACK)

    async def _do(self, step: Step) -> None:
        record = self.journal[step]
        record.state = StepState.RUNNING
        try:
            await step.do()
        except Exception as error:
            record.error = typed(error)
            refused = record.error.kind is ErrorKind.REJECTED
            record.state = StepState.REFUSED if refused else StepState.BROKEN
        else:
            record.state = StepState.DONE

    async def _undo(self, record: StepRecord, share: float) -> None:
        undo = record.step.undo
        if undo is None:
            return

        async def attempt() -> None:
            record.undo_attempts += 1
            await undo()

        record.state = StepState.UNDOING
        began = self._timing.clock()
        try:
            async with asyncio.timeout(share):
                await self._repeat(attempt)
        except Exception as error:
            record.undo_error = typed(error)
            record.state = StepState.UNDO_FAILED
        else:
            record.undo_error = None
            record.state = StepState.UNDONE
        finally:
            record.undo_seconds += self._timing.clock() - began

    async def _repeat(self, call: Callable[[], Awaitable[Result]]) -> Result:
        return await retrying(
            call,
            policy=self._undo_policy,
            kinds=_WORTH_REPEATING,
            timing=self._timing,
            budget=self._budget,
        )

    def _report(self, ending: Ending) -> Report:
        failure = self.journal.first_failure()
        return Report(
            ending,
            failure.name if failure else None,
            failure.error if failure else None,
            tuple(self.journal),
        )
