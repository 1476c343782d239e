"""The configuration of a deployed function: its environment, read once, as one typed object."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Fatal
from boxoffice.domain.limits import USUAL, Limits, read_limits
from boxoffice.domain.tickets import SigningKeys
from boxoffice.saga.timing import LONGEST_CALL

WEBHOOK_VARIABLE = "RAZORPAY_WEBHOOK_SECRET"
WEBHOOK_FORM = "the secret of the webhook at Razorpay, or several separated by commas, to replace one"
_RAZORPAY = "https://api.razorpay.com"
_CACHE_SECONDS = 2.0
_USERS_AT_AN_ADDRESS = 10
_MOST_WARM_EVENTS = 50
_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,35}")


class Misconfigured(Fatal):
    """An environment variable is missing or malformed. The message names it and never shows its value."""

    def __init__(self, variable: str, expected: str) -> None:
        super().__init__(
            Code.SERVICE_UNAVAILABLE,
            f"The function is not configured: its variable {variable} must be {expected}.",
            {"variable": variable},
        )


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """The S3 bucket for rollback reports that the database refuses. `endpoint` is empty for Amazon's own."""

    bucket: str
    endpoint: str
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between deployments.

    `endpoint` and `project_id` are set by Appwrite itself, the rest by whoever deploys. `call_seconds` is how
    long one call to Appwrite or to the gateway may take. `user_limits` and `address_limits` are how often a
    user and an address may ask. Without an `archive` there is no second place for the reports of rollbacks.
    """

    endpoint: str
    project_id: str
    razorpay_key_id: str
    razorpay_base_url: str
    call_seconds: float
    user_limits: Limits
    address_limits: Limits
    razorpay_key_secret: str = field(repr=False)
    signing_keys: SigningKeys = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    archive: ArchiveSettings | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the variables. Raises `Misconfigured` for the first that is missing or malformed."""

        required = partial(_required, environment)
        users = _limits(environment, "RATE_LIMITS", USUAL)
        crowds = {scope: limit.times(_USERS_AT_AN_ADDRESS) for scope, limit in users.items()}
        return cls(
            endpoint=_endpoint(environment),
            project_id=_project_id(environment),
            razorpay_key_id=required("RAZORPAY_KEY_ID", "the id of a Razorpay API key"),
            razorpay_key_secret=required("RAZORPAY_KEY_SECRET", "the secret of that Razorpay API key"),
            razorpay_base_url=(environment.get("RAZORPAY_BASE_URL", "").strip() or _RAZORPAY).rstrip("/"),
            call_seconds=_call_seconds(environment),
            user_limits=users,
            address_limits=_limits(environment, "ADDRESS_LIMITS", crowds),
            signing_keys=_signing_keys(required("TICKET_SIGNING_KEYS", _SIGNING_KEYS_FORM)),
            webhook_secrets=_webhook_secrets(environment),
            archive=_archive(environment, required),
        )


@dataclass(frozen=True, slots=True)
class AvailabilitySettings:
    """What `availability` needs: no secret of anybody's, because guests call it.

    Answers are remembered for `cache_seconds`; those about `warm_events` are there before anybody asks.
    """

    endpoint: str
    project_id: str
    call_seconds: float
    cache_seconds: float
    warm_events: tuple[str, ...]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "AvailabilitySettings":
        """Read the variables. Raises `Misconfigured` for the first that is missing or malformed."""
        return cls(
            endpoint=_endpoint(environment),
            project_id=_project_id(environment),
            call_seconds=_call_seconds(environment),
            cache_seconds=_seconds(environment, "AVAILABILITY_CACHE_SECONDS", _CACHE_SECONDS, 0, 60),
            warm_events=_event_ids(environment, "AVAILABILITY_WARM_EVENTS"),
        )


def _archive(environment: Mapping[str, str], required: Callable[[str, str], str]) -> ArchiveSettings | None:
    bucket = environment.get("REPORT_BUCKET", "").strip()
    if not bucket:
        return None
    return ArchiveSettings(
        bucket=bucket,
        endpoint=environment.get("REPORT_BUCKET_ENDPOINT", "").strip().rstrip("/"),
        region=environment.get("AWS_REGION", "").strip() or "us-east-1",
        access_key_id=required("AWS_ACCESS_KEY_ID", "the id of a key that may use the bucket for reports"),
        secret_access_key=required("AWS_SECRET_ACCESS_KEY", "the secret of that key"),
    )


def _webhook_secrets(environment: Mapping[str, str]) -> tuple[str, ...]:
    """None at all where no webhooks arrive."""
    parts = (part.strip() for part in environment.get(WEBHOOK_VARIABLE, "").split(","))
    return tuple(part for part in parts if part)


def _required(environment: Mapping[str, str], variable: str, expected: str) -> str:
    value = environment.get(variable, "").strip()
    if not value:
        raise Misconfigured(variable, expected)
    return value


def _endpoint(environment: Mapping[str, str]) -> str:
    endpoint = _required(environment, "APPWRITE_FUNCTION_API_ENDPOINT", "the address of the Appwrite API")
    return endpoint.rstrip("/")


def _project_id(environment: Mapping[str, str]) -> str:
    return _required(environment, "APPWRITE_FUNCTION_PROJECT_ID", "the id of the Appwrite project")


def _call_seconds(environment: Mapping[str, str]) -> float:
    return _seconds(environment, "CALL_SECONDS", LONGEST_CALL, 0.1, 20)


def _seconds(environment: Mapping[str, str], variable: str, usual: float, least: float, most: float) -> float:
    text = environment.get(variable, "").strip()
    try:
        seconds = float(text or usual)
    except ValueError:
        seconds = float("nan")
    if not least <= seconds <= most:
        raise Misconfigured(variable, f"a number of seconds from {least} to {most}")
    return seconds


def _limits(environment: Mapping[str, str], variable: str, usual: Limits) -> Limits:
    try:
        return read_limits(environment.get(variable, ""), usual)
    except ValueError as error:
        raise Misconfigured(variable, _LIMITS_FORM) from error


def _event_ids(environment: Mapping[str, str], variable: str) -> tuple[str, ...]:
    ids = tuple(part.strip() for part in environment.get(variable, "").split(",") if part.strip())
    if len(ids) > _MOST_WARM_EVENTS or not all(_ID.fullmatch(one) for one in ids):
        raise Misconfigured(variable, f"at most {_MOST_WARM_EVENTS} ids of events, separated by commas")
    return ids


_LIMITS_FORM = (
    "limits such as book=30/60 hold=30/60 cancel=10/60 lookup=120/60, separated by spaces: "
    "1 to 1000000 requests in 1 to 86400 seconds"
)

_SIGNING_KEYS_FORM = (
    "one or more id:secret pairs, separated by commas, the one that signs new tickets first; "
    "ids of letters and digits, secrets of at least 16 characters"
)


def _signing_keys(text: str) -> SigningKeys:
    pairs = [pair.strip().partition(":") for pair in text.split(",") if pair.strip()]
    ids = [key_id for key_id, _, _ in pairs]
    if not pairs or len(set(ids)) < len(ids) or not all(key_id.isalnum() for key_id in ids):
        raise Misconfigured("TICKET_SIGNING_KEYS", _SIGNING_KEYS_FORM)
    try:
        return SigningKeys(ids[0], {key_id: secret.encode() for key_id, _, secret in pairs})
    except ValueError as error:
        raise Misconfigured("TICKET_SIGNING_KEYS", _SIGNING_KEYS_FORM) from error
