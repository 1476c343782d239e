"""References as people type them."""

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.ids import REFERENCE_ALPHABET, REFERENCE_LENGTH

_SEPARATORS = str.maketrans("", "", " \t-\u2010\u2011\u2012\u2013\u2014\u00a0")
_LOOK_ALIKES = frozenset("0O1ILUV")


def read_reference(typed: str) -> str:
    """The reference that `typed` means; capitals, spaces and hyphens do not matter.

    Raises `Rejected` with `VALIDATION_ERROR`. Of letters that look like others both are left out of
    references, so that one of them is a slip whose place can be named, and never one that can be guessed.
    """
    letters = typed.translate(_SEPARATORS).upper()
    slips = [number for number, letter in enumerate(letters, start=1) if letter in _LOOK_ALIKES]
    if len(letters) == REFERENCE_LENGTH and slips:
        raise Rejected(
            Code.VALIDATION_ERROR,
            "A reference has no 0 or O, no 1, I or L, and no U or V. "
            f"Read it again at {_places(slips)} of its {REFERENCE_LENGTH} characters.",
            {"field": "reference", "positions": slips},
        )
    if len(letters) != REFERENCE_LENGTH or not set(letters) <= set(REFERENCE_ALPHABET):
        raise Rejected(
            Code.VALIDATION_ERROR,
            f"A reference has {REFERENCE_LENGTH} letters and digits, such as 7K3M-PQ2X.",
            {"field": "reference"},
        )
    return letters


def _places(numbers: list[int]) -> str:
    *others, last = (str(number) for number in numbers)
    return f"places {', '.join(others)} and {last}" if others else f"place {last}"
