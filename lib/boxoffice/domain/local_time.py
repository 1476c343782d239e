"""Local clock times and the moments they mean, on the days when clocks are changed too.

In spring some local times do not exist, in autumn some happen twice. Zones are `tzinfo` objects that know
both (PEP 495), such as `zoneinfo` makes from the IANA database.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo


def clock(day: date, minute: int) -> datetime:
    """What a clock shows `minute` minutes after 0:00 of `day`; from 1,440 on, a time of the next day."""
    return datetime.combine(day, time()) + timedelta(minutes=minute)


def moment(shown: datetime, zone: tzinfo) -> datetime:
    """The moment, in UTC, that a clock time stands for in a timetable, by the rule of RFC 5545.

    A time that happens twice is the first; one that does not exist is counted from before the change.
    """
    return shown.replace(tzinfo=zone, fold=0).astimezone(UTC)


def moments(shown: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    """The moments, in UTC, at which a clock really shows `shown`: none, one or two, in order."""
    found = {shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return tuple(sorted(at for at in found if at.astimezone(zone).replace(tzinfo=None, fold=0) == shown))
