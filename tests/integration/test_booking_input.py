"""Whatever is sent is refused with a code and the name of the field, and changes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from scripts.project.config import ROOT
from scripts.project.shop import BOOK, Answer, Customer, Event, Shop, execute
from tests.support.local_server import RefusedError, ok
from tests.support.published import as_published
from tests.support.traces import Traces, Watch

PRICE = 50_000
SCHEMA = json.loads((ROOT / "docs" / "schemas" / "book_ticket_atomic.request.json").read_text())

# What refuses a value that could be right, and which field it then names.
UNKNOWN = {
    "eventId": (404, "NOT_FOUND_ERROR", "eventId"),
    "ticketTypeId": (404, "NOT_FOUND_ERROR", "ticketTypeId"),
    "ticketTypeName": (404, "NOT_FOUND_ERROR", "ticketTypeName"),
    "paymentId": (402, "PAYMENT_NOT_VERIFIED", "paymentId"),
    "orderId": (402, "PAYMENT_NOT_VERIFIED", "signature"),
    "signature": (402, "PAYMENT_NOT_VERIFIED", "signature"),
    "userId": (403, "PERMISSION_ERROR", "userId"),
}
FIELDS = ("quantity", *UNKNOWN)
# These may be left out, and are when they are empty.
OPTIONAL = ("ticketTypeName", "orderId", "signature", "userId")

HOSTILE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{7*7}}", "${jndi:ldap://x}", "%s%n",
    "' OR '1'='1", "'; DROP TABLE bookings; --", "1; SELECT pg_sleep(5)", '" OR ""="', "admin'/*", "%27%20OR",
    '{"method":"limit","values":[1]}', "../../v1/users", "..%2f..", "*", "unique()", "null", "true", "[]",
    "\x00", "a\x00b", "\ud800", "\udfff\ud800", "🎟️", "é", "٣", "\u202e", "\ufeff", "\u2028", " ", "\t\n",
    "-1", "0", "11", "1e1", "0x1", "1,5", "NaN", "", "-", ".", "_", "a b", "a" * 37, "x" * 65, "x" * 500,
)  # fmt: skip
NUMBERS = (
    0,
    -1,
    11,
    2**31,
    2**63,
    -(2**63),
    10**30,
    1.5,
    -0.0,
    1e308,
    float("inf"),
    float("nan"),
    True,
    False,
)

texts = st.sampled_from(HOSTILE) | st.text(max_size=40)
values = st.recursive(
    st.none() | st.sampled_from(NUMBERS) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
fast = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True, slots=True)
class Counter:
    """Where requests go: a customer, who has paid for one ticket, and an event."""

    shop: Shop
    customer: Customer
    event: Event
    payment: str
    watch: Watch
    before: Traces

    @property
    def good(self) -> dict[str, Any]:
        """A request that would succeed."""
        kind = self.event.kinds["Standing"].id
        return {"eventId": self.event.id, "ticketTypeId": kind, "quantity": 1, "paymentId": self.payment}

    def with_value(self, name: str, value: Any) -> dict[str, Any]:
        """That request with another value, and with what belongs to it."""
        beside: dict[str, dict[str, Any]] = {
            "ticketTypeName": {"ticketTypeId": None},
            "orderId": {"signature": "5f"},
            "signature": {"orderId": "order_1"},
        }
        return {**self.good, **beside.get(name, {}), name: value}

    def ask(self, body: Any) -> Answer:
        """The answer to a body: text as it is, anything else as JSON."""
        text = body if isinstance(body, str) else written(body)
        return as_published(execute(self.customer.http, BOOK, text))

    def refusal(self, body: Any) -> tuple[int, str, str]:
        """Status, code and field of the refusal, after which there is no booking."""
        answer = self.ask(body)
        assert 400 <= answer.status < 500, answer
        assert self.shop.rows("bookings", eventId=self.event.id) == []
        return answer.status, answer.code, answer.body["details"]["field"]


@pytest.fixture(scope="module")
def counter(shop: Shop) -> Counter:
    """One for all tests: nothing that they send may change anything."""
    customer, event = shop.create_customer(), shop.create_event({"Standing": (PRICE, 5)})
    payment = shop.pay(customer, PRICE, status="authorized")
    watch = Watch(shop, [event.id], [customer.user_id], [payment])
    return Counter(shop, customer, event, payment, watch, watch.traces())


@pytest.fixture(autouse=True)
def nothing_has_changed(counter: Counter) -> Iterator[None]:
    """After every test."""
    yield
    assert counter.watch.traces() == counter.before


def written(value: Any) -> str:
    """JSON with its characters as they are, or escaped where they are none."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def invalid(name: str) -> tuple[int, str, str]:
    """The refusal of a value that a field can never have."""
    return 400, "INVALID_QUANTITY" if name == "quantity" else "VALIDATION_ERROR", name


def is_allowed(name: str, value: Any) -> bool:
    """Whether the published schema allows a value in a field."""
    # For JSON Schema 1.0 is a whole number, a pattern may be followed by a line break, and half a character
    # is one.
    if isinstance(value, float) or (isinstance(value, str) and re.search("\n$|[\ud800-\udfff]", value)):
        return False
    return bool(Draft202012Validator(SCHEMA["properties"][name]).is_valid(value))


@pytest.mark.parametrize("name", ["eventId", "ticketTypeId", "quantity", "paymentId"])
def test_a_missing_field_is_named(counter: Counter, name: str) -> None:
    without = {key: value for key, value in counter.good.items() if key != name}
    assert counter.refusal(without) == invalid(name)
    assert counter.refusal({**without, name.upper(): counter.good[name]}) == invalid(name)


