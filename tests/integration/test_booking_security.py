"""Nobody gets tickets that they have no right to, and trying changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from scripts.project.shop import BOOK, Customer, Event, Shop, execute
from tests.integration.attacks import ATTACKS, PRICE, Attack, Attempt, Scene, new_number
from tests.support.in_process import call, configure
from tests.support.local_server import Http, LocalServer, RefusedError, ok
from tests.support.published import as_published
from tests.support.target import Target
from tests.support.traces import Watch

MakeScene = Callable[[str], Scene]
ROWS = "/tablesdb/boxoffice/tables/{}/rows"


@pytest.fixture(scope="module")
def victim(shop: Shop) -> Customer:
    """Somebody who pays."""
    return shop.create_customer("Asha")


@pytest.fixture
def attacker(shop: Shop) -> Customer:
    """Somebody who is signed in, and wants what is not theirs."""
    return shop.create_customer("Mallory")


@pytest.fixture
def event(shop: Shop) -> Event:
    """An event with enough tickets."""
    return shop.create_event({"Standing": (PRICE, 100)})


@pytest.fixture
def scene(
    shop: Shop, target: Target, server: LocalServer, victim: Customer, attacker: Customer, event: Event
) -> MakeScene:
    """A scene in which payments are in a given state."""
    url = server.ready.razorpay["url"]
    return lambda payment: Scene(shop, target, url, victim, attacker, event, payment)


def token_of(customer: Customer) -> str:
    """A token of the customer's session."""
    return str(ok(customer.http.post("/account/jwts"))["jwt"])


def with_token(target: Target, customer: Customer) -> Http:
    """The customer, signed in with a token alone."""
    headers = {"X-Appwrite-Project": target.project_id, "X-Appwrite-JWT": token_of(customer)}
    return Http(target.endpoint, headers)


def body_of(scene: Scene, attempt: Attempt) -> dict[str, object]:
    """One ticket of the scene's event, and what the attempt says otherwise."""
    kind = scene.event.kinds["Standing"].id
    return {"eventId": scene.event.id, "ticketTypeId": kind, "quantity": 1, **attempt.fields}


def watched(scene: Scene, attempt: Attempt) -> Watch:
    """Everything that the attempt could change."""
    return Watch(
        scene.shop,
        [scene.event.id, *attempt.other_events],
        [scene.victim.user_id, scene.attacker.user_id],
        [str(attempt.fields["paymentId"])],
    )


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_it_is_refused_and_changes_nothing(scene: MakeScene, attack: Attack) -> None:
    stage = scene("authorized")
    attempt = attack.attempt(stage)
    caller = with_token(stage.target, stage.attacker) if attempt.by_token else stage.attacker.http
    watch = watched(stage, attempt)
    before = watch.traces()
    answer = execute(caller, BOOK, body_of(stage, attempt), headers=dict(attempt.headers))
    assert as_published(answer).code in attack.codes, answer
    assert 400 <= answer.status < 500
    assert answer.body.get("rollback", {"status": "complete"})["status"] == "complete"
    assert watch.traces() == before


@pytest.mark.parametrize(
    "attack", [attack for attack in ATTACKS if attack.guard_off], ids=lambda attack: attack.name
)
def test_without_its_guard_the_attack_succeeds(
    scene: MakeScene, monkeypatch: pytest.MonkeyPatch, attack: Attack
) -> None:
    stage = scene("captured")
    attempt = attack.attempt(stage)
    headers = {"x-appwrite-user-id": stage.attacker.user_id}
    if not attempt.by_token:
        headers["x-appwrite-user-jwt"] = token_of(stage.attacker)
    headers |= attempt.headers
    configure(monkeypatch, stage.target)
    body = json.dumps(body_of(stage, attempt)).encode()
    _, refusal = call(stage.target, body, headers)
    assert refusal["code"] in attack.codes
    # The refusal of an amount is the end of its payment: the attack is repeated from the beginning.
    attempt = attack.attempt(stage)
    body = json.dumps(body_of(stage, attempt)).encode()
    assert attack.guard_off is not None
    attack.guard_off(monkeypatch)
    status, answer = call(stage.target, body, headers)
    assert (status, answer["success"]) == (200, True), answer


