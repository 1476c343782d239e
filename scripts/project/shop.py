"""Events, customers, payments and bookings, made over HTTP: for the demo, the benchmark and the tests."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.appwrite_http import Http, ok

BOOK = "book_ticket_atomic"
HOLD = "hold_tickets"
AVAILABILITY = "availability"
DATABASE = "boxoffice"
CURRENCY = "INR"


@dataclass(frozen=True, slots=True)
class Kind:
    """A ticket type that is for sale. price: of one ticket, in minor units."""

    id: str
    name: str
    price: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Event:
    """An event with its ticket types by name."""

    id: str
    name: str
    kinds: dict[str, Kind]


@dataclass(frozen=True, slots=True)
class Customer:
    """A signed-in user; `http` calls with their session."""

    user_id: str
    email: str
    password: str = field(repr=False)
    http: Http = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an execution answered: the function's HTTP status and its JSON, and the execution as described."""

    status: int
    body: dict[str, Any]
    execution: dict[str, Any] = field(repr=False)

    @property
    def code(self) -> str:
        """The refusal's code, "" for a success."""
        return str(self.body.get("code", ""))

    @property
    def data(self) -> dict[str, Any]:
        """The booking of a success; KeyError for a refusal."""
        data: dict[str, Any] = self.body["data"]
        return data


