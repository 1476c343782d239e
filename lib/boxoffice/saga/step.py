"""A step of a saga."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Action = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, and how to undo it.

    Both must be repeatable: doing or undoing twice equals once, and undoing what was never done succeeds.
    The undo therefore relies only on ids that were fixed before the step began, never on an answer.

    A step that is refused has left nothing, so it is not undone. `undo_when_refused` is for a step that takes
    charge of something older than itself, and has to hand it back even when it is refused.
    """

    name: str
    do: Action
    undo: Action | None = None
    undo_when_refused: bool = False


Wave = Sequence[Step]
"""Steps that need nothing from each other and run at the same time."""