def test_a_spoofed_header_does_not_change_who_books(
    shop: Shop, victim: Customer, attacker: Customer, event: Event
) -> None:
    payment = shop.pay(attacker, PRICE)
    body = {
        "eventId": event.id, "ticketTypeName": "Standing", "quantity": 1, "paymentId": payment,
    }  # fmt: skip
    answer = as_published(execute(attacker.http, BOOK, body, headers={"X-Appwrite-User-Id": victim.user_id}))
    assert answer.status == 200
    assert [row["userId"] for row in shop.rows("tickets", eventId=event.id)] == [attacker.user_id]


def test_the_owner_can_still_use_a_payment_that_somebody_tried_to_use(
    shop: Shop, victim: Customer, attacker: Customer, event: Event
) -> None:
    payment = shop.pay(victim, PRICE)
    assert shop.book(attacker, event, "Standing", payment_id=payment).code == "PAYMENT_NOT_VERIFIED"
    assert shop.book(victim, event, "Standing", payment_id=payment).status == 200


def test_a_captured_payment_of_another_amount_goes_back_and_is_spent(
    shop: Shop, victim: Customer, event: Event
) -> None:
    payment = shop.pay(victim, PRICE - 1)
    answer = shop.book(victim, event, "Standing", payment_id=payment)
    assert (answer.status, answer.code) == (402, "PAYMENT_AMOUNT_MISMATCH")
    assert answer.body["details"]["price"] == {"amount": PRICE, "currency": "INR"}
    assert answer.body["details"]["paid"] == {"amount": PRICE - 1, "currency": "INR"}
    again = shop.book(victim, event, "Standing", payment_id=payment)
    assert (again.code, again.body["replayed"]) == ("PAYMENT_AMOUNT_MISMATCH", True)
    movements = [(m["movement"], m["amount"]) for m in Watch(shop, payments=[payment]).traces()["money"]]
    assert movements == [("captured", PRICE - 1), ("refunded", PRICE - 1)]
    assert shop.rows("tickets", eventId=event.id) == []


def test_a_payment_is_known_by_a_number_that_its_owner_has_confirmed(
    shop: Shop, attacker: Customer, event: Event
) -> None:
    number = new_number()
    ok(attacker.http.patch("/account/phone", {"phone": number, "password": attacker.password}))
    ok(shop.http.patch(f"/users/{attacker.user_id}/verification/phone", {"phoneVerification": True}))
    payment = shop.pay(attacker, PRICE, email="", contact=number)
    assert shop.book(attacker, event, "Standing", payment_id=payment).status == 200


