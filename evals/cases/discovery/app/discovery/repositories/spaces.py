"""Spaces and what members think of them."""

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from discovery.models import Favourite, Location, Review, Space


def candidates(session, city):
    """Spaces that can be shown at all, in one city or everywhere."""
    query = (
        session.query(Space)
        .join(Space.location)
        .filter(Space.is_active.is_(True), Location.is_open.is_(True))
    )
    if city is not None:
        query = query.filter(Location.city_id == city.id)
    return query


def ratings_for(session, space_ids):
    """`{space id: (average stars, number of reviews)}`."""
    rows = session.execute(
        select(Review.space_id, func.avg(Review.stars), func.count(Review.id))
        .where(Review.space_id.in_(space_ids))
        .group_by(Review.space_id)
    )
    return {space_id: (round(float(stars), 2), count) for space_id, stars, count in rows}


def favourite_counts_for(session, space_ids):
    """`{space id: number of members who saved it}`."""
    rows = session.execute(
        select(Favourite.space_id, func.count(Favourite.id))
        .where(Favourite.space_id.in_(space_ids))
        .group_by(Favourite.space_id)
    )
    return dict(rows.all())


def with_details(session, space_id):
    """One space with everything its page shows, or None."""
    return session.scalars(
        select(Space)
        .where(Space.id == space_id)
        .options(
            joinedload(Space.location).joinedload(Location.city),
            joinedload(Space.category),
            selectinload(Space.amenities),
        )
    ).first()


def newest_reviews(session, space_id, limit):
    """The latest reviews of a space with their authors."""
    return session.scalars(
        select(Review)
        .where(Review.space_id == space_id)
        .options(joinedload(Review.user))
        .order_by(Review.created_at.desc(), Review.id.desc())
        .limit(limit)
    ).all()
