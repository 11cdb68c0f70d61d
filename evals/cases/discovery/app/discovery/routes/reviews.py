"""Reviews of a space."""

from flask import Blueprint, g, jsonify

from discovery.auth import login_required
from discovery.db import session_scope
from discovery.routes.body import json_object
from discovery.services import reviews

bp = Blueprint("reviews", __name__)


@bp.route("/<int:space_id>/reviews", methods=["GET"])
def list_reviews(space_id):
    """What members say about a space."""
    with session_scope() as session:
        page = reviews.reviews_of(session, space_id)
    return jsonify(page)


@bp.route("/<int:space_id>/reviews", methods=["POST"])
@login_required
def add_review(space_id):
    """Review a space."""
    payload = json_object()
    with session_scope() as session:
        review = reviews.add(session, g.user_id, space_id, payload)
    return jsonify(review), 201
