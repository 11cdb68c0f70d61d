"""The signed-in member."""

from sqlalchemy import func, select
from werkzeug.security import check_password_hash

from discovery.errors import ApiError, NotFound, Unauthorized
from discovery.models import Booking, Notification, User
from discovery.repositories import bookings as bookings_repo
from discovery.services.reservations import summary

EDITABLE = ("name", "company", "phone")


def sign_in(session, email, password):
    """The member with this address and password. Raises Unauthorized otherwise."""
    user = session.scalars(select(User).where(User.email == email)).first()
    if user is None or not check_password_hash(user.password_hash, password):
        raise Unauthorized("address and password do not match")
    return user


def profile(session, user_id):
    """The member's own page: details, counters and the latest reservations."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("no such member")
    unread = session.query(Notification).filter(
        Notification.user_id == user_id, Notification.read_at.is_(None)
    )
    booked = session.scalar(select(func.count(Booking.id)).where(Booking.user_id == user_id))
    recent = []
    for booking in bookings_repo.recent_for_user(session, user_id):
        recent.append(summary(booking))
    return {
        **details(user),
        "unread": len(unread.all()),
        "bookings": booked,
        "recent": recent,
    }


def details(user):
    """The fields a member sees of themselves."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "company": user.company,
        "phone": user.phone,
    }


def update(session, user_id, payload):
    """Change the fields members may change; the CRM hears of it with the next sync."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("no such member")
    for name in EDITABLE:
        if name in payload:
            setattr(user, name, payload[name])
    if not user.name:
        raise ApiError("a name is needed")
    user.contact_synced_at = None
    return details(user)
