"""Reading request bodies."""

from flask import request

from discovery.errors import ApiError


def json_object():
    """The request's JSON object. Raises ApiError when it is something else."""
    payload = request.get_json(silent=True)
    if not isinstance(payload, dict):
        raise ApiError("a JSON object is expected", code="bad_body")
    return payload
