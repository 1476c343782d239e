from __future__ import annotations

import pytest
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.payments import Payment, PaymentState, check_amount, check_payment


def payment(**changes: object) -> Payment:
    fields: dict[str, object] = {
        "id": "pay_1",
        "state": PaymentState.CAPTURED,
        "amount": Money(100, "INR"),
        "refunded": 0,
        "order_id": "",
        "email": "",
        "contact": "",
        "noted_user_id": "",
    }
    return Payment(**{**fields, **changes})  # type: ignore[arg-type]


def caller(email: str = "ann@example.com", phone: str = "") -> Caller:
    return Caller("ann", Account("ann", email, phone))


def code_of(paid: Payment, who: Caller) -> Code | None:
    try:
        check_payment(paid, who)
    except Rejected as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("changes", "who"),
    [
        ({"noted_user_id": "ann"}, caller()),
        ({"noted_user_id": "ann", "email": "other@example.com"}, caller()),
        ({"email": " Ann@Example.COM"}, caller()),
        ({"contact": "+91 98765-43210"}, caller(phone="+919876543210")),
        ({}, Caller("ann", None)),
    ],
)
def test_the_callers_own_payment(changes: dict[str, object], who: Caller) -> None:
    assert code_of(payment(**changes), who) is None


@pytest.mark.parametrize(
    ("changes", "who"),
    [
        ({}, caller()),
        ({}, caller(email="")),
        ({"email": "", "contact": ""}, caller(email="", phone="")),
        ({"contact": "---"}, caller(phone="+")),
        ({"email": "bob@example.com"}, caller()),
        ({"noted_user_id": "bob", "email": "ann@example.com"}, caller()),
        ({"noted_user_id": "bob"}, Caller("ann", None)),
        ({"noted_user_id": "ANN"}, caller()),
    ],
)
def test_not_the_callers_payment(changes: dict[str, object], who: Caller) -> None:
    assert code_of(payment(**changes), who) is Code.PAYMENT_NOT_VERIFIED


def test_a_stranger_does_not_learn_the_state_of_a_payment() -> None:
    pending = payment(email="bob@example.com", state=PaymentState.CREATED)
    assert code_of(pending, caller()) is Code.PAYMENT_NOT_VERIFIED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": PaymentState.AUTHORISED}, None),
        ({"state": PaymentState.CREATED}, Code.PAYMENT_PENDING),
        ({"state": PaymentState.FAILED}, Code.PAYMENT_NOT_VERIFIED),
        ({"state": PaymentState.REFUNDED}, Code.PAYMENT_NOT_VERIFIED),
        ({"refunded": 1}, Code.PAYMENT_NOT_VERIFIED),
    ],
)
def test_states(changes: dict[str, object], code: Code | None) -> None:
    assert code_of(payment(noted_user_id="ann", **changes), caller()) is code


def test_exactly_the_price() -> None:
    check_amount(payment(), Money(100, "INR"))
    for price in (Money(99, "INR"), Money(101, "INR"), Money(100, "USD")):
        with pytest.raises(Rejected) as refused:
            check_amount(payment(), price)
        assert refused.value.code is Code.PAYMENT_AMOUNT_MISMATCH
