"""Many callers at one moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def all_at_once(callers: int, act: Callable[[int], T]) -> list[T]:
    """What each caller, known by a number from 0, got when all began together, each on a thread of its own.

    The first exception of a caller is raised here, when all of them have ended.
    """
    barrier = threading.Barrier(callers)
    results: dict[int, T] = {}
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            barrier.wait()
            results[number] = act(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [results[number] for number in range(callers)]
