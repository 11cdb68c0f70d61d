"""Flask: what runs around a view."""

from __future__ import annotations

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
