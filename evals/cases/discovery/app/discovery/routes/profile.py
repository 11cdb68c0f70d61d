"""The signed-in member's own page."""

from flask import Blueprint, g, jsonify

from discovery.auth import login_required
from discovery.db import session_scope
from discovery.routes.body import json_object
from discovery.services import profiles

bp = Blueprint("profile", __name__)


@bp.get("")
@login_required
def show_profile():
    """Details, counters and the latest reservations."""
    with session_scope() as session:
        page = profiles.profile(session, g.user_id)
    return jsonify(page)


@bp.patch("")
@login_required
def edit_profile():
    """Change name, company or phone."""
    payload = json_object()
    with session_scope() as session:
        details = profiles.update(session, g.user_id, payload)
    return jsonify(details)
