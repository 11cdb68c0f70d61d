"""What members say about spaces."""

from datetime import datetime

from sqlalchemy import exists, select

from discovery.errors import ApiError, Forbidden, NotFound
from discovery.models import CANCELLED, Booking, Review, Space
from discovery.repositories import spaces as spaces_repo

SHOWN = 50
HIGHLIGHTS = 3


def reviews_of(session, space_id):
    """The latest reviews, the most helpful among them, and the score of the space."""
    if session.get(Space, space_id) is None:
        raise NotFound("no such space")
    latest = spaces_repo.newest_reviews(session, space_id, SHOWN)
    by_help = sorted(latest, key=lambda review: (-review.helpful, review.id))
    stars = [
        review.stars for review in session.query(Review).filter(Review.space_id == space_id).all()
    ]
    return {
        "score": round(sum(stars) / len(stars), 2) if stars else None,
        "latest": [_review(review) for review in latest],
        "highlights": [_review(review) for review in by_help[:HIGHLIGHTS]],
    }


def _review(review):
    return {
        "id": review.id,
        "by": review.user.name,
        "stars": review.stars,
        "helpful": review.helpful,
        "text": review.text,
        "at": review.created_at.isoformat(),
    }


def add(session, user_id, space_id, payload):
    """Store a review by somebody who has been there."""
    been_there = session.scalar(
        select(
            exists().where(
                Booking.user_id == user_id,
                Booking.space_id == space_id,
                Booking.status != CANCELLED,
            )
        )
    )
    if not been_there:
        raise Forbidden("only guests can review a space")
    stars = payload.get("stars")
    if stars not in (1, 2, 3, 4, 5):
        raise ApiError("stars go from 1 to 5")
    review = Review(
        space_id=space_id,
        user_id=user_id,
        stars=stars,
        text=str(payload.get("text") or ""),
        created_at=datetime.utcnow(),
    )
    session.add(review)
    session.flush()
    return {"id": review.id, "stars": review.stars}
