"""What the README says is so."""

from __future__ import annotations

import os
import re

import pytest
from boxoffice.domain.codes import CODES

from scripts.project.code_table import README, code_table, with_codes
from scripts.project.config import ROOT


def test_the_table_of_codes_is_todays() -> None:
    text = README.read_text()
    assert with_codes(text) == text, "run: python -m scripts.project.code_table --write"


def test_every_code_is_in_the_table() -> None:
    assert sorted(re.findall(r"^\| `(\w+)`", code_table(), re.MULTILINE)) == sorted(CODES)
    assert all(f"| `{code}` | {rule.status} |" in code_table() for code, rule in CODES.items())


def test_a_table_that_is_out_of_date_is_seen() -> None:
    line = code_table().splitlines()[-1]
    text = README.read_text().replace(line + "\n", "")
    assert with_codes(text) != text
    with pytest.raises(ValueError, match="no place"):
        with_codes("# Nothing")


def test_every_script_and_folder_it_names_is_there() -> None:
    text = README.read_text()
    named = set(re.findall(r"`((?:scripts|tests|lib|emulator|functions|\.ci)/[\w./]*)", text))
    assert named
    assert not [name for name in named if not (ROOT / name).exists()]
    for script in {name for name in named if re.fullmatch(r"scripts/\w+", name) and (ROOT / name).is_file()}:
        assert os.access(ROOT / script, os.X_OK), script
