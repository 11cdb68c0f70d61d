"""For the load balancer and the orchestrator."""

from flask import Blueprint, jsonify
from sqlalchemy import text

from discovery.db import session_scope

bp = Blueprint("health", __name__)

PROBES = ("SELECT 1", "SELECT COUNT(*) FROM cities")


@bp.get("/health")
def health():
    """Whether the process answers at all."""
    return jsonify(status="ok")


@bp.get("/ready")
def ready():
    """Whether the database answers and has its tables."""
    with session_scope() as session:
        for probe in PROBES:
            session.execute(text(probe)).scalar()
    return jsonify(status="ready")
