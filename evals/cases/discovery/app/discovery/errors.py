"""Errors the API answers with, and how they are rendered."""

import logging

from flask import jsonify
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

logger = logging.getLogger(__name__)


class ApiError(Exception):
    """An answer other than success: `status`, a stable `code` and a sentence for people."""

    status = 400
    code = "bad_request"

    def __init__(self, message, code=None):
        super().__init__(message)
        self.message = message
        self.code = code or self.code


class Unauthorized(ApiError):
    status = 401
    code = "unauthorized"


class Forbidden(ApiError):
    status = 403
    code = "forbidden"


class NotFound(ApiError):
    status = 404
    code = "not_found"


class Conflict(ApiError):
    status = 409
    code = "conflict"


class Upstream(ApiError):
    status = 502
    code = "upstream"


def register(app):
    """Attach the handlers that turn exceptions into JSON answers."""

    @app.errorhandler(ApiError)
    def api_error(error):
        return jsonify(error={"code": error.code, "message": error.message}), error.status

    @app.errorhandler(PoolTimeout)
    def busy(error):
        logger.error("no connection within the pool timeout: %s", error)
        return jsonify(error={"code": "busy", "message": "please try again"}), 503

    @app.errorhandler(HTTPException)
    def http_error(error):
        code = error.name.lower().replace(" ", "_")
        return jsonify(error={"code": code, "message": error.description}), error.code
