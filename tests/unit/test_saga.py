"""The scenarios that any saga has to pass, and those of this one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Ambiguous, BoxofficeError, Fatal, Rejected, Retryable
from boxoffice.saga.journal import StepState
from boxoffice.saga.retry import RetryPolicy, retrying
from boxoffice.saga.runner import Ending, Report, Saga
from boxoffice.saga.step import Step
from boxoffice.saga.timing import TimeBudget

from tests.unit.fake_time import FakeTime

POLICY = RetryPolicy(attempts=3, base=0.1, cap=1.0)


class Stage:
    """Steps that write down what they do."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.time = FakeTime()
        self.budget = TimeBudget(self.time.timing.clock, total=25.0, reserve=10.0)
        self.allowed: Callable[[], bool] = lambda: True

    def step(self, name: str, *, fails: Exception | None = None, undo_fails: Any = (), **other: Any) -> Step:
        undo_failures = list(undo_fails)

        async def do() -> None:
            self.log.append(name)
            await asyncio.sleep(0)
            if fails:
                raise fails

        async def undo() -> None:
            self.log.append(f"-{name}")
            if undo_failures:
                raise undo_failures.pop(0)

        return Step(name, do, undo, **other)

    def saga(self, *waves: list[Step]) -> Saga:
        async def may_undo() -> bool:
            self.log.append("may undo?")
            return self.allowed()

        return Saga(waves, may_undo=may_undo, undo_policy=POLICY, timing=self.time.timing, budget=self.budget)

    def run(self, *waves: list[Step]) -> Report:
        return asyncio.run(self.saga(*waves).run())

    @property
    def undone(self) -> list[str]:
        return [entry for entry in self.log if entry.startswith("-")]


def refusal() -> BoxofficeError:
    return Rejected(Code.INSUFFICIENT_TICKETS, details={"available": 0})


def fatal() -> BoxofficeError:
    return Fatal(Code.SERVICE_UNAVAILABLE)


def busy() -> BoxofficeError:
    return Retryable(Code.SERVICE_UNAVAILABLE)


def test_the_forward_path_runs_no_undo() -> None:
    stage = Stage()
    report = stage.run([stage.step("A")], [stage.step("B"), stage.step("C")])
    assert report.ending is Ending.COMMITTED
    assert report.error is None
    assert stage.log == ["A", "B", "C"]


def test_failing_at_d_undoes_c_b_a_once_each() -> None:
    stage = Stage()
    steps = [[stage.step(name)] for name in "ABC"]
    report = stage.run(*steps, [stage.step("D", fails=refusal())])
    assert report.ending is Ending.ROLLED_BACK
    assert report.failed_step == "D"
    assert stage.undone == ["-C", "-B", "-A"]


def test_who_takes_over_undoes_what_somebody_else_may_have_done() -> None:
    stage = Stage()
    saga = stage.saga(*([stage.step(name)] for name in "ABCD"))
    saga.journal.assume_begun({"D", "B"})
    report = asyncio.run(saga.undo())
    assert report.ending is Ending.ROLLED_BACK
    assert stage.log == ["may undo?", "-D", "-B"]


def test_failing_at_a_undoes_nothing() -> None:
    stage = Stage()
    report = stage.run([stage.step("A", fails=refusal())], [stage.step("B")])
    assert report.ending is Ending.ROLLED_BACK
    assert not stage.undone
    assert "B" not in stage.log


@pytest.mark.parametrize("error", [busy(), Ambiguous(Code.SERVICE_UNAVAILABLE), fatal(), ValueError()])
def test_a_step_that_was_not_refused_may_have_left_something(error: Exception) -> None:
    stage = Stage()
    stage.run([stage.step("A")], [stage.step("B", fails=error)])
    assert stage.undone == ["-B", "-A"]


def test_a_step_may_ask_to_be_undone_although_it_was_refused() -> None:
    stage = Stage()
    stage.run([stage.step("A", fails=refusal(), undo_when_refused=True)])
    assert stage.undone == ["-A"]


