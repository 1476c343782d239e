"""`scripts/test`: what its words mean."""

from __future__ import annotations

import pytest

from scripts.commands.test import TESTS, areas, pytest_arguments

KNOWN = {"unit", "contract"}


@pytest.mark.parametrize(
    ("given", "targets"),
    [
        ([], [str(TESTS)]),
        (["unit"], [str(TESTS / "unit")]),
        (["contract", "unit", "-x"], [str(TESTS / "contract"), str(TESTS / "unit"), "-x"]),
        (["-k", "qr"], ["-k", "qr", str(TESTS)]),
        ([__file__ + "::test_areas"], [__file__ + "::test_areas"]),
    ],
)
def test_areas_become_folders(given: list[str], targets: list[str]) -> None:
    assert pytest_arguments(given, KNOWN)[-len(targets) :] == targets
    assert (str(TESTS) in pytest_arguments(given, KNOWN)) is (str(TESTS) in targets)


@pytest.mark.parametrize("given", [[], ["unit"], ["unit", "contract"]])
def test_whole_areas_use_several_processors(given: list[str]) -> None:
    arguments = pytest_arguments(given, KNOWN, processors=16)
    assert arguments[arguments.index("-n") + 1] == "4"


@pytest.mark.parametrize("given", [["-k", "qr"], ["unit", "-x"], [__file__]])
def test_anything_more_specific_stays_in_one_process(given: list[str]) -> None:
    assert "-n" not in pytest_arguments(given, KNOWN, processors=16)


def test_areas_are_the_folders_with_tests() -> None:
    assert {"contract", "emulator", "integration", "scripts", "unit"} <= areas()
    assert "support" not in areas()
