"""Flask: what looks like a route and is none, then rules through blueprints, factories and view classes."""

from __future__ import annotations

import pytest

from auditor.frameworks import flask

from .linked import project


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    return {e.id: e.name for e in flask.entry_points(project(files))}


LOOK_ALIKES = {
    "a router of the project's own": """
        import flask

        class Table:
            def route(self, path):
                return lambda f: f

        table = Table()

        @table.route("/no")
        def no(): ...
        """,
    "a session's get": """
        import flask, requests

        session = requests.Session()
        session.get("/no")
        requests.get("/no")
        """,
    "a test client": """
        from flask import Flask

        app = Flask(__name__)
        client = app.test_client()
        client.get("/no")
        client.post("/no", json={})
        """,
    "configuration that is read": """
        from flask import Flask, current_app

        app = Flask(__name__)
        app.config.get("/no")
        current_app.config.get("/no")
        """,
    "a decorator that was only made": """
        from flask import Flask

        app = Flask(__name__)
        later = app.route("/no")
        """,
    "a route in a comment and a text": """
        from flask import Flask

        app = Flask(__name__)
        # @app.route("/no")
        HELP = "@app.route('/no')"
        """,
    "an error handler": """
        from flask import Flask

        app = Flask(__name__)

        @app.errorhandler(404)
        def missing(error): ...

        @app.cli.command("no")
        def no(): ...
        """,
    "an unrelated parameter called app": """
        import flask

        def call(app):
            app.get("/no")
        """,
    "no framework at all": """
        class App:
            def route(self, path): ...

        @App().route("/no")
        def no(): ...
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(source: str) -> None:
    assert found({"app.py": source}) == {}


def test_a_blueprint_of_another_function_does_not_leak() -> None:
    files = {
        "app.py": """
            from flask import Blueprint, Flask

            def one():
                bp = Blueprint("one", __name__, url_prefix="/one")

                @bp.route("/x")
                def view(): ...
                return bp

            def two():
                bp = Blueprint("two", __name__, url_prefix="/two")
                return bp

            app = Flask(__name__)
            app.register_blueprint(one())
            app.register_blueprint(two())
            """
    }
    assert found(files) == {"GET /one/x": "app.one.<locals>.view"}


CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "methods and converters": (
        {
            "app.py": """
                from flask import Flask

                app = Flask(__name__)

                @app.route("/")
                def home(): ...

                @app.route("/books/<int:id>", methods=["GET", "put"])
                def book(id): ...

                @app.post("/books/<any(a, b):kind>/<path:rest>")
                def add(kind, rest): ...

                @app.route("/open", methods=METHODS)
                def opened(): ...
                """
        },
        {
            "GET /": "app.home",
            "GET /books/{id}": "app.book",
            "PUT /books/{id}": "app.book",
            "POST /books/{kind}/{rest}": "app.add",
            "ANY /open": "app.opened",
        },
    ),
    "several rules on one view, folded from constants": (
        {
            "app.py": """
                from flask import Flask
                from settings import API, Paths, config

                app = Flask(__name__)

                @app.route(API + "/a")
                @app.route(f"{API}/b/{config.version}")
                @app.route("{}/c".format(Paths.BASE))
                @app.route("/".join([API, "d"]))
                @app.route(unknown() + "/e")
                def view(): ...
                """,
            "settings.py": """
                API = "/api"

                class Paths:
                    BASE = API + "/base"

                class Config:
                    version: str = "v2"

                config = Config()
                """,
        },
        {
            "GET /api/a": "app.view",
            "GET /api/b/v2": "app.view",
            "GET /api/base/c": "app.view",
            "GET /api/d": "app.view",
            "GET /{?}/e": "app.view",
        },
    ),
    "nested blueprints, prefixes at both ends, imported under another name": (
        {
            "shop/__init__.py": """
                from flask import Blueprint, Flask
                from shop.books import bp as books_blueprint
                from shop import users

                api = Blueprint("api", __name__, url_prefix="/api")
                api.register_blueprint(books_blueprint, url_prefix="/library")
                api.register_blueprint(users.bp)

                def create_app():
                    app = Flask(__name__)
                    app.register_blueprint(api, url_prefix="/v1")
                    app.register_blueprint(api, url_prefix="/v2", name="second")
                    return app
                """,
            "shop/books.py": """
                from flask import Blueprint
                bp = Blueprint("books", __name__, url_prefix="/replaced")

                @bp.route("")
                def index(): ...
                """,
            "shop/users.py": """
                from flask import Blueprint
                bp = Blueprint("users", __name__, url_prefix="/users")

                @bp.get("/<id>")
                def user(id): ...
                """,
        },
        {
            "GET /v1/library": "shop.books.index",
            "GET /v2/library": "shop.books.index",
            "GET /v1/users/{id}": "shop.users.user",
            "GET /v2/users/{id}": "shop.users.user",
        },
    ),
    "a factory that hands the app to functions, a loop, a local view": (
        {
            "app.py": """
                from flask import Flask
                import parts

                class Service(Flask):
                    def __init__(self, name, **options):
                        super().__init__(name, **options)
                        self.add_url_rule("/ping", view_func=ping)

                def ping(): ...

                def create_app(config):
                    app = Service("service")
                    with app.app_context():
                        parts.register(app)
                    return app
                """,
            "parts.py": """
                from flask import Blueprint

                def make(name):
                    bp = Blueprint(name, __name__)

                    @bp.get("/list")
                    def listing(): ...
                    return bp

                def register(application):
                    for name in ("cats", "dogs"):
                        application.register_blueprint(make(name), url_prefix=f"/{name}")

                    @application.route("/local")
                    def local(): ...
                """,
        },
        {
            "GET /ping": "app.ping",
            "GET /cats/list": "parts.make.<locals>.listing",
            "GET /dogs/list": "parts.make.<locals>.listing",
            "GET /local": "parts.register.<locals>.local",
        },
    ),
    "view classes": (
        {
            "app.py": """
                from flask import Flask
                from flask.views import MethodView, View

                app = Flask(__name__)

                class Base(MethodView):
                    def get(self, id): ...

                class Book(Base):
                    def delete(self, id): ...

                class Page(View):
                    methods = ["GET", "POST"]
                    def dispatch_request(self): ...

                def register(view, name, url):
                    app.add_url_rule(url, view_func=view.as_view(name))

                register(Book, "book", "/books/<int:id>")
                view = Page.as_view("page")
                app.add_url_rule("/page", view_func=view)
                app.add_url_rule("/only", view_func=Book.as_view("only"), methods=["DELETE"])
                """
        },
        {
            "GET /books/{id}": "app.Book.get",
            "DELETE /books/{id}": "app.Book.delete",
            "GET /page": "app.Page.dispatch_request",
            "POST /page": "app.Page.dispatch_request",
            "DELETE /only": "app.Book.delete",
        },
    ),
    "rules from a table": (
        {
            "app.py": """
                from flask import Flask

                def one(): ...
                def two(): ...

                ROUTES = [("/one", one), ("/two", two)]
                app = Flask(__name__)
                for url, view in ROUTES:
                    app.add_url_rule(url, view_func=view)
                """
        },
        {"GET /one": "app.one", "GET /two": "app.two"},
    ),
    "an object that keeps its app, a plug-in whose caller is out of sight": (
        {
            "server.py": """
                from flask import Flask

                class Server:
                    def __init__(self):
                        self.app = Flask(__name__)
                        self.routes()

                    def routes(self):
                        self.app.add_url_rule("/s", view_func=self.status)

                    def status(self): ...

                def main():
                    Server().app.run()
                """,
            "plugin.py": """
                from flask import Flask

                def load(target: Flask):
                    @target.route("/plugin")
                    def page(): ...
                """,
        },
        {"GET /s": "server.Server.status", "GET /plugin": "plugin.load.<locals>.page"},
    ),
    "a decorator of the project that registers": (
        {
            "app.py": """
                from flask import Flask

                app = Flask(__name__)

                def api(path, **options):
                    def register(view):
                        app.add_url_rule("/api" + path, view_func=view, **options)
                        return view
                    return register

                @api("/x", methods=["POST"])
                def x(): ...
                """
        },
        {"POST /api/x": "app.x"},
    ),
    "an application below another": (
        {
            "wsgi.py": """
                from flask import Flask
                from werkzeug.middleware.dispatcher import DispatcherMiddleware

                front, back = Flask("front"), Flask("back")

                @front.route("/")
                def home(): ...

                @back.route("/x")
                def x(): ...

                front.wsgi_app = DispatcherMiddleware(front.wsgi_app, {"/back": back})
                """
        },
        {"GET /": "wsgi.home", "GET /back/x": "wsgi.x"},
    ),
}


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_endpoints(files: dict[str, str], expected: dict[str, str]) -> None:
    assert found(files) == expected


NEVER_ENDING = {
    "bound to itself": "app = Flask('x')\napp = app",
    "endless recursion": "def f(): return f()\napp = f() or Flask('x')",
    "registered on itself": "bp = Blueprint('a', 'a')\nbp.register_blueprint(bp)\napp = Flask('x')",
    "a huge loop": "for n in range(10**9):\n    print(n)\napp = Flask('x')",
    "a text that doubles": "t = 'x'\n" + "t = t + t\n" * 80 + "app = Flask('x')",
    "a chain of calls": "\n".join(f"def f{n}():\n    return f{n + 1}()" for n in range(400))
    + "\nf0()\napp = Flask('x')",
    "calls below nested blocks": "".join(
        f"def g{n}(c):\n" + "".join(f"{' ' * d}if c:\n" for d in range(1, 20)) + f"{' ' * 20}g{n + 1}(c)\n"
        for n in range(60)
    )
    + "g0(unknown)\napp = Flask('x')",
}


@pytest.mark.parametrize("setup", NEVER_ENDING.values(), ids=NEVER_ENDING)
def test_setup_code_that_never_ends(setup: str) -> None:
    source = f"from flask import Blueprint, Flask\n{setup}\n@app.get('/x')\ndef x(): ...\n"
    assert found({"m.py": source}) == {"GET /x": "m.x"}
