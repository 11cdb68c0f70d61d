"""Day passes."""

from discovery.db import new_session
from discovery.models import DayPass


class PassDesk:
    """Answers questions about day passes, in requests as well as in the front-desk jobs."""

    def __enter__(self):
        self._session = new_session()
        return self

    def __exit__(self, *_exc):
        self._session.close()

    def status(self, user_id, location_id, day):
        """The state of a member's pass at a location on a day, `"none"` without one."""
        day_pass = (
            self._session.query(DayPass)
            .filter(
                DayPass.user_id == user_id,
                DayPass.location_id == location_id,
                DayPass.day == day,
            )
            .order_by(DayPass.id.desc())
            .first()
        )
        return day_pass.state if day_pass else "none"
