"""What administrators change, and what may be there while nobody has finished it, and in the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scripts.project.shop import Answer


@dataclass(frozen=True, slots=True)
class Change:
    """A change that is made, or not: `found` tells what is there, `before` or `after` it.

    is_told: whether an answer says that it is made.
    """

    found: Callable[[], object]
    before: object
    after: object
    is_told: Callable[[Answer], bool] = lambda answer: bool(answer.body.get("success"))

    def problem_when_told(self, answer: Answer) -> list[str]:
        """What is wrong once that was answered."""
        if self.is_told(answer) and (there := self.found()) != self.after:
            return [f"the administrator was told that it is done, and there is {there}"]
        return []

    def problem_in_between(self) -> list[str]:
        """What is wrong once nobody is at work on it any more."""
        there = self.found()
        return [] if there in (self.before, self.after) else [f"when nobody is at work, there is {there}"]

    def problem_in_the_end(self, answers: Sequence[Answer]) -> list[str]:
        """What is wrong when it was asked for once more, and the last answer was heard."""
        there, last = self.found(), answers[-1]
        if there != self.after:
            return [f"asked again: {last.status} {last.body.get('code')}, and there is {there}"]
        return []
