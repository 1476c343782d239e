from __future__ import annotations

import pytest
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.references import read_reference
from hypothesis import given
from hypothesis import strategies as st

references = st.text(ids.REFERENCE_ALPHABET, min_size=8, max_size=8)
fillings = st.lists(st.sampled_from([" ", "-", "–", "\u00a0", ""]), min_size=9, max_size=9)


@given(references, fillings, st.booleans())
def test_capitals_spaces_and_hyphens_do_not_matter(reference: str, filling: list[str], small: bool) -> None:
    typed = "".join(a + b for a, b in zip(filling, [*reference, ""], strict=True))
    assert read_reference(typed.lower() if small else typed) == reference


@given(st.text(max_size=20))
def test_whatever_is_typed_is_a_reference_or_refused(typed: str) -> None:
    try:
        found = read_reference(typed)
    except Rejected as refused:
        assert refused.code is Code.VALIDATION_ERROR
        assert refused.details["field"] == "reference"
    else:
        assert len(found) == 8
        assert set(found) <= set(ids.REFERENCE_ALPHABET)


@pytest.mark.parametrize(
    ("typed", "positions", "said"),
    [
        ("7K3M PQ20", [8], "at place 8 of"),
        ("oK3M-PQ2l", [1, 8], "at places 1 and 8 of"),
        ("uuuuuuuu", [1, 2, 3, 4, 5, 6, 7, 8], "places 1, 2, 3, 4, 5, 6, 7 and 8 of"),
    ],
)
def test_what_looks_like_something_else_is_named_by_its_place(
    typed: str, positions: list[int], said: str
) -> None:
    with pytest.raises(Rejected) as refused:
        read_reference(typed)
    assert refused.value.details["positions"] == positions
    assert said in refused.value.message


@pytest.mark.parametrize("typed", ["", "7K3MPQ2", "7K3MPQ2XX", "7K3MPQ2é", "7K3MPQ2O0", "ẞẞẞẞ"])
def test_anything_else_is_told_what_one_looks_like(typed: str) -> None:
    with pytest.raises(Rejected) as refused:
        read_reference(typed)
    assert "positions" not in refused.value.details
    assert "7K3M-PQ2X" in refused.value.message


def test_the_example_is_one() -> None:
    assert read_reference("7K3M-PQ2X") == "7K3MPQ2X"