def test_siblings_are_waited_for_and_undone() -> None:
    stage = Stage()

    async def slow() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        stage.log.append("slow done")

    async def undo() -> None:
        assert "slow done" in stage.log
        stage.log.append("-slow")

    report = stage.run([stage.step("A", fails=fatal()), Step("slow", slow, undo)])
    assert report.ending is Ending.ROLLED_BACK
    assert stage.undone == ["-slow", "-A"]


def test_a_wave_runs_at_the_same_time() -> None:
    stage = Stage()
    met = asyncio.Barrier(3)

    async def meet() -> None:
        await asyncio.wait_for(met.wait(), 5)

    report = stage.run([Step(name, meet) for name in "ABC"])
    assert report.ending is Ending.COMMITTED


def test_a_retried_undo_has_one_effect_and_is_counted() -> None:
    stage = Stage()
    report = stage.run([stage.step("A", undo_fails=[busy(), busy()])], [stage.step("B", fails=refusal())])
    assert report.ending is Ending.ROLLED_BACK
    record = report.steps[0]
    assert (record.state, record.undo_attempts) == (StepState.UNDONE, 3)
    assert stage.time.pauses == [pytest.approx(0.075), pytest.approx(0.15)]
    assert record.undo_seconds == pytest.approx(0.225)


def test_an_undo_that_cannot_succeed_is_named_and_the_others_still_run() -> None:
    stage = Stage()
    report = stage.run(
        [stage.step("A")], [stage.step("B", undo_fails=[busy()] * 3)], [stage.step("C", fails=refusal())]
    )
    assert report.ending is Ending.INCOMPLETE
    assert [record.name for record in report.steps if record.state is StepState.UNDO_FAILED] == ["B"]
    assert stage.undone == ["-B", "-B", "-B", "-A"]


def test_an_undo_that_is_refused_is_not_repeated() -> None:
    stage = Stage()
    report = stage.run([stage.step("A", undo_fails=[refusal()])], [stage.step("B", fails=refusal())])
    assert report.ending is Ending.INCOMPLETE
    assert stage.undone == ["-A"]


def test_a_crash_during_the_undo_resumes_without_skipping_or_repeating() -> None:
    stage = Stage()

    async def scenario() -> None:
        saga = stage.saga(
            [stage.step("A")],
            [stage.step("B", undo_fails=[asyncio.CancelledError()])],
            [stage.step("C")],
            [stage.step("D", fails=refusal())],
        )
        with pytest.raises(asyncio.CancelledError):
            await saga.run()
        assert [record.state for record in saga.journal] == [
            StepState.DONE,
            StepState.UNDOING,
            StepState.UNDONE,
            StepState.REFUSED,
        ]
        report = await saga.undo()
        assert report.ending is Ending.ROLLED_BACK

    asyncio.run(scenario())
    assert stage.undone == ["-C", "-B", "-B", "-A"]


def test_an_incomplete_rollback_can_be_taken_up_again() -> None:
    stage = Stage()

    async def scenario() -> None:
        saga = stage.saga(
            [stage.step("A")],
            [stage.step("B", undo_fails=[fatal()])],
            [stage.step("C", fails=refusal())],
        )
        assert (await saga.run()).ending is Ending.INCOMPLETE
        assert (await saga.undo()).ending is Ending.ROLLED_BACK

    asyncio.run(scenario())
    assert stage.undone == ["-B", "-A", "-B"]


def test_a_typed_error_survives() -> None:
    stage = Stage()
    error = refusal()
    report = stage.run([stage.step("A")], [stage.step("B", fails=error)])
    assert report.error is error


def test_the_first_declared_failure_is_the_one_that_counts() -> None:
    stage = Stage()
    report = stage.run([stage.step("A"), stage.step("B", fails=refusal()), stage.step("C", fails=fatal())])
    assert report.failed_step == "B"


