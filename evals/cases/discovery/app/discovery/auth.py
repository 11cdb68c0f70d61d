"""Signed bearer tokens. Checking one needs neither the database nor another service."""

from functools import wraps

from flask import current_app, g, request
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from discovery.errors import Forbidden, Unauthorized

SALT = "nook.session"


def _serializer():
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=SALT)


def issue_token(user):
    """A token that names the user and the role for as long as the settings allow."""
    return _serializer().dumps({"user": user.id, "role": user.role})


def read_token(text):
    """The claims of a token. Raises Unauthorized when it is forged or too old."""
    max_age = current_app.config["NOOK"].token_hours * 3600
    try:
        return _serializer().loads(text, max_age=max_age)
    except SignatureExpired:
        raise Unauthorized("the session has expired", code="expired") from None
    except BadSignature:
        raise Unauthorized("the token is not valid") from None


def login_required(view):
    """Let the view run for signed-in members, with `g.user_id` and `g.role` set."""

    @wraps(view)
    def guarded(*args, **kwargs):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized("a bearer token is needed")
        claims = read_token(token)
        g.user_id = claims["user"]
        g.role = claims["role"]
        return view(*args, **kwargs)

    return guarded


def admin_required(view):
    """Let the view run for platform administrators only."""

    @wraps(view)
    @login_required
    def guarded(*args, **kwargs):
        if g.role != "admin":
            raise Forbidden("administrators only")
        return view(*args, **kwargs)

    return guarded
