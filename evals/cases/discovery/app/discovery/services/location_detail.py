"""The page of one location for signed-in members: its spaces and how full they are."""

from discovery.db import session_scope
from discovery.errors import Forbidden, NotFound
from discovery.models import SHARED_KINDS, BookingStatus, Location, Restriction, Space, User
from discovery.repositories import bookings as bookings_repo
from discovery.repositories.occupancy import OccupancyBoard
from discovery.repositories.passes import PassDesk
from discovery.services import permissions
from discovery.services.clock import as_clock, hours_table
from discovery.services.settings import site_config


def location_spaces(user_id, location_id, day):
    """The spaces of a location on a day, with the member's pass and who else is there."""
    if not permissions.can_view_location(user_id, location_id):
        raise Forbidden("this location is not part of your plan")

    with session_scope() as session:
        location = session.get(Location, location_id)
        if location is None:
            raise NotFound("no such location")
        config = site_config()
        restriction = (
            session.query(Restriction)
            .filter(Restriction.location_id == location_id)
            .order_by(Restriction.id)
            .first()
        )
        labels = {status.code: status.label for status in session.query(BookingStatus).all()}
        account = session.query(User).filter(User.id == user_id).one()

        spaces = (
            session.query(Space)
            .filter(Space.location_id == location_id, Space.is_active.is_(True))
            .all()
        )
        spaces.sort(key=lambda space: (space.position, space.name, space.id))

        bookings = {}
        for space in spaces:
            bookings[space.id] = bookings_repo.for_space_on(session, space.id, day)

        passes = {}
        with PassDesk() as desk:
            for space in spaces:
                passes[space.id] = desk.status(user_id, location_id, day)

        headcounts = {}
        with OccupancyBoard() as board:
            for space in spaces:
                if space.kind in SHARED_KINDS:
                    headcounts[space.id] = board.headcount(space.id, day)

        return {
            "location": _location(location),
            "restriction": _restriction(restriction),
            "account": {"id": account.id, "name": account.name, "company": account.company},
            "day": day.isoformat(),
            "support": config["texts"]["support"]["line"],
            "spaces": [
                _space(space, bookings[space.id], passes[space.id], headcounts, labels)
                for space in spaces
            ],
        }


def _location(location):
    return {
        "id": location.id,
        "name": location.name,
        "address": location.address,
        "city": location.city.name,
        "host": location.host.name if location.host else None,
        "hours": hours_table(location.hours),
    }


def _restriction(restriction):
    if restriction is None:
        return None
    return {"kind": restriction.kind, "note": restriction.note}


def _space(space, bookings, day_pass, headcounts, labels):
    headcount = headcounts.get(space.id)
    seats_left = None
    if headcount is not None and space.capacity is not None:
        seats_left = max(0, space.capacity - headcount)
    return {
        "id": space.id,
        "name": space.name,
        "kind": space.kind,
        "category": space.category.name if space.category else None,
        "capacity": space.capacity,
        "seats_left": seats_left,
        "day_pass": day_pass,
        "bookings": [
            {
                "from": as_clock(booking.start_minute),
                "to": as_clock(booking.end_minute),
                "status": labels.get(booking.status, booking.status),
            }
            for booking in bookings
        ],
    }
