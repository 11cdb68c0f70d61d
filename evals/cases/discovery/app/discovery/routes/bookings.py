"""A member's reservations."""

from flask import Blueprint, g, jsonify, request

from discovery.auth import login_required
from discovery.db import session_scope
from discovery.routes.body import json_object
from discovery.services import reservations

bp = Blueprint("bookings", __name__)


@bp.get("")
@login_required
def list_bookings():
    """The member's reservations, one page at a time."""
    with session_scope() as session:
        page = reservations.listing(
            session,
            g.user_id,
            request.args.get("status", ""),
            request.args.get("page", 1, type=int),
            request.args.get("per_page", 20, type=int),
        )
    return jsonify(page)


@bp.post("")
@login_required
def create_booking():
    """Reserve a space."""
    payload = json_object()
    with session_scope() as session:
        booking = reservations.reserve(session, g.user_id, payload)
    return jsonify(booking), 201


@bp.delete("/<int:booking_id>")
@login_required
def cancel_booking(booking_id):
    """Cancel a reservation."""
    with session_scope() as session:
        booking = reservations.cancel(session, g.user_id, g.role, booking_id)
    return jsonify(booking)
