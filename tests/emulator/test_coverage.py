"""The README's table says what the routes say."""

from __future__ import annotations

import pytest

from emulator.coverage import README, coverage, with_coverage


def test_the_readme_has_the_table_of_today() -> None:
    text = README.read_text()
    assert with_coverage(text) == text, "run: python -m emulator.coverage --write"


def test_a_route_that_is_missing_is_noticed() -> None:
    text = README.read_text()
    line = coverage().splitlines()[-1]
    assert with_coverage(text.replace(line + "\n", "")) != text.replace(line + "\n", "")


def test_a_readme_without_a_place_for_the_table() -> None:
    with pytest.raises(ValueError, match="no place"):
        with_coverage("# Nothing")
