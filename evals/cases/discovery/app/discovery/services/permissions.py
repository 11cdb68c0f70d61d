"""Who may see what."""

from datetime import date

from sqlalchemy import or_

from discovery.db import session_scope
from discovery.models import Membership, User


def can_view_location(user_id, location_id):
    """Whether a member has access to a location, through a plan or as an administrator."""
    with session_scope() as session:
        user = session.query(User).filter(User.id == user_id).first()
        if user is None:
            return False
        membership = (
            session.query(Membership)
            .filter(
                Membership.user_id == user_id,
                or_(Membership.location_id == location_id, Membership.location_id.is_(None)),
                or_(Membership.valid_until.is_(None), Membership.valid_until >= date.today()),
            )
            .first()
        )
        return user.role == "admin" or membership is not None
