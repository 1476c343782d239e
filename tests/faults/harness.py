"""Every call of a use case fails once in every way, and then the books must balance.

A use case is one entry of `use_cases.py`. It is run undisturbed first, to find the calls that it makes; then
again for each call and each fault. After each of these runs the client repeats its request, time passes, the
sweep runs until it has nothing left to do, and the client repeats its request once more.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from scripts.project.shop import BOOK, Answer
from tests.faults.changes import Change
from tests.support.arena import CALL_SECONDS, PATIENCE_SECONDS, Arena
from tests.support.books import Books
from tests.support.calls import Call, entries_of
from tests.support.ledger import Money

BOOKED, RETURNED, CANCELLED, HELD, SWEPT, TOLD = "booked", "returned", "cancelled", "held", "swept", "told"
CHANGED = "changed"
LAST_TRIES = 3

FaultBody = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody who asks, and goes on asking the same.

    payment_id: "" when nothing is paid. function_id: whose execution the request is. clock: how far the
    server's clock is ahead when they ask first, in seconds. change: what an administrator changes by it.
    patience: how far time goes on, step by step, before they ask for the last time, in seconds. later: how
    far the server's clock is ahead then; what proves who a user is has run out long before.
    """

    event_id: str
    user_id: str
    payment_id: str
    ask: Callable[[], Answer]
    function_id: str = BOOK
    clock: float = 0.0
    change: Change | None = None
    patience: Sequence[float] = PATIENCE_SECONDS
    later: float = 0.0


@dataclass(frozen=True, slots=True)
class UseCase:
    """What is put to the test.

    prepare: everything that the request needs, for one run of its own; what it executes is not disturbed.
    setting: faults that are always there,
    such as the one at a late step that makes the use case undo what it did; `{payment}` in their paths is the
    run's payment. after: the first call that is disturbed, those before it being another use case's. endings:
    how it may end, for the client and the money. bears_hiccups: whether a call that fails for a moment, in a
    process that lives on, may not cost the client the booking. calls: globs of the calls that are disturbed,
    where others are another use case's.
    """

    name: str
    prepare: Callable[[Arena], Client]
    setting: tuple[FaultBody, ...] = ()
    after: str = ""
    endings: frozenset[str] = frozenset({BOOKED, RETURNED})
    bears_hiccups: bool = False
    calls: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong at a call, that time only or, when it `lasts`, every time while the execution runs."""

    name: str
    body: FaultBody
    lasts: bool = False

    @property
    def is_hiccup(self) -> bool:
        """Whether the same call, or another try at it, succeeds a moment later."""
        return not (self.lasts or self.kills or self.body.get("status") in (400, 401))

    @property
    def kills(self) -> bool:
        """Whether the function's process dies of it."""
        return str(self.body["kind"]).startswith("kill")


FAULTS = (
    Fault("refused 503", {"kind": "refuse", "status": 503}),
    Fault("refused 429", {"kind": "refuse", "status": 429}),
    Fault("reset", {"kind": "reset"}),
    Fault("reply lost", {"kind": "drop_reply"}),
    Fault("killed before", {"kind": "kill_function_before"}),
    Fault("killed after", {"kind": "kill_function_after"}),
    Fault("too slow", {"kind": "delay", "seconds": CALL_SECONDS + 0.2}),
    Fault("refused 503 and on", {"kind": "refuse", "status": 503}, lasts=True),
    Fault("reply lost and on", {"kind": "drop_reply"}, lasts=True),
)
MORE_FAULTS = (
    Fault("refused 400", {"kind": "refuse", "status": 400}),
    Fault("refused 401 and on", {"kind": "refuse", "status": 401}, lasts=True),
    Fault("refused 429 and on", {"kind": "refuse", "status": 429}, lasts=True),
    Fault("reset and on", {"kind": "reset"}, lasts=True),
    Fault("half a reply", {"kind": "stall_body"}),
    Fault("slow to answer", {"kind": "delay", "seconds": CALL_SECONDS + 0.2, "after": True}),
    Fault("too slow and on", {"kind": "delay", "seconds": CALL_SECONDS + 0.2}, lasts=True),
)


