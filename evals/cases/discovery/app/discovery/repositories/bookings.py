"""Reservations: by space, by member, in chunks."""

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from discovery.models import BLOCKING_STATUSES, Booking, BookingAddOn, Space


def for_space_on(session, space_id, day):
    """Reservations that block a space on a day, earliest first."""
    return (
        session.query(Booking)
        .filter(
            Booking.space_id == space_id,
            Booking.day == day,
            Booking.status.in_(BLOCKING_STATUSES),
        )
        .order_by(Booking.start_minute, Booking.id)
        .all()
    )


def for_spaces_on(session, space_ids, day):
    """`{space id: [reservation, ...]}` of a day, earliest first, for several spaces."""
    found = {space_id: [] for space_id in space_ids}
    rows = session.scalars(
        select(Booking)
        .where(
            Booking.space_id.in_(space_ids),
            Booking.day == day,
            Booking.status.in_(BLOCKING_STATUSES),
        )
        .order_by(Booking.start_minute, Booking.id)
    )
    for booking in rows:
        found[booking.space_id].append(booking)
    return found


def overlapping(session, space_id, day, start_minute, end_minute):
    """A query for reservations that share time with the one asked for."""
    return session.query(Booking).filter(
        Booking.space_id == space_id,
        Booking.day == day,
        Booking.status.in_(BLOCKING_STATUSES),
        Booking.start_minute < end_minute,
        Booking.end_minute > start_minute,
    )


def page_for_user(session, user_id, status, page, per_page):
    """One page of a member's reservations and the number there are: `(rows, total)`."""
    wanted = select(Booking).where(Booking.user_id == user_id)
    if status:
        wanted = wanted.where(Booking.status == status)
    total = session.scalar(select(func.count()).select_from(wanted.subquery()))
    rows = session.scalars(
        wanted.options(
            joinedload(Booking.space).joinedload(Space.location),
            selectinload(Booking.add_ons).joinedload(BookingAddOn.add_on),
        )
        .order_by(Booking.day.desc(), Booking.id.desc())
        .limit(per_page)
        .offset((page - 1) * per_page)
    ).all()
    return rows, total


def recent_for_user(session, user_id):
    """The five reservations a member made last, with their spaces."""
    return (
        session.query(Booking)
        .options(joinedload(Booking.space))
        .filter(Booking.user_id == user_id)
        .order_by(Booking.id.desc())
        .limit(5)
        .all()
    )


def chunks(session, size):
    """All reservations in order of id, `size` at a time."""
    last_id = 0
    while True:
        rows = session.scalars(
            select(Booking)
            .where(Booking.id > last_id)
            .options(joinedload(Booking.space))
            .order_by(Booking.id)
            .limit(size)
        ).all()
        if not rows:
            return
        yield rows
        last_id = rows[-1].id
