"""Flask-RESTful and Flask-RESTX: resources, namespaces, subclasses of `Api`."""

from __future__ import annotations

import pytest

from auditor.frameworks import flask_restful

from .linked import project


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    return {e.id: e.name for e in flask_restful.entry_points(project(files))}


def around(files: dict[str, str], entry: str) -> list[tuple[str, str]]:
    """`(role, function)` of what runs around one endpoint."""
    entries = [e for e in flask_restful.entry_points(project(files)) if e.id == entry]
    return [(a.role, a.function.qualname) for a in entries[0].around]


LOOK_ALIKES = {
    "a resource that nothing adds": """
        from flask import Flask
        from flask_restful import Api, Resource

        class No(Resource):
            def get(self): ...

        api = Api(Flask(__name__))
        """,
    "an Api of another library": """
        import flask
        from elsewhere import Api

        class No:
            def get(self): ...

        Api().add_resource(No, "/no")
        """,
    "a resource without methods": """
        from flask import Flask
        from flask_restful import Api, Resource

        class No(Resource):
            def load(self): ...

        Api(Flask(__name__)).add_resource(No, "/no")
        """,
    "a namespace that is not added": """
        from flask import Flask
        from flask_restx import Api, Namespace, Resource

        api = Api(Flask(__name__))
        ns = Namespace("no")

        @ns.route("/no")
        class No(Resource):
            def get(self): ...
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(source: str) -> None:
    assert found({"app.py": source}) == {}


CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "a subclass that rewrites the rule, init_app later": (
        {
            "app.py": """
                from flask import Flask
                from flask_restful import Api, Resource

                MULTI = parse("no")

                def parse(text):
                    if text in ("yes", "on"):
                        return True
                    return False

                def scoped(rule):
                    if MULTI:
                        return "/<org>" + rule
                    return rule

                class Scoped(Api):
                    def add_scoped(self, resource, *urls, **options):
                        urls = [scoped(url) for url in urls]
                        return self.add_resource(resource, *urls, **options)

                class Base(Resource):
                    def get(self, id=None): ...

                class Book(Base):
                    def post(self): ...

                api = Scoped()
                api.add_scoped(Book, "/books", "/books/<int:id>", endpoint="book")

                def create_app():
                    app = Flask(__name__)
                    api.init_app(app)
                """
        },
        {
            "GET /books": "app.Book.get",
            "POST /books": "app.Book.post",
            "GET /books/{id}": "app.Book.get",
            "POST /books/{id}": "app.Book.post",
        },
    ),
    "namespaces on an Api on a blueprint": (
        {
            "app.py": """
                from flask import Blueprint, Flask
                from flask_restx import Api, Namespace, Resource

                bp = Blueprint("api", __name__, url_prefix="/api")
                api = Api(bp, version="1")
                users = Namespace("users")
                teams = Namespace("teams", path="/groups")
                made = api.namespace("made", path="/made")

                @users.route("", "/<id>")
                class User(Resource):
                    def get(self, id=None): ...

                @teams.route("/x")
                class Team(Resource):
                    def put(self): ...

                @made.route("/y")
                class Made(Resource):
                    def get(self): ...

                @api.route("/direct")
                class Direct(Resource):
                    def get(self): ...

                api.add_namespace(users, "/people")
                api.add_namespace(teams)
                app = Flask(__name__)
                app.register_blueprint(bp)
                """
        },
        {
            "GET /api/people": "app.User.get",
            "GET /api/people/{id}": "app.User.get",
            "PUT /api/groups/x": "app.Team.put",
            "GET /api/made/y": "app.Made.get",
            "GET /api/direct": "app.Direct.get",
        },
    ),
}


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_endpoints(files: dict[str, str], expected: dict[str, str]) -> None:
    assert found(files) == expected


def test_around_a_resource() -> None:
    files = {
        "app.py": """
            from functools import wraps
            from flask import Flask
            from flask_login import LoginManager, login_required
            from flask_restful import Api, Resource

            login = LoginManager()

            @login.user_loader
            def load(id): ...

            def checked(f):
                @wraps(f)
                def check(*args):
                    return f(*args)
                return check

            class Base(Resource):
                decorators = [login_required]

                def dispatch_request(self, *args):
                    return super().dispatch_request(*args)

            class Book(Base):
                method_decorators = [checked]

                def get(self): ...

            app = Flask(__name__)

            @app.before_request
            def first(): ...

            Api(app).add_resource(Book, "/b")
            """
    }
    assert around(files, "GET /b") == [
        ("authentication", "app.load"),
        ("before", "app.first"),
        ("before", "app.checked.<locals>.check"),
        ("before", "app.Base.dispatch_request"),
    ]
