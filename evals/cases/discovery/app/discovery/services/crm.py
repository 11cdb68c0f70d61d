"""Handing contacts and reservations to the CRM."""

import logging
from datetime import datetime

import requests
from sqlalchemy import select, update

from discovery.errors import Upstream
from discovery.models import Booking, Space, User

logger = logging.getLogger(__name__)

CONTACT_LIMIT = 200
BOOKING_LIMIT = 2000
BULK = 100


class CrmClient:
    """The part of the CRM's HTTP interface that we use."""

    def __init__(self, base_url, timeout):
        self._base_url = base_url
        self._timeout = timeout

    def put_contact(self, user):
        """Create or replace one contact."""
        body = {"email": user.email, "name": user.name, "company": user.company}
        self._send("PUT", f"/contacts/{user.id}", body)

    def post_bookings(self, records):
        """Append reservations in bulk."""
        self._send("POST", "/bookings/bulk", {"records": records})

    def _send(self, method, path, body):
        try:
            answer = requests.request(
                method, self._base_url + path, json=body, timeout=self._timeout
            )
            answer.raise_for_status()
        except requests.RequestException as error:
            logger.warning("crm %s %s failed: %s", method, path, error)
            raise Upstream("the CRM did not take the data") from None


def sync_contacts(session, client):
    """Send every contact that changed. Answers how many there were."""
    contacts = session.scalars(
        select(User).where(User.contact_synced_at.is_(None)).order_by(User.id).limit(CONTACT_LIMIT)
    ).all()
    session.commit()
    for user in contacts:
        client.put_contact(user)
        user.contact_synced_at = datetime.utcnow()
        session.commit()
    return len(contacts)


def sync_bookings(session, client):
    """Send reservations the CRM has not seen, in bulk. Answers how many there were."""
    bookings = session.scalars(
        select(Booking).where(Booking.synced_at.is_(None)).order_by(Booking.id).limit(BOOKING_LIMIT)
    ).all()
    space_ids = {booking.space_id for booking in bookings}
    spaces = session.scalars(select(Space).where(Space.id.in_(space_ids))).all()
    records = [_record(session, booking) for booking in bookings]
    session.commit()
    for chunk in chunked(records, BULK):
        client.post_bookings(chunk)
    session.execute(
        update(Booking)
        .where(Booking.id.in_([booking.id for booking in bookings]))
        .values(synced_at=datetime.utcnow())
        .execution_options(synchronize_session=False)
    )
    logger.info("crm sync done bookings=%s spaces=%s", len(bookings), len(spaces))
    return len(bookings)


def chunked(items, size):
    """The items in lists of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _record(session, booking):
    space = session.get(Space, booking.space_id)
    return {
        "id": booking.id,
        "contact": booking.user_id,
        "space": space.name,
        "day": booking.day.isoformat(),
        "status": booking.status,
    }
