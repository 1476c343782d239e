"""Every code a client can meet, in one table.

The HTTP status, whether repeating the same request can help, and what to do about it are properties of the
code, so two functions can never answer the same refusal differently. The documents' table is made from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Code(StrEnum):
    """The stable name of a refusal or a failure. Clients switch on it: a name never changes its meaning."""

    VALIDATION_ERROR = "VALIDATION_ERROR"
    INVALID_QUANTITY = "INVALID_QUANTITY"
    INSUFFICIENT_TICKETS = "INSUFFICIENT_TICKETS"
    TICKET_TYPE_UNAVAILABLE = "TICKET_TYPE_UNAVAILABLE"
    SEAT_UNAVAILABLE = "SEAT_UNAVAILABLE"
    INVALID_SEAT = "INVALID_SEAT"
    SLOT_UNAVAILABLE = "SLOT_UNAVAILABLE"
    DUPLICATE_PAYMENT = "DUPLICATE_PAYMENT"
    BOOKING_IN_PROGRESS = "BOOKING_IN_PROGRESS"
    BOOKING_ERROR = "BOOKING_ERROR"
    CONFLICT_ERROR = "CONFLICT_ERROR"
    NOT_FOUND_ERROR = "NOT_FOUND_ERROR"
    PERMISSION_ERROR = "PERMISSION_ERROR"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    EVENT_NOT_PUBLISHED = "EVENT_NOT_PUBLISHED"
    EVENT_PAST = "EVENT_PAST"
    SALES_CLOSED = "SALES_CLOSED"
    HOLD_EXPIRED = "HOLD_EXPIRED"
    HOLD_DISPLACED = "HOLD_DISPLACED"
    HOLD_LIMIT = "HOLD_LIMIT"
    PAYMENT_NOT_VERIFIED = "PAYMENT_NOT_VERIFIED"
    PAYMENT_AMOUNT_MISMATCH = "PAYMENT_AMOUNT_MISMATCH"
    PAYMENT_PENDING = "PAYMENT_PENDING"
    WEBHOOK_NOT_GENUINE = "WEBHOOK_NOT_GENUINE"
    PAYMENT_GATEWAY_ERROR = "PAYMENT_GATEWAY_ERROR"
    PROMO_INVALID = "PROMO_INVALID"
    RATE_LIMITED = "RATE_LIMITED"
    INVALID_STATUS_TRANSITION = "INVALID_STATUS_TRANSITION"
    NOT_CANCELLABLE = "NOT_CANCELLABLE"
    TICKET_INVALID = "TICKET_INVALID"
    ALREADY_CHECKED_IN = "ALREADY_CHECKED_IN"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class CodeRule:
    """What a code means to whoever receives it.

    `status` is the HTTP status: 4xx for refusals, 5xx only for what is broken on the server.
    `sentence` says what happened when nothing more precise is known; `action` says what to do about it.
    `retry_after` is in seconds, and `None` when repeating the same request cannot help. An error may know a
    better number than this usual one.
    """

    status: int
    sentence: str
    action: str
    retry_after: int | None = None

    @property
    def retryable(self) -> bool:
        """Whether the very same request may succeed later."""
        return self.retry_after is not None


CODES: Mapping[Code, CodeRule] = MappingProxyType(
    {
        Code.VALIDATION_ERROR: CodeRule(
            400,
            "The request is not valid.",
            "Correct the field named in details.field and send the request again.",
        ),
        Code.INVALID_QUANTITY: CodeRule(
            400,
            "The number of tickets is not allowed.",
            "Ask for a number of tickets within the limits.",
        ),
        Code.INSUFFICIENT_TICKETS: CodeRule(
            409,
            "There are not enough tickets left.",
            "Choose fewer tickets or another ticket type, or join the waiting list.",
        ),
        Code.TICKET_TYPE_UNAVAILABLE: CodeRule(
            409,
            "This ticket type is not on sale.",
            "Choose another ticket type.",
        ),
        Code.SEAT_UNAVAILABLE: CodeRule(
            409,
            "A chosen seat is already taken.",
            "Choose other seats.",
        ),
        Code.INVALID_SEAT: CodeRule(
            400,
            "A chosen seat does not exist or is not for sale.",
            "Choose seats of the seat map.",
        ),
        Code.SLOT_UNAVAILABLE: CodeRule(
            409,
            "The chosen time is already taken.",
            "Choose another time.",
        ),
        Code.DUPLICATE_PAYMENT: CodeRule(
            409,
            "This payment has already been used for a booking.",
            "Look at your bookings; pay again only for a further booking.",
        ),
        Code.BOOKING_IN_PROGRESS: CodeRule(
            409,
            "A booking with this payment is still in progress.",
            "Send the same request again after retryAfter seconds. Do not pay again.",
            retry_after=5,
        ),
        Code.BOOKING_ERROR: CodeRule(
            500,
            "The booking could not be completed. Nothing was booked.",
            "Start a new booking with a new payment. Contact support if it happens again.",
        ),
        Code.CONFLICT_ERROR: CodeRule(
            409,
            "Somebody else changed the same thing at the same time.",
            "Send the same request again.",
            retry_after=1,
        ),
        Code.NOT_FOUND_ERROR: CodeRule(
            404,
            "What was asked for does not exist.",
            "Check the id.",
        ),
        Code.PERMISSION_ERROR: CodeRule(
            403,
            "You are not allowed to do this.",
            "Sign in as somebody who is.",
        ),
        Code.UNAUTHENTICATED: CodeRule(
            401,
            "It is not proven who is calling.",
            "Call the function with a user's session, or from a server with an API key.",
        ),
        Code.EVENT_NOT_PUBLISHED: CodeRule(
            409,
            "This event is not published.",
            "Choose a published event.",
        ),
        Code.EVENT_PAST: CodeRule(
            409,
            "This event is over.",
            "Choose an event that is still to come.",
        ),
        Code.SALES_CLOSED: CodeRule(
            409,
            "Tickets are not on sale at this time.",
            "Come back while the sale is open.",
        ),
        Code.HOLD_EXPIRED: CodeRule(
            410,
            "The hold has expired.",
            "Choose your tickets again.",
        ),
        Code.HOLD_DISPLACED: CodeRule(
            410,
            "The hold had to give way to somebody else, by the organiser's rules or decision.",
            "Choose your tickets again.",
        ),
        Code.HOLD_LIMIT: CodeRule(
            409,
            "There are too many open holds.",
            "Complete or release one of your holds.",
        ),
        Code.PAYMENT_NOT_VERIFIED: CodeRule(
            402,
            "The payment could not be verified.",
            "Pay for this booking, and send the id of that payment.",
        ),
        Code.PAYMENT_AMOUNT_MISMATCH: CodeRule(
            402,
            "The amount paid is not the price of the tickets.",
            "Start a new booking and pay exactly the price shown.",
        ),
        Code.PAYMENT_PENDING: CodeRule(
            409,
            "The payment is not completed yet.",
            "Send the same request again once the payment is completed. Do not pay again.",
            retry_after=5,
        ),
        Code.WEBHOOK_NOT_GENUINE: CodeRule(
            401,
            "This does not come from the payment provider.",
            "Use the same secret for the webhook at the provider and for the function.",
        ),
        Code.PAYMENT_GATEWAY_ERROR: CodeRule(
            502,
            "The payment provider cannot be reached.",
            "Send the same request again. Do not pay again.",
            retry_after=10,
        ),
        Code.PROMO_INVALID: CodeRule(
            400,
            "This promo code cannot be used here.",
            "Check the code or book without it.",
        ),
        Code.RATE_LIMITED: CodeRule(
            429,
            "There were too many requests.",
            "Wait for retryAfter seconds.",
            retry_after=60,
        ),
        Code.INVALID_STATUS_TRANSITION: CodeRule(
            409,
            "The booking's status does not allow this.",
            "Read the booking again.",
        ),
        Code.NOT_CANCELLABLE: CodeRule(
            409,
            "This booking cannot be cancelled.",
            "Read the event's cancellation policy or contact the organiser.",
        ),
        Code.TICKET_INVALID: CodeRule(
            400,
            "This is not a valid ticket.",
            "Ask for the original ticket.",
        ),
        Code.ALREADY_CHECKED_IN: CodeRule(
            409,
            "This ticket has already been used.",
            "Ask the visitor for another ticket.",
        ),
        Code.ROLLBACK_FAILED: CodeRule(
            500,
            "Rollback failed - manual intervention required",
            "Do not pay again. The booking will be settled; contact support with the execution id.",
        ),
        Code.SERVICE_UNAVAILABLE: CodeRule(
            503,
            "The service cannot answer at the moment.",
            "Send the same request again after retryAfter seconds. Do not pay again.",
            retry_after=5,
        ),
    }
)
