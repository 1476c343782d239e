"""Ids derived from what they stand for.

Doing a step twice then means writing the same row twice, which the database refuses; and whoever knows a
booking's id can finish or undo the booking without having seen what the first attempt wrote.

Appwrite compares ids without regard to case and allows 36 characters of `a-z0-9._-`, so everything here is
lower-case base32, at most 36 characters.
"""

import re
from base64 import b32encode
from collections.abc import Iterable
from hashlib import blake2b

MAX_ID_LENGTH = 36

_DIGEST_BYTES = 15  # 120 bits are 24 characters of base32 with nothing left over
_POOL_ID_LENGTH = 24
_ID = re.compile(rf"[a-zA-Z0-9][a-zA-Z0-9._-]{{0,{MAX_ID_LENGTH - 1}}}")
_BOOKING_ID = re.compile(r"bk-[a-z2-7]{24}")
MAX_UNIT_LENGTH = MAX_ID_LENGTH - _POOL_ID_LENGTH - 1

# No 0 and O, no 1, I and L, no U and V: references are read out on the telephone and typed at a counter.
REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTWXYZ"
REFERENCE_LENGTH = 8


def booking_id(payment_id: str) -> str:
    """The booking that `payment_id` pays for: one row, so one payment can never make two bookings."""
    return "bk-" + _derive("booking", payment_id)


def free_booking_id(user_id: str, request: str) -> str:
    """The booking that `request` of this user makes of tickets that cost nothing."""
    return "bk-" + _derive("free-booking", user_id, request)


def hold_id(user_id: str, request: str) -> str:
    """The booking that begins with the hold that `request` of this user asks for."""
    return "bk-" + _derive("hold", user_id, request)


def lease_id(booking: str, user_id: str) -> str:
    """The right to pay for a hold. With the user, so that nobody else can take it."""
    return "ls-" + _derive("lease", booking, user_id)


def is_booking_id(text: str) -> bool:
    """Whether `text` has the form of a booking's id, so that nobody else would have written it."""
    return _BOOKING_ID.fullmatch(text) is not None


def is_id(text: str) -> bool:
    """Whether `text`, written by anybody, may be the id of something at all."""
    return _ID.fullmatch(text) is not None


def pool_id(ticket_type_id: str) -> str:
    """The pool of units that a ticket type sells from. Short, because claim ids begin with it."""
    return _derive("pool", ticket_type_id)


def count_id(event: str, kind: str, subject: str) -> str:
    """What is left of something that an event sells, as everybody reads it."""
    return "ct-" + _derive("count", event, kind, subject)


def claim_id(pool: str, unit: str) -> str:
    """The one row that says that `unit` of `pool` is taken.

    Raises `ValueError` when the unit's name is empty or longer than `MAX_UNIT_LENGTH`.
    """
    if not 1 <= len(unit) <= MAX_UNIT_LENGTH:
        raise ValueError(f"a unit's name has 1 to {MAX_UNIT_LENGTH} characters")
    return f"{pool}.{unit}"


def ticket_id(booking: str, number: int) -> str:
    """The booking's ticket `number`, counted from 1."""
    return "tk-" + _derive("ticket", booking, str(number))


def qr_file_id(booking: str, number: int) -> str:
    """The file with the QR code of the booking's ticket `number`, counted from 1."""
    return "qr-" + _derive("qr-file", booking, str(number))


def transaction_id(booking: str) -> str:
    """The booking's payment transaction."""
    return "tx-" + _derive("transaction", booking)


def order_id(booking: str) -> str:
    """The booking's order."""
    return "or-" + _derive("order", booking)


def report_id(booking: str, attempt: str) -> str:
    """The report on the rollback of one attempt at a booking."""
    return "rr-" + _derive("report", booking, attempt)


def cancellation_id(booking: str, numbers: Iterable[int], by_organiser: bool) -> str:
    """The cancellation of exactly these tickets of a booking, by its owner or else for the organiser."""
    who = "organiser" if by_organiser else "owner"
    return "cn-" + _derive("cancellation", booking, who, *(str(number) for number in sorted(numbers)))


def refund_transaction_id(refund: str) -> str:
    """The transaction of a refund, by the gateway's id of it: whoever writes it down, it is there once."""
    return "tx-" + _derive("refund", refund)


def case_id(user_id: str, request: str) -> str:
    """What an administrator decides about: a user's request for what others hold."""
    return "cs-" + _derive("case", user_id, request)


def decision_id(case: str) -> str:
    """What an administrator has decided about a case: one row, so that only one of them decides."""
    return "cd-" + _derive("decision", case)


def block_id(request: str) -> str:
    """What one request takes off the market."""
    return "bl-" + _derive("block", request)


def move_id(booking: str, number: int) -> str:
    """The move `number` of a booking to other units, counted from 1."""
    return "mv-" + _derive("move", booking, str(number))


def change_fingerprint(kind: str, target: str) -> str:
    """What an administrator asked for. The same request id with another fingerprint is another request."""
    return _derive("change", kind, target)


def notice_id(subject: str) -> str:
    """What the owner of a booking is told about `subject`."""
    return "no-" + _derive("notice", subject)


def webhook_event_id(event_id: str) -> str:
    """An event of the gateway, whose own ids may be longer and differ by case."""
    return "wh-" + _derive("webhook-event", event_id)


def audit_entry_id(subject: str, action: str, execution_id: str) -> str:
    """What one execution did to something, in the log of who did what.

    `execution_id` is empty for what can be done to it only once, by whomever.
    """
    return "al-" + _derive("audit-entry", subject, action, execution_id)


def reference(secret: str, collision: int = 0) -> str:
    """The code that people use for a booking; `collision` counts how often the previous one was taken.

    39 bits of a digest of something that only few know, such as the payment's id. Not of the booking's id,
    which everybody can read in the claims.
    """
    number = int.from_bytes(_digest("reference", secret, str(collision)), "big")
    letters = []
    for _ in range(REFERENCE_LENGTH):
        number, index = divmod(number, len(REFERENCE_ALPHABET))
        letters.append(REFERENCE_ALPHABET[index])
    return "".join(letters)


def fingerprint(user_id: str, event_id: str, *wanted: str) -> str:
    """What was asked for. The same payment with another fingerprint is another request, not a repetition."""
    return _derive("request", user_id, event_id, *wanted)


def _derive(kind: str, *parts: str) -> str:
    return b32encode(_digest(kind, *parts)).decode().lower()


def _digest(kind: str, *parts: str) -> bytes:
    digest = blake2b(digest_size=_DIGEST_BYTES, person=kind.encode())
    for part in parts:
        encoded = part.encode()
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        digest.update(len(encoded).to_bytes(4, "big") + encoded)
    return digest.digest()
