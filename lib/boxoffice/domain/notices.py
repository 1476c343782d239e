"""What people are told about their bookings, in words.

The texts are for the mailbox and the lock screen. Apps get the same as data, and say it in their own words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

MOST_TRIES = 6
"""So often somebody is tried to be reached."""

_FIRST_PAUSE = timedelta(minutes=1)


class NoticeKind(StrEnum):
    """What a notice is about."""

    BOOKING_MOVED = "booking.moved"
    HOLD_DISPLACED = "hold.displaced"
    HOLD_TO_CONFIRM = "hold.to_confirm"
    CASE_GRANTED = "case.granted"
    CASE_REFUSED = "case.refused"


@dataclass(frozen=True, slots=True)
class Text:
    """A notice in words."""

    title: str
    sentence: str


_TEXTS: Mapping[str, Text] = {
    NoticeKind.BOOKING_MOVED: Text(
        "Your seats have changed", "The organiser has given you other seats. Your tickets stay valid."
    ),
    NoticeKind.HOLD_DISPLACED: Text(
        "Your reservation has ended",
        "What you had reserved and not paid has gone to somebody else, by the organiser's rules or decision. "
        "Please choose again. You have not been charged.",
    ),
    NoticeKind.HOLD_TO_CONFIRM: Text(
        "Do you still want your reservation?",
        "Others want what you have reserved. Please confirm that you want to keep it, or pay for it.",
    ),
    NoticeKind.CASE_GRANTED: Text(
        "It is reserved for you", "The organiser has decided for you. Please pay before the reservation ends."
    ),
    NoticeKind.CASE_REFUSED: Text(
        "Your request was refused", "The organiser has decided for somebody else. Please choose again."
    ),
}
# A function that was deployed before a kind was added may have to send it.
_UNKNOWN = Text("News about your booking", "Something about your booking has changed.")

_FACTS = (
    ("reference", "Booking"),
    ("eventName", "Event"),
    ("reason", "Reason"),
    ("confirmBy", "Confirm before"),
    ("heldUntil", "Reserved until"),
)


def text_of(kind: str, body: Mapping[str, Any]) -> Text:
    """The notice with what is known, one fact on each line. Times are in UTC."""
    text = _TEXTS.get(kind, _UNKNOWN)
    facts = [f"{name}: {body[key]}" for key, name in _FACTS if body.get(key)]
    return Text(text.title, "\n".join([text.sentence, *facts]))


def pause_after(tries: int) -> timedelta | None:
    """How long to wait after so many tries that failed; `None` when that is enough."""
    return None if tries >= MOST_TRIES else _FIRST_PAUSE * 2 ** (tries - 1)