@settings(fast, max_examples=300)
@given(name=st.sampled_from(FIELDS), value=values)
def test_any_value_is_refused_by_the_name_of_its_field(counter: Counter, name: str, value: Any) -> None:
    is_blank = value is None or (isinstance(value, str) and not value.strip())
    assume(not (is_blank and name in OPTIONAL))
    if is_allowed(name, value) and not is_blank:
        assume(name != "quantity")
        expected = UNKNOWN[name]
    else:
        expected = invalid(name)
    assert counter.refusal(counter.with_value(name, value)) == expected


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", [
    "' OR '1'='1", "<script>alert(1)</script>", "a\x00b", "🎟️", "\ud800", "x" * 10_000, -1, 10**30, 1.5, True,
    [1], {"$ne": ""}, [[[[[]]]]],
], ids=repr)  # fmt: skip
def test_these_values_are_refused_in_every_field(counter: Counter, name: str, value: Any) -> None:
    could_be_a_name = name == "ticketTypeName" and value in ("' OR '1'='1", "<script>alert(1)</script>", "🎟️")
    expected = UNKNOWN[name] if could_be_a_name else invalid(name)
    assert counter.refusal(counter.with_value(name, value)) == expected


@settings(fast, max_examples=150)
@given(text=texts | values.map(json.dumps))
@example("")
@example("null")
@example('"text"')
@example("{'eventId': 'x'}")
@example("eventId=x&quantity=1")
@example('{"eventId": "ev", "quantity": 1,}')
@example("[" * 16_000)
@example('{"a":' * 2_500 + "1" + "}" * 2_500)
@example('{"quantity":' + "9" * 5_000 + "}")
@example('{"\\ud800":"\\ud800"}')
@example('{"eventId": NaN}')
def test_any_text_is_refused(counter: Counter, text: str) -> None:
    assume(text.isprintable() or text.encode(errors="ignore").decode() == text)
    status, code, field = counter.refusal(text)
    assert (status, code) in ((400, "VALIDATION_ERROR"), (400, "INVALID_QUANTITY"))
    assert field in ("body", "eventId", "quantity", "paymentId")


@pytest.mark.parametrize("field", ["eventId", "quantity", "paymentId", "ticketTypeName", "note"])
def test_a_megabyte_is_refused_wherever_it_is(counter: Counter, field: str) -> None:
    assert counter.refusal({**counter.good, field: "a" * 2**20}) == invalid("body")
    assert counter.refusal({**counter.good, field: ["é"] * 2**18}) == invalid("body")


def test_a_megabyte_that_is_no_json_is_refused(counter: Counter) -> None:
    for text in ("x" * 2**20, "\x00" * 2**20, "🎟️" * 2**17):
        assert counter.refusal(text) == invalid("body")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp037"])
def test_another_encoding_is_refused(counter: Counter, encoding: str) -> None:
    content = json.dumps(counter.good).encode(encoding)
    assert posted_as_form(counter, content) == invalid("body")


@pytest.mark.parametrize("content", [
    b"\xff\xfe{}", b'{"eventId": "\xe9"}', b"\x80", b"\xed\xa0\x80", b"\xc0\xaf", b"\x1f\x8b", b"\x00\x01",
], ids=repr)  # fmt: skip
def test_bytes_that_are_no_text_are_refused(counter: Counter, content: bytes) -> None:
    # A server on the way may put a sign for what it cannot read, which makes it JSON again.
    status, code, field = posted_as_form(counter, content)
    assert (status, code) == (400, "VALIDATION_ERROR")
    assert field in ("body", "eventId")


def test_half_a_character_in_the_body_is_refused(counter: Counter) -> None:
    # Appwrite itself may refuse it, or take the whole request for empty.
    try:
        answer = execute(counter.customer.http, BOOK, written(counter.good) + "\ud800")
    except RefusedError as error:
        assert error.status == 400
    else:
        assert as_published(answer).body["details"]["field"] == "body"


def test_another_method_or_path_is_no_way_around(counter: Counter) -> None:
    wrong = written({**counter.good, "quantity": 0})
    for options in ({"method": "GET"}, {"method": "PUT"}, {"path": "/../admin?quantity=1"}):
        answer = as_published(execute(counter.customer.http, BOOK, wrong, **options))
        assert answer.code in ("INVALID_QUANTITY", "VALIDATION_ERROR")


def test_the_answer_never_repeats_what_was_sent(counter: Counter) -> None:
    for name in FIELDS:
        for value in ("<script>alert(1)</script>", "' OR '1'='1"):
            assert value not in json.dumps(counter.ask(counter.with_value(name, value)).body)


def test_the_request_that_they_all_spoil_is_right(counter: Counter) -> None:
    customer, event = counter.shop.create_customer(), counter.shop.create_event({"Standing": (PRICE, 5)})
    payment = counter.shop.pay(customer, PRICE)
    here = Counter(counter.shop, customer, event, payment, counter.watch, counter.before)
    assert here.ask(here.good).status == 200


def posted_as_form(counter: Counter, content: bytes) -> tuple[int, str, str]:
    """The refusal of a body of any bytes, as SDKs send them: in a form."""
    parts = {"body": (None, content), "async": (None, "false"), "method": (None, "POST"), "path": (None, "/")}
    made = counter.customer.http.call("POST", f"/functions/{BOOK}/executions", files=parts)
    execution = ok(made)
    body = json.loads(execution["responseBody"])
    answer = as_published(Answer(execution["responseStatusCode"], body, execution))
    return answer.status, answer.code, answer.body["details"]["field"]
