"""Holds an answer against a transcript: literal values, and matchers for what differs from run to run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_PATTERNS = {
    "<datetime>": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00",
    "<id>": r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}",
    "<sequence:int>": r"[1-9]\d*",
    "<sequence:string>": r"[1-9]\d*",
    "<number>": r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?",
    "<string>": r".+",
    "<any>": r".*",
}
_MATCHER = re.compile("|".join(map(re.escape, _PATTERNS)))
_LISTS = ("<includes>", "<unordered>")


def differences(expected: Any, actual: Any, path: str = "$") -> Iterator[str]:
    """One sentence for each difference, with its JSON path; nothing when the answer is as expected."""
    if expected == "<any>":
        return
    if expected in ("<sequence:int>", "<number>"):
        yield from _number(expected, actual, path)
    elif isinstance(expected, dict):
        yield from _object(expected, actual, path)
    elif isinstance(expected, list):
        yield from _array(expected, actual, path)
    elif isinstance(expected, str):
        if not isinstance(actual, str) or not _text_matches(expected, actual):
            yield _unlike(path, expected, actual)
    elif type(expected) is not type(actual) or expected != actual:
        yield _unlike(path, expected, actual)


def _number(expected: str, actual: Any, path: str) -> Iterator[str]:
    kinds = (int,) if expected == "<sequence:int>" else (int, float)
    positive = expected == "<number>" or (isinstance(actual, int) and actual > 0)
    if isinstance(actual, bool) or not isinstance(actual, kinds) or not positive:
        yield _unlike(path, expected, actual)


def _object(expected: dict[str, Any], actual: Any, path: str) -> Iterator[str]:
    kind = next(iter(expected)) if len(expected) == 1 else ""
    if kind in _LISTS:
        yield from _any_order(expected[kind], actual, path, more_allowed=kind == "<includes>")
        return
    wanted = expected["<subset>"] if kind == "<subset>" else expected
    if not isinstance(actual, dict):
        yield _unlike(path, wanted, actual)
        return
    for key, value in wanted.items():
        if key in actual:
            yield from differences(value, actual[key], f"{path}.{key}")
        else:
            yield f"{path}.{key}: missing, expected {_shown(value)}"
    if kind != "<subset>":
        for key in actual.keys() - wanted.keys():
            yield f"{path}.{key}: unexpected, value {_shown(actual[key])}"


def _array(expected: list[Any], actual: Any, path: str) -> Iterator[str]:
    if not isinstance(actual, list):
        yield _unlike(path, expected, actual)
        return
    if len(expected) != len(actual):
        yield f"{path}: expected {len(expected)} items, got {len(actual)}"
    for at, (wanted, got) in enumerate(zip(expected, actual, strict=False)):
        yield from differences(wanted, got, f"{path}[{at}]")


def _any_order(expected: list[Any], actual: Any, path: str, *, more_allowed: bool) -> Iterator[str]:
    if not isinstance(actual, list):
        yield _unlike(path, expected, actual)
        return
    left = list(actual)
    for wanted in expected:
        at = next((at for at, got in enumerate(left) if not any(differences(wanted, got))), None)
        if at is None:
            yield f"{path}: no item like {_shown(wanted)}"
        else:
            del left[at]
    if left and not more_allowed:
        yield f"{path}: {len(left)} unexpected items, the first is {_shown(left[0])}"


def _text_matches(expected: str, actual: str) -> bool:
    if expected == actual:
        return True
    pattern, end = "", 0
    for matcher in _MATCHER.finditer(expected):
        pattern += re.escape(expected[end : matcher.start()]) + _PATTERNS[matcher.group()]
        end = matcher.end()
    return re.fullmatch(pattern + re.escape(expected[end:]), actual, re.DOTALL) is not None


def _unlike(path: str, expected: Any, actual: Any) -> str:
    return f"{path}: expected {_shown(expected)}, got {_shown(actual)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:197] + "..."
