"""Flask: what runs around a view."""

from __future__ import annotations

import pytest

from auditor.frameworks import flask

from .linked import project


def around(files: dict[str, str], entry: str) -> list[tuple[str, str]]:
    """`(role, function)` of what runs around one endpoint."""
    entries = [e for e in flask.entry_points(project(files)) if e.id == entry]
    return [(a.role, a.function.qualname) for a in entries[0].around]


def test_what_runs_around_a_view() -> None:
    files = {
        "app.py": """
            from flask import Blueprint, Flask
            from flask_login import LoginManager, current_user
            from guards import admin_required

            app = Flask(__name__)
            login_manager = LoginManager(app)
            bp = Blueprint("bp", __name__)
            other = Blueprint("other", __name__)

            @login_manager.user_loader
            def load_user(id): ...

            @app.before_request
            def first(): ...

            @bp.before_request
            def second(): ...

            @other.before_request
            def elsewhere(): ...

            @other.before_app_request
            def everywhere(): ...

            def last(response): ...
            app.after_request(last)

            @bp.route("/guarded")
            @admin_required
            def guarded():
                return current_user.name

            @bp.route("/open")
            def opened(): ...

            app.register_blueprint(bp)
            app.register_blueprint(other)
            """,
        "guards.py": """
            from functools import wraps

            def login_required(view):
                @wraps(view)
                def signed_in(*args):
                    return view(*args)
                return signed_in

            def admin_required(view):
                @wraps(view)
                @login_required
                def checked(*args):
                    return view(*args)
                return checked
            """,
    }
    shared = [
        ("before", "app.first"),
        ("after", "app.last"),
        ("before", "app.everywhere"),
        ("before", "app.second"),
    ]
    assert around(files, "GET /open") == shared
    assert around(files, "GET /guarded") == [
        ("authentication", "app.load_user"),
        *shared,
        ("before", "guards.login_required.<locals>.signed_in"),
        ("before", "guards.admin_required.<locals>.checked"),
    ]


def test_decorators_that_a_view_class_lists() -> None:
    files = {
        "app.py": """
            from flask import Flask
            from flask.views import MethodView

            def guard(view):
                def guarded(*args):
                    return view(*args)
                return guarded

            class Book(MethodView):
                decorators = [guard]
                def __init__(self): ...
                def get(self): ...

            app = Flask(__name__)
            app.add_url_rule("/b", view_func=Book.as_view("b"))
            """
    }
    assert around(files, "GET /b") == [
        ("before", "app.Book.__init__"),
        ("before", "app.guard.<locals>.guarded"),
    ]


PAGES = """
from flask import Flask, Blueprint, jsonify, render_template
from flask.views import MethodView
from flask_admin import BaseView
from pages import page

app = Flask(__name__)
bp = Blueprint("bp", __name__)

@bp.app_context_processor
def basket(): ...

@app.before_request
def first(): ...

@app.route("/plain")
def plain():
    return jsonify(a=1)

@app.route("/page")
def shown():
    return render_template("a.html")

@app.route("/helped")
def helped():
    return page("a.html")

class Plain(MethodView):
    def get(self):
        return jsonify(a=1)

class Beside(MethodView):
    def get(self):
        return self.answer()
    def answer(self):
        return render_template("a.html")

class Away(BaseView):
    def get(self):
        return self.answer()

app.add_url_rule("/class", view_func=Plain.as_view("c"))
app.add_url_rule("/beside", view_func=Beside.as_view("d"))
app.add_url_rule("/away", view_func=Away.as_view("e"), methods=["GET"])
app.register_blueprint(bp)
"""
HELPER = """
from flask import render_template

def page(name):
    return render_template(name)
"""


@pytest.mark.parametrize(
    ("path", "runs"),
    [("plain", False), ("class", False), ("page", True), ("helped", True), ("beside", True), ("away", True)],
)
def test_context_processors_run_where_a_template_is_rendered(path: str, runs: bool) -> None:  # noqa: FBT001
    told = around({"app.py": PAGES, "pages.py": HELPER}, f"GET /{path}")
    assert told == [("before", "app.first"), *([("after", "app.basket")] if runs else [])]


GUARDED = """
from apifairy import authenticate
from flask import Blueprint, Flask
from flask.views import MethodView
from flask_httpauth import HTTPBasicAuth, HTTPTokenAuth, MultiAuth
from flask_jwt_extended import JWTManager, jwt_required

app = Flask(__name__)
basic = HTTPBasicAuth()
token = HTTPTokenAuth()
both = MultiAuth(basic, token)
jwt = JWTManager(app)

@basic.verify_password
def password(name, word): ...

@basic.error_handler
def failed(status): ...

@basic.get_user_roles
def roles(user): ...

@token.verify_token
def verify(text): ...

@jwt.user_lookup_loader
def lookup(header, data): ...

@jwt.user_identity_loader
def identity(user): ...

@app.route("/open")
def opened():
    return basic.current_user()

@app.route("/basic")
@basic.login_required
def by_password(): ...

@app.route("/role")
@basic.login_required(role="admin")
def by_role(): ...

@app.route("/fair")
@authenticate(token)
def fair(): ...

@app.route("/both")
@both.login_required
def by_either(): ...

@app.route("/jwt")
@jwt_required()
def by_jwt(): ...

class Listing(MethodView):
    decorators = [token.login_required]
    def get(self): ...

app.add_url_rule("/class", view_func=Listing.as_view("listing"))

inner = Blueprint("inner", __name__)

@inner.before_request
@token.login_required
def everywhere(): ...

@inner.route("/inner")
def below(): ...

app.register_blueprint(inner)
"""


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("GET /open", []),
        ("GET /basic", ["password"]),
        ("GET /role", ["password", "roles"]),
        ("GET /fair", ["verify"]),
        ("GET /both", ["password", "verify"]),
        ("GET /jwt", ["lookup"]),
        ("GET /class", ["verify"]),
        ("GET /inner", ["verify", "everywhere"]),
    ],
)
def test_callbacks_of_authentication_run_before_the_views_they_guard(entry: str, expected: list[str]) -> None:
    assert [name.removeprefix("app.") for _, name in around({"app.py": GUARDED}, entry)] == expected
