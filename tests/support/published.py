"""Answers held against what is published: the schemas in docs/, and the table of codes."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

from boxoffice.domain.codes import CODES, Code
from jsonschema import Draft202012Validator

from scripts.project.config import ROOT
from scripts.project.shop import Answer


def as_published(answer: Answer, success: str = "BookTicketSuccess") -> Answer:
    """`answer`, when it has exactly a published form; AssertionError otherwise.

    success: the form of a success.
    """
    body = answer.body
    form = success if body.get("success") else "Failure"
    errors = [error.message for error in _validator(form).iter_errors(body)]
    assert not errors, (errors, answer.status, body)
    if body["success"]:
        assert answer.status == 200
        return answer
    rule = CODES[Code(body["code"])]
    conflict = body["details"].get("conflict")
    if rule.retryable and conflict and not conflict["retryable"]:
        # A conflict knows that repeating is no use.
        rule = replace(rule, retry_after=None, action=conflict["suggestedAction"])
    assert (answer.status, body["retryable"], body["suggestedAction"]) == (
        rule.status, rule.retryable, rule.action,
    )  # fmt: skip
    if body["code"] == Code.RATE_LIMITED:
        assert 1 <= body["retryAfter"] <= body["details"]["windowSeconds"]
    elif body["details"].get("case") == "open":
        # A person decides: that takes longer than it takes others to finish.
        assert body["retryAfter"] == 60
    else:
        assert body["retryAfter"] == rule.retry_after
    assert body["executionId"] == answer.execution["$id"]
    assert body["error"].endswith(".") or body["error"] == CODES[Code.ROLLBACK_FAILED].sentence
    return answer


@cache
def _validator(form: str) -> Draft202012Validator:
    """Stricter than what clients are told: a field that is not published is a mistake."""
    schemas = json.loads((ROOT / "docs" / "openapi.json").read_text())["components"]["schemas"]
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{form}", "components": {"schemas": _closed(schemas)}}
    )


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(value) for name, value in schema.items()}
    if "properties" in closed and "type" in closed:
        closed["additionalProperties"] = False
    return closed
