"""When a space is free."""

from discovery.repositories import bookings as bookings_repo
from discovery.services.clock import as_clock

TICK = 5


def slot_grid(settings):
    """The bookable slots of a day as `(start, end)` minutes."""
    slots = settings["slots"]
    step = slots["minutes"]
    return [(start, start + step) for start in range(slots["first"], slots["last"], step)]


def is_closed(closures, day):
    """Whether one of a location's closures covers the day."""
    return any(closure.starts_on <= day <= closure.ends_on for closure in closures)


def free_slots(slots, opening, bookings, buffer):
    """Slots within the opening hours that no reservation touches."""
    opens, closes = opening
    taken = []
    for slot in slots:
        for booking in bookings:
            first = booking.start_minute - buffer
            last = booking.end_minute + buffer
            for minute in range(first, last, TICK):
                if slot[0] <= minute < slot[1]:
                    taken.append(slot)
    free = []
    for slot in slots:
        if slot[0] >= opens and slot[1] <= closes and slot not in taken:
            free.append(slot)
    return free


def as_windows(free):
    """Neighbouring free slots joined: `[[start, end], ...]`."""
    windows = []
    for start, end in free:
        if windows and windows[-1][1] == start:
            windows[-1][1] = end
        else:
            windows.append([start, end])
    return windows


def day_availability(session, space, day, hours, closures, settings):
    """One day of a space: number of free slots and the windows they form."""
    opening = hours.get((space.location_id, day.weekday()))
    if opening is None or is_closed(closures, day):
        return {"day": day.isoformat(), "free": 0, "windows": []}
    bookings = bookings_repo.for_space_on(session, space.id, day)
    slots = slot_grid(settings)
    free = free_slots(slots, opening, bookings, settings["slots"]["buffer"])
    return {
        "day": day.isoformat(),
        "free": len(free),
        "windows": [[as_clock(start), as_clock(end)] for start, end in as_windows(free)],
    }


def for_days(session, space, days, hours, closures, settings):
    """The availability strip of a space."""
    strip = []
    for day in days:
        strip.append(day_availability(session, space, day, hours, closures, settings))
    return strip


def fits(strip, window):
    """Whether the first day of a strip has room for the window `(from, to)`."""
    if not strip:
        return False
    start, end = as_clock(window[0]), as_clock(window[1])
    return any(first <= start and end <= last for first, last in strip[0]["windows"])