def test_an_operator_sees_every_step_in_mid_flight() -> None:
    stage = Stage()

    async def scenario() -> list[StepState]:
        looked: list[StepState] = []

        async def look() -> None:
            looked.extend(record.state for record in saga.journal)

        saga = stage.saga(
            [stage.step("A")],
            [stage.step("B", fails=fatal()), Step("C", look), stage.step("D")],
            [stage.step("E")],
        )
        await saga.run()
        return looked

    states = asyncio.run(scenario())
    assert states == [
        StepState.DONE,
        StepState.RUNNING,
        StepState.RUNNING,
        StepState.PENDING,
        StepState.PENDING,
    ]


def test_a_zombie_that_was_overtaken_changes_nothing() -> None:
    stage = Stage()
    stage.allowed = lambda: False
    report = stage.run([stage.step("A")], [stage.step("B", fails=fatal())])
    assert report.ending is Ending.COMMITTED
    assert report.error is not None
    assert not stage.undone


def test_nothing_is_undone_without_the_right_to() -> None:
    stage = Stage()

    def unknown() -> bool:
        raise Ambiguous(Code.SERVICE_UNAVAILABLE)

    stage.allowed = unknown
    report = stage.run([stage.step("A")], [stage.step("B", fails=fatal())])
    assert report.ending is Ending.UNDECIDED
    assert not stage.undone
    assert stage.log.count("may undo?") == 3


def test_the_reserve_is_for_undoing_only() -> None:
    stage = Stage()
    seen: list[float] = []

    async def slow() -> None:
        stage.time.seconds += 20
        seen.append(stage.budget.remaining())
        raise busy()

    async def undo() -> None:
        seen.append(stage.budget.remaining())

    stage.run([Step("slow", slow, undo)])
    assert seen == [0.0, 5.0]


def test_an_undo_that_hangs_does_not_take_the_time_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boxoffice.saga.runner._LEAST_SHARE", 0.01)
    stage = Stage()
    stage.budget = TimeBudget(stage.time.timing.clock, total=0.1, reserve=0.0)

    async def do() -> None:
        return

    async def hang() -> None:
        await asyncio.sleep(60)

    report = stage.run([stage.step("A")], [Step("B", do, hang)], [stage.step("C", fails=refusal())])
    assert report.ending is Ending.INCOMPLETE
    assert stage.undone == ["-A"]


class TestRetrying:
    def attempt(self, failures: list[BoxofficeError], budget: float = 25.0) -> tuple[str, FakeTime]:
        time = FakeTime()

        async def call() -> str:
            if failures:
                raise failures.pop(0)
            return "done"

        async def scenario() -> str:
            return await retrying(
                call,
                policy=POLICY,
                kinds={busy().kind},
                timing=time.timing,
                budget=TimeBudget(time.timing.clock, budget, 0.0),
            )

        return asyncio.run(scenario()), time

    def test_until_it_succeeds(self) -> None:
        assert self.attempt([busy(), busy()])[0] == "done"

    def test_only_so_often(self) -> None:
        with pytest.raises(Retryable):
            self.attempt([busy(), busy(), busy()])

    def test_only_what_may_be_repeated(self) -> None:
        failures = [fatal(), busy()]
        with pytest.raises(Fatal):
            self.attempt(failures)
        assert len(failures) == 1

    def test_not_beyond_the_time_that_is_left(self) -> None:
        failures = [busy(), busy()]
        with pytest.raises(Retryable):
            self.attempt(failures, budget=0.05)
        assert len(failures) == 1

    def test_pauses_grow_up_to_the_cap_and_half_of_them_is_chance(self) -> None:
        policy = RetryPolicy(attempts=9, base=0.1, cap=0.5)
        assert [policy.pause(n, 1.0) for n in (1, 2, 3, 4)] == pytest.approx([0.1, 0.2, 0.4, 0.5])
        assert policy.pause(1, 0.0) == pytest.approx(0.05)
