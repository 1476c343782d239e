"""After the event: when it is over, and what becomes of a booking then."""

from datetime import datetime, timedelta

from boxoffice.domain.status import BookingStatus, move

_USUAL_LENGTH = timedelta(hours=6)


def over_at(starts_at: datetime, ends_at: datetime | None) -> datetime:
    """When an event is over; six hours after its start when nobody has said."""
    return ends_at or starts_at + _USUAL_LENGTH


def status_after(admitted: int) -> BookingStatus:
    """What a confirmed booking is once its event is over, when so many of its tickets have been let in."""
    return move(BookingStatus.CONFIRMED, BookingStatus.COMPLETED if admitted else BookingStatus.NO_SHOW)
