"""Days and times of day. A time of day is a number of minutes since midnight."""

from datetime import date, timedelta
from functools import lru_cache

from discovery.errors import ApiError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@lru_cache(maxsize=1441)
def as_clock(minute):
    """`545` as `09:05`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def as_minute(text):
    """`09:05` as `545`. Raises ApiError for anything that is not a time of day."""
    hours, _, minutes = text.partition(":")
    if not (hours.isdigit() and minutes.isdigit() and int(hours) < 25 and int(minutes) < 60):
        raise ApiError(f"not a time of day: {text!r}", code="bad_time")
    return int(hours) * 60 + int(minutes)


def as_day(text):
    """`2026-03-02` as a date, today when there is none."""
    if not text:
        return date.today()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ApiError(f"not a date: {text!r}", code="bad_date") from None
    if not 2000 <= day.year < 2100:
        raise ApiError(f"not a day we take reservations for: {text!r}", code="bad_date")
    return day


def days_from(first_day, count):
    """`count` days, the first one included."""
    return [first_day + timedelta(days=offset) for offset in range(count)]


def hours_table(hours):
    """Opening hours of a location for display, one entry a weekday."""
    by_weekday = {row.weekday: row for row in hours}
    table = []
    for number, name in enumerate(WEEKDAYS):
        row = by_weekday.get(number)
        spans = []
        if row is not None:
            for edge in (row.opens, row.closes):
                spans.append(as_clock(edge))
        table.append({"day": name, "hours": spans})
    return table
