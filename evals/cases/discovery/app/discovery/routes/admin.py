"""The back office."""

from flask import Blueprint, Response, jsonify, stream_with_context

from discovery.auth import admin_required
from discovery.db import session_scope
from discovery.routes.body import json_object
from discovery.services import catalogue, exports

bp = Blueprint("admin", __name__)


@bp.get("/categories")
@admin_required
def list_categories():
    """All categories."""
    with session_scope() as session:
        page = catalogue.categories(session)
    return jsonify(page)


@bp.post("/categories")
@admin_required
def create_category():
    """Add a category."""
    payload = json_object()
    with session_scope() as session:
        category = catalogue.save_category(session, None, payload)
    return jsonify(category), 201


@bp.put("/categories/<int:category_id>")
@admin_required
def replace_category(category_id):
    """Change a category."""
    payload = json_object()
    with session_scope() as session:
        category = catalogue.save_category(session, category_id, payload)
    return jsonify(category)


@bp.delete("/categories/<int:category_id>")
@admin_required
def delete_category(category_id):
    """Remove a category that no space uses."""
    with session_scope() as session:
        catalogue.remove_category(session, category_id)
    return "", 204


@bp.patch("/spaces/<int:space_id>")
@admin_required
def edit_space(space_id):
    """Change price, capacity, place in the list or visibility of a space."""
    payload = json_object()
    with session_scope() as session:
        space = catalogue.update_space(session, space_id, payload)
    return jsonify(space)


@bp.get("/bookings.csv")
@admin_required
def export_bookings():
    """All settled reservations as CSV."""

    def lines():
        with session_scope() as session:
            yield from exports.booking_lines(session)

    return Response(stream_with_context(lines()), mimetype="text/csv")
