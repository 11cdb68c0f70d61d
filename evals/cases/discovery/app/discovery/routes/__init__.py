"""The HTTP interface, one module for each area."""

from flask import Blueprint

from discovery.routes import (
    admin,
    bookings,
    catalogue,
    crm,
    discover,
    locations,
    profile,
    reviews,
    session,
)

api = Blueprint("api", __name__, url_prefix="/api/v1")
api.register_blueprint(session.bp, url_prefix="/session")
api.register_blueprint(discover.bp, url_prefix="/spaces")
api.register_blueprint(reviews.bp, url_prefix="/spaces")
api.register_blueprint(locations.bp, url_prefix="/locations")
api.register_blueprint(bookings.bp, url_prefix="/bookings")
api.register_blueprint(profile.bp, url_prefix="/profile")
api.register_blueprint(catalogue.bp)
api.register_blueprint(admin.bp, url_prefix="/admin")
api.register_blueprint(crm.bp, url_prefix="/admin/crm")
