"""Catalogues that need no account."""

from flask import Blueprint, jsonify, request

from discovery.db import session_scope
from discovery.services import catalogue

bp = Blueprint("catalogue", __name__)


@bp.get("/add-ons")
def list_add_ons():
    """Add-ons on sale."""
    with session_scope() as session:
        page = catalogue.add_ons(session, request.args.get("q", ""))
    return jsonify(page)
