"""Locations and their spaces."""

from flask import Blueprint, g, jsonify, request

from discovery.auth import login_required
from discovery.db import session_scope
from discovery.services import catalogue
from discovery.services.clock import as_day
from discovery.services.location_detail import location_spaces

bp = Blueprint("locations", __name__)


@bp.get("")
def list_locations():
    """Open locations, in one city or everywhere."""
    with session_scope() as session:
        page = catalogue.locations(session, request.args.get("city", ""))
    return jsonify(page)


@bp.get("/<int:location_id>/spaces")
@login_required
def list_spaces(location_id):
    """The spaces of a location for a signed-in member."""
    day = as_day(request.args.get("date", ""))
    return jsonify(location_spaces(g.user_id, location_id, day))
