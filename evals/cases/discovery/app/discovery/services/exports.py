"""Reservations as CSV for the finance team."""

from functools import cached_property

from sqlalchemy import select

from discovery.models import Location
from discovery.repositories import bookings as bookings_repo
from discovery.services.clock import as_clock

CHUNK = 500
HEADER = "id,day,from,to,space,location,status,total_cents\n"
SETTLED = frozenset({"confirmed", "cancelled"})


class LocationNames:
    """Names of locations by id."""

    def __init__(self, session):
        self._session = session

    @cached_property
    def _names(self):
        return dict(self._session.execute(select(Location.id, Location.name)).all())

    def of(self, location_id):
        """The name of a location, empty when there is no such location."""
        return self._names.get(location_id, "")


def booking_lines(session):
    """The export, line by line; the header comes first."""
    names = LocationNames(session)
    yield HEADER
    for rows in bookings_repo.chunks(session, CHUNK):
        for booking in rows:
            if booking.status not in SETTLED:
                continue
            fields = (
                str(booking.id),
                booking.day.isoformat(),
                as_clock(booking.start_minute),
                as_clock(booking.end_minute),
                _quoted(booking.space.name),
                _quoted(names.of(booking.space.location_id)),
                booking.status,
                str(booking.total_cents),
            )
            yield ",".join(fields) + "\n"


def _quoted(text):
    return '"' + text.replace('"', '""') + '"'
