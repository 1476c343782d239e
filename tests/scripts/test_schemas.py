"""The published schemas are today's, and say what the models do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from boxoffice.contract.booking import BookTicketRequest
from boxoffice.domain.codes import CODES
from boxoffice.domain.errors import Rejected
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from scripts.project.config import ROOT, load_project
from scripts.project.schemas import DOCS, PUBLISHED, documents, openapi

REQUEST = json.loads((DOCS / "schemas" / "book_ticket_atomic.request.json").read_text())
GOOD: dict[str, Any] = {"eventId": "ev", "ticketTypeId": "tt", "quantity": 1, "paymentId": "pay_1"}


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_published_document_is_todays(path: Any) -> None:
    assert path.read_text() == documents()[path], "run: python -m scripts.project.schemas --write"


def test_nothing_else_is_published() -> None:
    assert set(DOCS.rglob("*.json")) == set(documents())


def test_the_document_keeps_the_standard() -> None:
    validate(openapi())
    for path, text in documents().items():
        if path.name != "openapi.json":
            Draft202012Validator.check_schema(json.loads(text))


def test_it_tells_of_every_deployed_function_and_of_every_code() -> None:
    assert {each.function_id for each in PUBLISHED} == {each["$id"] for each in load_project().functions}
    schemas = openapi()["components"]["schemas"]
    assert schemas["Code"]["enum"] == list(CODES)
    assert all(f"`{code}` ({rule.status})" in schemas["Code"]["description"] for code, rule in CODES.items())


def test_what_may_be_absent_from_an_answer_is_never_null_instead() -> None:
    failure = openapi()["components"]["schemas"]["Failure"]
    optional = set(failure["properties"]) - set(failure["required"])
    assert optional == {"replayed", "rollback", "createdResources", "rollbackStatus"}
    assert not [name for name in optional if "null" in json.dumps(failure["properties"][name])]
    assert failure["properties"]["retryAfter"]["anyOf"] == [{"type": "integer"}, {"type": "null"}]


# For JSON Schema 1.0 is a whole number; for the model it is not.
fractions = st.floats(allow_nan=False).filter(lambda value: not value.is_integer())
texts = st.text(max_size=4) | st.sampled_from(["1", "10", "11", "01", "ev-1", "x" * 37, "pay_1", "a:b", "é"])
values = st.none() | st.booleans() | st.integers(-1, 12) | st.integers() | fractions | texts


@given(st.fixed_dictionaries({}, optional=dict.fromkeys((*GOOD, "ticketTypeName", "userId"), values)))
def test_whatever_the_request_schema_allows_is_accepted(fields: dict[str, Any]) -> None:
    body = {**GOOD, **fields}
    if Draft202012Validator(REQUEST).is_valid(body) and body["ticketTypeId"] is not None:
        BookTicketRequest.read(body)


@pytest.mark.parametrize("name, wrong", [
    ("eventId", ""), ("eventId", "a b"), ("eventId", 5), ("quantity", 0), ("quantity", 11), ("quantity", "x"),
    ("quantity", 1.5), ("paymentId", "pay"), ("quantity", None), ("orderId", "order_1"), ("signature", "5f"),
    ("ticketTypeId", "-"), ("userId", "x" * 37),
])  # fmt: skip
def test_what_is_refused_is_not_allowed_by_the_schema_either(name: str, wrong: Any) -> None:
    body = {**GOOD, name: wrong}
    assert not Draft202012Validator(REQUEST).is_valid(body)
    with pytest.raises(Rejected):
        BookTicketRequest.read(body)