# A write kills the process that makes it at least, and each call fails in one of these ways.
_DEADLY, _IN_TURN = "killed after", ("reply lost", "refused 503", "killed before")


@dataclass(frozen=True, slots=True)
class Point:
    """The nth call of its kind that a use case makes, counted from 1."""

    call: Call
    nth: int

    def __str__(self) -> str:
        return f"{self.call.name} {self.nth}" if self.nth > 1 else self.call.name


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one run came to. problems: a sentence for everything that must not be. seconds: of the run."""

    use_case: str
    point: str
    fault: str
    problems: tuple[str, ...]
    seconds: float


def every(points: Sequence[Point], faults: Sequence[Fault]) -> list[tuple[Point, Fault]]:
    """Every fault at every call."""
    return [(point, fault) for point in points for fault in faults]


def covering(points: Sequence[Point], faults: Sequence[Fault]) -> list[tuple[Point, Fault]]:
    """Two faults at every call that writes and one at every other, of each kind in turn."""
    named = {fault.name: fault for fault in faults}
    chosen = [(point, _IN_TURN[at % len(_IN_TURN)]) for at, point in enumerate(points)]
    chosen += [(point, _DEADLY) for point in points if point.call.method != "GET"]
    return [(point, named[name]) for point, name in chosen if name in named]


def points_of(arena: Arena, use_case: UseCase) -> list[Point]:
    """The calls that the use case makes, in their order, from the one that it names on."""
    client = use_case.prepare(arena)
    since = arena.last_request()
    with arena.faults(*_setting(use_case, client)), arena.clock(client.clock):
        answer = client.ask()
    arena.withdraw(client.event_id)
    counted: Counter[Call] = Counter()
    points = []
    execution_id = answer.execution["$id"]
    for entry in entries_of(arena.local, execution_id, client.payment_id, since, client.user_id):
        call = Call.of(entry)
        counted[call] += 1
        points.append(Point(call, counted[call]))
    first = [str(point) for point in points].index(use_case.after) if use_case.after else 0
    return [
        point for point in points[first:] if any(fnmatch(str(point), wanted) for wanted in use_case.calls)
    ]


def run(arena: Arena, use_case: UseCase, point: Point, fault: Fault) -> Verdict:
    """One run of the use case with one fault at one call."""
    began = time.monotonic()
    client = use_case.prepare(arena)
    since = arena.last_request()
    with arena.clock(client.clock):
        with arena.faults(*_setting(use_case, client), _body(point, fault, client)) as fault_ids:
            answers = [client.ask()]
            hits = arena.hits()[fault_ids[-1]]
            arena.wait_for_answers(fault_ids[-1], since)
        problems = client.change.problem_when_told(answers[0]) if client.change else []
        answers.append(client.ask())
    arena.settle(client.patience)
    problems += client.change.problem_in_between() if client.change else []
    for _ in range(LAST_TRIES):
        with arena.clock(client.later):
            answers.append(client.ask())
        if _is_final(client, answers[-1]):
            break
        arena.settle(client.patience)
    problems += client.change.problem_in_the_end(answers) if client.change else []
    arena.settle()
    problems += _problems(arena, use_case, client, answers)
    arena.withdraw(client.event_id)
    if not hits:
        problems.append("the call was not made, so nothing was tried")
    if use_case.bears_hiccups and fault.is_hiccup and not answers[0].body.get("success"):
        problems.append(f"a hiccup cost the client the booking: {answers[0].body.get('code')}")
    if fault.kills != (answers[0].body == {}):
        problems.append(f"the first answer is {answers[0].status} {answers[0].body}")
    return Verdict(use_case.name, str(point), fault.name, tuple(problems), time.monotonic() - began)


def _problems(arena: Arena, use_case: UseCase, client: Client, answers: Sequence[Answer]) -> list[str]:
    books = arena.books(client.event_id)
    money = books.money.get(client.payment_id, Money())
    problems = books.violations(presented=[client.payment_id])
    last = answers[-1]
    ending = _ending(client, answers)
    if not _is_final(client, last):
        problems.append(f"the client never got an answer to go by: {last.status} {last.body}")
    if ending not in use_case.endings:
        problems.append(f"it ended {ending}")
    if ending == BOOKED:
        there = {ticket["$id"] for ticket in books.tickets}
        if not set(last.data["ticketIds"]) <= there:
            problems.append(f"the client was told of tickets {last.data['ticketIds']}, and there are {there}")
    elif ending == CANCELLED:
        problems += _of_cancellation(books, money, answers)
    elif ending == HELD:
        if len({data["bookingId"] for data in _told(answers)}) > 1:
            problems.append(f"the client was told of several holds: {_told(answers)}")
    elif ending == RETURNED:
        if money.kept:
            problems.append(f"the client was refused, and {money.kept} were kept")
        if any(answer.body.get("success") for answer in answers):
            problems.append("the client was told of a success first, and of a failure later")
    if any(a.body.get("details", {}).get("payment") == "refunded" for a in answers) and not money.refunds:
        problems.append("the client was told of a refund that was not made")
    return problems


def _is_final(client: Client, answer: Answer) -> bool:
    """Whether the client knows by it what came of the request."""
    if client.change and client.change.is_told(answer):
        return True
    return bool(answer.body) and not answer.body.get("retryable")


def _ending(client: Client, answers: Sequence[Answer]) -> str:
    """What became of it. A hold is over by then, so that the last answer may be that it has expired."""
    told, last = _told(answers), answers[-1]
    if any("heldUntil" in data for data in told):
        return HELD
    if not last.body.get("success"):
        return RETURNED
    if client.change:
        return CHANGED
    if "examined" in last.data:
        return SWEPT
    if "event" in last.data:
        return TOLD
    return CANCELLED if "cancellationId" in last.data else BOOKED


def _told(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """The data of the successes."""
    return [answer.data for answer in answers if answer.body.get("success")]


def _of_cancellation(books: Books, money: Money, answers: Sequence[Answer]) -> list[str]:
    """Once told of a cancellation, the client is told of the same one; and its money has left once."""
    told = _told(answers)
    void = {ticket["$id"] for ticket in books.tickets if ticket["status"] == "cancelled"}
    problems = []
    if len({(data["cancellationId"], data["refundTotal"]) for data in told}) > 1:
        problems.append(f"the client was told of several cancellations: {told}")
    if {ticket["ticketId"] for ticket in told[-1]["tickets"]} != void:
        problems.append(f"the client was told of {told[-1]['tickets']}, and {sorted(void)} are cancelled")
    if (money.refunds, money.refunded) != (1, told[-1]["refundTotal"]):
        problems.append(f"{money.refunds} refunds of {money.refunded} instead of {told[-1]['refundTotal']}")
    if told[-1]["refundStatus"] != "refunded":
        problems.append(f"in the end the refund is {told[-1]['refundStatus']}")
    return problems


def _setting(use_case: UseCase, client: Client) -> list[dict[str, Any]]:
    return [
        {**body, "path": str(body["path"]).replace("{payment}", client.payment_id)}
        for body in use_case.setting
    ]


def _body(point: Point, fault: Fault, client: Client) -> dict[str, Any]:
    window = {"from": point.nth, "count": 0} if fault.lasts else {"nth": point.nth}
    path = point.call.path
    if point.call.by_own_key:
        origin: dict[str, Any] = {"fromFunctions": True}
    else:
        origin = {"functionId": client.function_id}
        path = path.replace("payments/*", f"payments/{client.payment_id or '*'}")
    return {**fault.body, **origin, **window, "method": point.call.method, "path": path}