class Shop:
    """An Appwrite with the functions deployed, as its owner sees it.

    http: a caller with an API key. payments: a caller of `/_local/payments` of the payment stand-in that the
    deployed functions use.
    """

    def __init__(self, http: Http, project_id: str, payments: Http) -> None:
        self.http = http
        self.project_id = project_id
        self.payments = payments

    def create_event(
        self, kinds: Mapping[str, tuple[int, int]], name: str = "An evening", **columns: Any
    ) -> Event:
        """A published event, a month ahead, with ticket types by name: their price and capacity.

        columns: replaces columns of the event's row.
        """
        event_id = f"ev-{secrets.token_hex(8)}"
        starts = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
        row = {"name": name, "status": "published", "startsAt": starts.isoformat(), **columns}
        self.create_row("events", event_id, row)
        made = {kind: self.create_kind(event_id, kind, *kinds[kind]) for kind in kinds}
        return Event(event_id, name, made)

    def create_kind(self, event_id: str, name: str, price: int, capacity: int, **columns: Any) -> Kind:
        """A ticket type of an event, on sale; `columns` replaces columns of its row."""
        kind = Kind(f"tt-{secrets.token_hex(8)}", name, price, capacity)
        row = {
            "eventId": event_id, "name": name, "price": price, "currency": CURRENCY, "capacity": capacity,
            "onSale": True, **columns,
        }  # fmt: skip
        self.create_row("ticket_types", kind.id, row)
        return kind

    def create_showtime(
        self, event_id: str, plan: Mapping[str, Any], prices: Mapping[str, int], **columns: Any
    ) -> str:
        """The id of a published showtime of an event in a hall of its own, a month ahead.

        plan: the seats, as `boxoffice.domain.seating_plan` reads them. prices: by category.
        """
        venue_id, showtime_id = f"ve-{secrets.token_hex(8)}", f"st-{secrets.token_hex(8)}"
        venue = {"name": "A hall", "status": "published", "layout": json.dumps(plan)}
        self.create_row("venues", venue_id, venue)
        row = {
            "eventId": event_id, "venueId": venue_id, "status": "published", "prices": json.dumps(prices),
            "startsAt": (datetime.now(UTC) + timedelta(days=30)).isoformat(timespec="milliseconds"),
            "currency": CURRENCY, **columns,
        }  # fmt: skip
        self.create_row("showtimes", showtime_id, row)
        return showtime_id

    def create_service(self, **columns: Any) -> str:
        """The id of a published service: open from nine to noon every day, UTC, an hour for one person."""
        service_id = f"se-{secrets.token_hex(8)}"
        week = {day: ["09:00-12:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
        row = {
            "name": "A studio", "status": "published", "zone": "UTC", "hours": json.dumps(week),
            "durations": [60], "step": 60, "granularity": 15, "capacity": 1,
            "prices": json.dumps({"60": 100_000}), "currency": CURRENCY, **columns,
        }  # fmt: skip
        self.create_row("services", service_id, row)
        return service_id

    def create_promo_code(self, **columns: Any) -> str:
        """A promo code that takes off a tenth; `columns` replaces columns of its row."""
        name = secrets.token_hex(8).upper()
        taken_off = {} if "amount" in columns else {"basisPoints": 1_000}
        row = {"code": name, "currency": CURRENCY, **taken_off, **columns}
        self.create_row("promo_codes", f"pc-{name.lower()}", row)
        return str(columns.get("code", name))

    def create_customer(self, name: str = "Asha") -> Customer:
        """A new user, signed in with e-mail and password as an app does."""
        user_id, password = f"u-{secrets.token_hex(8)}", secrets.token_urlsafe(16)
        email = f"{user_id}@example.com"
        user = {"userId": user_id, "email": email, "password": password, "name": name}
        ok(self.http.post("/users", user))
        return self.sign_in(user_id, email, password)

    def sign_in(self, user_id: str, email: str, password: str) -> Customer:
        """The user with a session of its own, as after signing in on another device."""
        http = Http.guest(self.http.endpoint, self.project_id)
        ok(http.post("/account/sessions/email", {"email": email, "password": password}))
        return Customer(user_id, email, password, http)

    def pay(self, customer: Customer, amount: int, **payment: Any) -> str:
        """The id of a payment that the customer made; `payment` is what the stand-in takes besides."""
        body = {"amount": amount, "currency": CURRENCY, "email": customer.email, **payment}
        return str(ok(self.payments.post("", body))["id"])

    def book(
        self,
        customer: Customer,
        event: Event,
        kind: str,
        quantity: int = 1,
        payment_id: str = "",
        **fields: Any,
    ) -> Answer:
        """Books through a function execution with the customer's session; pays first when nothing is paid."""
        wanted = event.kinds[kind]
        payment_id = payment_id or self.pay(customer, wanted.price * quantity)
        body = {"eventId": event.id, "ticketTypeId": wanted.id, "quantity": quantity, "paymentId": payment_id}
        return execute(customer.http, BOOK, {**body, **fields})

    def book_things(
        self, customer: Customer, wanted: Mapping[str, Any], amount: int, **payment: Any
    ) -> Answer:
        """Pays, and books what a request of `book_ticket_atomic` says."""
        paid = {"paymentId": self.pay(customer, amount, **payment)} if amount else {}
        return execute(customer.http, BOOK, {**wanted, **paid})

    def hold(self, customer: Customer, wanted: Mapping[str, Any]) -> Answer:
        """Holds what a request of `hold_tickets` says."""
        return execute(customer.http, HOLD, wanted)

    def pay_for(self, customer: Customer, held: Answer, **payment: Any) -> str:
        """The id of a payment that the customer made for the order of a hold."""
        amount, order = held.data["totalAmount"], held.data["gatewayOrderId"]
        return self.pay(customer, amount, **{"orderId": order, **payment})

    def book_hold(self, customer: Customer, held: Answer, payment_id: str | None) -> Answer:
        """Completes a hold with a payment; without one when it costs nothing."""
        body = {"bookingId": held.data["bookingId"]}
        return execute(customer.http, BOOK, {**body, "paymentId": payment_id} if payment_id else body)

    def create_row(self, table: str, row_id: str, data: Mapping[str, Any]) -> None:
        """Creates one row of the database."""
        ok(self.http.post(f"/tablesdb/{DATABASE}/tables/{table}/rows", {"rowId": row_id, "data": dict(data)}))

    def rows(self, table: str, **equal: str) -> list[dict[str, Any]]:
        """The rows whose columns have these values, at most 5000."""
        queries: list[dict[str, Any]] = [
            {"method": "equal", "attribute": name, "values": [value]} for name, value in equal.items()
        ]
        queries.append({"method": "limit", "values": [5000]})
        params = {f"queries[{at}]": json.dumps(query) for at, query in enumerate(queries)}
        rows: list[dict[str, Any]] = ok(
            self.http.get(f"/tablesdb/{DATABASE}/tables/{table}/rows", params=params)
        )["rows"]
        return rows


def execute(http: Http, function_id: str, body: Mapping[str, Any] | str, **options: Any) -> Answer:
    """One synchronous execution with a JSON body; `options` are further fields of the request."""
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    request = {"body": text, "async": False, "path": "/", "method": "POST", **options}
    execution: dict[str, Any] = ok(http.post(f"/functions/{function_id}/executions", request))
    try:
        answer = json.loads(execution["responseBody"] or "{}")
    except ValueError:
        answer = {}
    return Answer(execution["responseStatusCode"], answer if isinstance(answer, dict) else {}, execution)
