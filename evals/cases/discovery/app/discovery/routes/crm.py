"""Synchronising with the CRM, on demand."""

from flask import Blueprint, current_app, jsonify

from discovery.auth import admin_required
from discovery.db import session_scope
from discovery.services import crm

bp = Blueprint("crm", __name__)


@bp.post("/sync")
@admin_required
def sync():
    """Send what has changed since the last time."""
    settings = current_app.config["NOOK"]
    client = crm.CrmClient(settings.crm_url, settings.crm_timeout)
    with session_scope() as session:
        contacts = crm.sync_contacts(session, client)
        bookings = crm.sync_bookings(session, client)
    return jsonify(contacts=contacts, bookings=bookings)
