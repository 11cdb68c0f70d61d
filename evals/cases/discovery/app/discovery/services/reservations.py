"""Making, listing and cancelling reservations."""

import logging
from datetime import datetime

from discovery.errors import ApiError, Conflict, Forbidden, NotFound
from discovery.models import (
    CANCELLED,
    CONFIRMED,
    HELD,
    Booking,
    BookingAddOn,
    Notification,
    Space,
)
from discovery.repositories import add_ons as add_ons_repo, bookings as bookings_repo
from discovery.services import pricing
from discovery.services.clock import as_clock, as_day, as_minute

logger = logging.getLogger(__name__)

MAX_PER_PAGE = 100


def listing(session, user_id, status, page, per_page):
    """One page of a member's reservations, newest day first."""
    per_page = max(1, min(per_page, MAX_PER_PAGE))
    page = max(1, page)
    rows, total = bookings_repo.page_for_user(session, user_id, status, page, per_page)
    items = []
    for booking in rows:
        item = summary(booking)
        item["location"] = booking.space.location.name
        item["add_ons"] = [
            {"name": line.add_on.name, "quantity": line.quantity} for line in booking.add_ons
        ]
        items.append(item)
    logger.info("bookings listed user=%s page=%s rows=%s", user_id, page, len(rows))
    return {"items": items, "page": page, "per_page": per_page, "total": total}


def summary(booking):
    """A reservation in a few fields."""
    return {
        "id": booking.id,
        "space": {"id": booking.space_id, "name": booking.space.name},
        "day": booking.day.isoformat(),
        "from": as_clock(booking.start_minute),
        "to": as_clock(booking.end_minute),
        "status": booking.status,
        "total_cents": booking.total_cents,
    }


def reserve(session, user_id, payload):
    """Create a reservation from a request body. Raises Conflict when the time is taken."""
    space = session.get(Space, _whole_number(payload, "space_id"))
    if space is None or not space.is_active:
        raise NotFound("no such space")
    wanted = payload.get("add_ons") or {}
    if not isinstance(wanted, dict) or not all(type(count) is int for count in wanted.values()):
        raise ApiError("add_ons goes from slugs to quantities")
    day = as_day(str(payload.get("day") or ""))
    start, end = as_minute(str(payload.get("from"))), as_minute(str(payload.get("to")))
    if start >= end:
        raise ApiError("the reservation ends before it starts", code="bad_time")

    taken = bookings_repo.overlapping(session, space.id, day, start, end).all()
    if taken:
        raise Conflict("this time is no longer free")

    booking = Booking(
        space=space,
        user_id=user_id,
        day=day,
        start_minute=start,
        end_minute=end,
        seats=int(payload.get("seats") or 1),
        status=HELD if space.kind == "event" else CONFIRMED,
        note=payload.get("note"),
        created_at=datetime.utcnow(),
    )
    session.add(booking)
    session.flush()

    extras = []
    for slug, quantity in wanted.items():
        add_on = add_ons_repo.by_slug(session, slug)
        if add_on is None:
            raise NotFound(f"no such add-on: {slug}")
        session.add(BookingAddOn(booking_id=booking.id, add_on_id=add_on.id, quantity=quantity))
        session.flush()
        extras.append((add_on, quantity))

    booking.total_cents = pricing.total(space, start, end, extras)
    session.add(Notification(user_id=user_id, text=f"{space.name} is reserved for you"))
    session.flush()
    return summary(booking)


def cancel(session, user_id, role, booking_id):
    """Cancel a reservation of one's own; administrators may cancel any."""
    booking = session.get(Booking, booking_id)
    if booking is None:
        raise NotFound("no such reservation")
    if booking.user_id != user_id and role != "admin":
        raise Forbidden("this reservation belongs to somebody else")
    if booking.status == CANCELLED:
        raise Conflict("the reservation has been cancelled before")
    booking.status = CANCELLED
    booking.synced_at = None
    return {"id": booking.id, "status": booking.status}


def _whole_number(payload, name):
    try:
        return int(payload.get(name))
    except (TypeError, ValueError):
        raise ApiError(f"{name} has to be a number") from None
