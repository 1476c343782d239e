from __future__ import annotations

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.limits import Limit, Scope
from boxoffice.settings import AvailabilitySettings, Misconfigured, Settings

GOOD = {
    "APPWRITE_FUNCTION_API_ENDPOINT": "http://appwrite/v1/",
    "APPWRITE_FUNCTION_PROJECT_ID": "boxoffice",
    "RAZORPAY_KEY_ID": "rzp_id",
    "RAZORPAY_KEY_SECRET": "rzp_secret",
    "TICKET_SIGNING_KEYS": "k2:fedcba9876543210, k1:0123456789abcdef",
}


def test_all_of_it() -> None:
    settings = Settings.from_environment(GOOD)
    assert settings.endpoint == "http://appwrite/v1"
    assert settings.razorpay_base_url == "https://api.razorpay.com"
    assert settings.signing_keys.current == "k2"
    assert set(settings.signing_keys.secrets) == {"k1", "k2"}


def test_the_gateways_address_can_be_another() -> None:
    settings = Settings.from_environment({**GOOD, "RAZORPAY_BASE_URL": "http://127.0.0.1:1/"})
    assert settings.razorpay_base_url == "http://127.0.0.1:1"


def test_how_long_a_call_may_take() -> None:
    assert Settings.from_environment(GOOD).call_seconds == 10.0
    assert Settings.from_environment({**GOOD, "CALL_SECONDS": "0.5"}).call_seconds == 0.5


@pytest.mark.parametrize("text", ["soon", "0", "-1", "60", "nan", "inf"])
def test_a_senseless_time_for_a_call_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match="CALL_SECONDS"):
        Settings.from_environment({**GOOD, "CALL_SECONDS": text})


@pytest.mark.parametrize("variable", GOOD)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_what_is_missing_is_named(variable: str, value: str | None) -> None:
    environment = {name: text for name, text in {**GOOD, variable: value}.items() if text is not None}
    with pytest.raises(Misconfigured) as error:
        Settings.from_environment(environment)
    assert variable in error.value.message
    assert error.value.code is Code.SERVICE_UNAVAILABLE


@pytest.mark.parametrize(
    "keys",
    [
        "nocolon",
        "k1:short",
        ":0123456789abcdef",
        "k1:0123456789abcdef,k1:fedcba9876543210",
        "a b:" + "x" * 16,
    ],
)
def test_keys_that_cannot_be_used_are_not_shown(keys: str) -> None:
    with pytest.raises(Misconfigured) as error:
        Settings.from_environment({**GOOD, "TICKET_SIGNING_KEYS": keys})
    assert keys not in error.value.message


def test_secrets_are_not_shown() -> None:
    shown = repr(Settings.from_environment(GOOD))
    assert "rzp_secret" not in shown
    assert "fedcba" not in shown


def availability(**variables: str) -> AvailabilitySettings:
    place = {name: text for name, text in GOOD.items() if name.startswith("APPWRITE")}
    return AvailabilitySettings.from_environment({**place, **variables})


def test_looking_at_what_is_left_needs_no_secret() -> None:
    settings = availability()
    assert (settings.endpoint, settings.project_id) == ("http://appwrite/v1", "boxoffice")
    assert (settings.cache_seconds, settings.warm_events) == (2.0, ())


def test_how_long_availability_is_remembered_and_for_which_events_beforehand() -> None:
    settings = availability(AVAILABILITY_CACHE_SECONDS="0.5", AVAILABILITY_WARM_EVENTS=" concert, opera ,")
    assert (settings.cache_seconds, settings.warm_events) == (0.5, ("concert", "opera"))


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("AVAILABILITY_CACHE_SECONDS", "61"),
        ("AVAILABILITY_CACHE_SECONDS", "-1"),
        ("AVAILABILITY_CACHE_SECONDS", "a while"),
        ("AVAILABILITY_WARM_EVENTS", "a b"),
        ("AVAILABILITY_WARM_EVENTS", ",".join(f"event-{number}" for number in range(51))),
    ],
)
def test_senseless_settings_of_availability_are_refused(variable: str, text: str) -> None:
    with pytest.raises(Misconfigured, match=variable):
        availability(**{variable: text})


def test_how_often_users_and_addresses_may_ask() -> None:
    usual = Settings.from_environment(GOOD)
    assert usual.user_limits[Scope.BOOK] == Limit(30, 60)
    assert usual.address_limits[Scope.BOOK] == Limit(300, 60)
    told = Settings.from_environment({**GOOD, "RATE_LIMITS": "book=5/10", "ADDRESS_LIMITS": "hold=7/1"})
    assert told.user_limits == {**usual.user_limits, Scope.BOOK: Limit(5, 10)}
    assert told.address_limits == {
        **usual.address_limits,
        Scope.BOOK: Limit(50, 10),
        Scope.HOLD: Limit(7, 1),
    }


@pytest.mark.parametrize("variable", ["RATE_LIMITS", "ADDRESS_LIMITS"])
def test_limits_that_cannot_be_read_are_refused(variable: str) -> None:
    with pytest.raises(Misconfigured, match=variable):
        Settings.from_environment({**GOOD, variable: "book=lots"})


@pytest.mark.parametrize(
    ("text", "wanted"), [(None, ()), (" , ", ()), ("hook", ("hook",)), ("new, old,", ("new", "old"))]
)
def test_the_secrets_of_webhooks(text: str | None, wanted: tuple[str, ...]) -> None:
    settings = Settings.from_environment(GOOD if text is None else {**GOOD, "RAZORPAY_WEBHOOK_SECRET": text})
    assert settings.webhook_secrets == wanted
    assert "hook" not in repr(settings)