class TestWhoMayCall:
    def test_a_guest_is_refused_before_the_function_runs(
        self, shop: Shop, target: Target, victim: Customer, event: Event
    ) -> None:
        body = wish(event, shop.pay(victim, PRICE), userId=victim.user_id)
        watch = Watch(shop, [event.id], [victim.user_id], [str(body["paymentId"])])
        before = watch.traces()
        with pytest.raises(RefusedError) as refusal:
            execute(target.guest(), BOOK, body)
        assert (refusal.value.status, refusal.value.type) == (401, "user_unauthorized")
        assert watch.traces() == before

    def test_a_token_alone_is_told_to_call_with_a_session(
        self, shop: Shop, target: Target, victim: Customer, event: Event
    ) -> None:
        answer = execute(with_token(target, victim), BOOK, wish(event, shop.pay(victim, PRICE)))
        assert (as_published(answer).status, answer.code) == (401, "UNAUTHENTICATED")
        assert "session" in answer.body["error"]
        assert "API key" in answer.body["error"]

    def test_a_server_with_a_key_books_for_the_user_it_names(
        self, shop: Shop, victim: Customer, event: Event
    ) -> None:
        payment = shop.pay(victim, PRICE)
        answer = execute(shop.http, BOOK, wish(event, payment, userId=victim.user_id))
        assert as_published(answer).status == 200
        assert [row["userId"] for row in shop.rows("tickets", eventId=event.id)] == [victim.user_id]
        # It is the user's own booking: asking for it with a session is asking again.
        assert shop.book(victim, event, "Standing", payment_id=payment).body["replayed"] is True

    def test_a_server_with_a_key_has_to_name_a_user(self, shop: Shop, victim: Customer, event: Event) -> None:
        payment = shop.pay(victim, PRICE)
        for named in ({}, {"userId": ""}, {"userId": None}):
            answer = as_published(execute(shop.http, BOOK, wish(event, payment, **named)))
            assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
            assert answer.body["details"]["field"] == "userId"
        assert shop.rows("bookings", eventId=event.id) == []

    def test_not_even_a_server_uses_a_payment_that_is_noted_to_be_anothers(
        self, shop: Shop, victim: Customer, attacker: Customer, event: Event
    ) -> None:
        payment = shop.pay(victim, PRICE, notes={"userId": victim.user_id})
        answer = execute(shop.http, BOOK, wish(event, payment, userId=attacker.user_id))
        assert as_published(answer).code == "PAYMENT_NOT_VERIFIED"
        assert shop.rows("bookings", eventId=event.id) == []


@pytest.mark.parametrize("table, column, wanted", [
    ("events", "status", "cancelled"), ("ticket_types", "price", 1), ("bookings", "status", "cancelled"),
    ("claims", "bookingId", "mine"), ("outcomes", "outcome", "ROLLED_BACK"), ("tickets", "userId", "mine"),
    ("transactions", "amount", 1), ("orders", "total", 1),
])  # fmt: skip
def test_clients_write_no_rows(
    shop: Shop, victim: Customer, event: Event, table: str, column: str, wanted: object
) -> None:
    booking = shop.book(victim, event, "Standing").data["bookingId"]
    where = {"events": ("$id", event.id), "ticket_types": ("eventId", event.id)}
    where |= dict.fromkeys(("bookings", "outcomes"), ("$id", booking))
    (row,) = shop.rows(table, **dict([where.get(table, ("bookingId", booking))]))
    data = {name: value for name, value in row.items() if not name.startswith("$")} | {column: wanted}
    path = ROWS.format(table)
    answers = [
        victim.http.post(path, {"rowId": "unique()", "data": data}),
        victim.http.patch(f"{path}/{row['$id']}", {"data": {column: wanted}}),
        victim.http.put(f"{path}/{row['$id']}", {"data": data}),
        victim.http.delete(f"{path}/{row['$id']}"),
    ]
    assert {answer.status_code for answer in answers} <= {401, 404}
    assert shop.rows(table, **{"$id": row["$id"]}) == [row]


def test_clients_write_no_images(shop: Shop, victim: Customer, event: Event) -> None:
    file = f"/storage/buckets/tickets/files/{shop.book(victim, event, 'Standing').data['qrCodeFileId']}"
    image = {"file": ("a.png", b"\x89PNG", "image/png")}
    upload = victim.http.call(
        "POST", "/storage/buckets/tickets/files", data={"fileId": "unique()"}, files=image
    )
    assert [upload.status_code, victim.http.delete(file).status_code] == [401, 401]
    assert shop.http.get(file).status_code == 200


def wish(event: Event, payment: str, **fields: object) -> dict[str, object]:
    """One ticket."""
    kind = event.kinds["Standing"].id
    return {"eventId": event.id, "ticketTypeId": kind, "quantity": 1, "paymentId": payment, **fields}
