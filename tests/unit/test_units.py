from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable

from boxoffice.domain.units import pick
from hypothesis import given
from hypothesis import strategies as st


def named(numbers: Iterable[int]) -> set[str]:
    return {str(number) for number in numbers}


@given(
    st.integers(1, 60),
    st.sets(st.integers(1, 80)),
    st.integers(1, 10),
    st.sets(st.integers(1, 60)),
    st.randoms(),
)
def test_free_units_or_nothing(
    capacity: int, taken: set[int], quantity: int, avoid: set[int], rnd: random.Random
) -> None:
    taken &= set(range(1, capacity + 1))
    names = pick(capacity, named(taken), quantity, rnd.randrange, named(avoid))
    picked = None if names is None else {int(name) for name in names}
    if capacity - len(taken) < quantity:
        assert picked is None
        return
    assert picked is not None
    assert len(picked) == quantity
    assert not picked & taken
    assert all(1 <= unit <= capacity for unit in picked)
    others = set(range(1, capacity + 1)) - taken - avoid
    assert len(picked & avoid) == max(0, quantity - len(others))


def test_a_pool_that_has_become_smaller_has_nothing_left() -> None:
    assert pick(3, named({1, 2, 3, 9, 10}), 1, random.Random(1).randrange) is None


def test_every_free_unit_has_the_same_chance() -> None:
    rnd = random.Random(7)
    counts: Counter[str] = Counter()
    for _ in range(4_000):
        counts.update(pick(10, named({1, 2}), 1, rnd.randrange) or ())
    assert set(counts) == named(range(3, 11))
    assert all(400 < count < 600 for count in counts.values())


def test_the_last_unit_of_a_large_pool_is_found() -> None:
    capacity = 100_000
    taken = set(range(1, capacity + 1)) - {777}
    assert pick(capacity, named(taken), 1, random.Random(1).randrange) == ("777",)
