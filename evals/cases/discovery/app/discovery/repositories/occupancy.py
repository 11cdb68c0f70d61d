"""Seats taken in shared spaces."""

from sqlalchemy import text

from discovery.db import new_session

HEADCOUNT = text(
    "SELECT COALESCE(SUM(seats), 0) FROM bookings "
    "WHERE space_id = :space_id AND day = :day AND status IN ('held', 'confirmed')"
)


class OccupancyBoard:
    """Counts people. Shared with the lobby screens, hence a session of its own."""

    def __enter__(self):
        self._session = new_session()
        return self

    def __exit__(self, *_exc):
        self._session.close()

    def headcount(self, space_id, day):
        """Seats reserved in a space on a day."""
        parameters = {"space_id": space_id, "day": day.isoformat()}
        return int(self._session.execute(HEADCOUNT, parameters).scalar())
