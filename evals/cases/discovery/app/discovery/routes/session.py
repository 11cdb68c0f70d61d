"""Signing in."""

from flask import Blueprint, jsonify

from discovery.auth import issue_token
from discovery.db import session_scope
from discovery.routes.body import json_object
from discovery.services import profiles

bp = Blueprint("session", __name__)


@bp.post("")
def sign_in():
    """Exchange address and password for a token."""
    payload = json_object()
    email, password = str(payload.get("email") or ""), str(payload.get("password") or "")
    with session_scope() as session:
        user = profiles.sign_in(session, email, password)
        token = issue_token(user)
    return jsonify(token=token, user=profiles.details(user)), 201
