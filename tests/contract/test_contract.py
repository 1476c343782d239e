"""The local Appwrite against transcripts of a real Appwrite 1.9.6."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.contract.matching import differences
from tests.contract.replay import Place, Replay
from tests.support.local_server import LocalServer

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.json"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_it_answers_as_the_real_one_did(path: Path, server: LocalServer) -> None:
    place = Place(server.endpoint, server.ready.project_id, server.ready.api_key)
    found = Replay(place, json.loads(path.read_text())).run()
    assert not found, "\n".join(found)


def test_no_scenario_was_lost() -> None:
    assert len(SCENARIOS) >= 62


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (1, 1.0), (1, True), ("1", 1), (None, ""), ({"a": 1}, {"a": 1, "b": 2}), ({"a": 1, "b": 2}, {"a": 1}),
        ([1, 2], [2, 1]), ([1], [1, 2]), ("<sequence:int>", "5"), ("<sequence:int>", 0), ("<number>", True),
        ("<sequence:string>", 5), ("<datetime>", "2030-01-02T03:04:05.678Z"), ("<id>", "_a"),
        ("<string>", ""),
        ("a <id> b", "a b"), ({"<subset>": {"a": 1}}, {"b": 1}), ({"<includes>": [1]}, [2]),
        ({"<unordered>": [1, 1]}, [1, 2]), ({"<unordered>": [1]}, [1, 2]),
    ],
)  # fmt: skip
def test_a_difference_is_seen(expected: object, actual: object) -> None:
    assert list(differences(expected, actual))


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("<any>", None), ("<sequence:int>", 5), ("<sequence:string>", "5"), ("<number>", 1.5),
        ("<id>", "a.b-c_1"),
        ("<datetime>", "2030-01-02T03:04:05.678+00:00"),
        ("/x/<id>/y", "/x/abc/y"), ({"<includes>": [2]}, [1, 2]),
        ({"<unordered>": [1, "<id>"]}, ["a", 1]), ({"<subset>": {"a": 1}}, {"a": 1, "b": 2}),
    ],
)  # fmt: skip
def test_what_may_differ_is_let_pass(expected: object, actual: object) -> None:
    assert not list(differences(expected, actual))
