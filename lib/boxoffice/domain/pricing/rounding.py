"""The only place where an amount is rounded: half-up, to whole minor units.

Shares are rounded where they end, never by themselves, so that they add up to what is shared.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise

WHOLE = 10_000
"""A hundred per cent, in basis points."""


def half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded to a whole number, halves upwards. Neither may be negative."""
    return (2 * numerator + denominator) // (2 * denominator)


def percentage(amount: int, basis_points: int) -> int:
    """`basis_points` of `amount`, in whole minor units."""
    return half_up(amount * basis_points, WHOLE)


def spread(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """`amount` in shares that add up to it, one for each weight; equal shares when all weights are 0.

    Otherwise a weight of 0 has no share, and while `amount` is not more than all weights together, no share
    is more than its weight.
    """
    weighed = weights if any(weights) else [1] * len(weights)
    total = sum(weighed)
    ends = (half_up(amount * end, total) for end in accumulate(weighed, initial=0))
    return tuple(end - start for start, end in pairwise(ends))


def percent_text(basis_points: int) -> str:
    """`basis_points` for people: `18%`, `2.5%`, `0.05%`."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") + "%"
