"""The boot gate, under the servers that production uses."""

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.execution.boot import BootReport, NotBooted
from auditor.execution.knock import knock
from auditor.execution.world import World

MakeWorld = Callable[..., World]

WSGI = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
"""
ASGI = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})
"""
FLASK = """
from flask import Flask
app = Flask(__name__)
@app.get("/")
def index():
    return "hello"
"""
DJANGO = """
import sys
from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"], WSGI_APPLICATION=None)
urlpatterns = [path("", lambda request: HttpResponse("hello"))]
if __name__ == "__main__":
    execute_from_command_line(sys.argv)
"""


def settings(command: str, *, ready: str = "/", timeout: str = "20s", more: str = "") -> str:
    return f'[boot]\ncommand = """{command}"""\nready = "{ready}"\nready_timeout = "{timeout}"\n{more}'


def refused(world: World) -> BootReport:
    world.prepare()
    with pytest.raises(NotBooted) as raised:
        world.boot()
    report = raised.value.report
    assert not report.ok
    assert report.log.exists()
    return report


@pytest.mark.parametrize(
    ("command", "app", "workers"),
    [
        ("gunicorn --bind 127.0.0.1:{port} app:app", WSGI, 1),
        ("gunicorn --workers 2 --bind [::1]:{port} app:app", WSGI, 2),
        ("gunicorn --worker-class gthread --threads 4 --bind 0.0.0.0:{port} app:app", FLASK, 1),
        ("gunicorn --worker-class gevent --workers 2 --bind 127.0.0.1:{port} app:app", FLASK, 2),
        ("uvicorn --port {port} app:app", ASGI, 1),
        ("gunicorn --worker-class uvicorn.workers.UvicornWorker --bind 127.0.0.1:{port} app:app", ASGI, 1),
        ("uvicorn --port {port} --workers 2 app:app", ASGI, 2),
        ("flask run --port {port}", FLASK, 1),
        ("python app.py runserver {port}", DJANGO, 1),
        ("sleep 0.1; exec gunicorn --bind 127.0.0.1:{port} app:app", WSGI, 1),
    ],
)
def test_servers_boot(make_world: MakeWorld, command: str, app: str, workers: int) -> None:
    world = make_world({"app.py": app}, settings(command))
    world.prepare()
    with world.boot() as server:
        assert server.report.ok
        assert server.report.problem is None
        assert server.report.workers == workers
        assert knock(server.door, "/", timeout_s=5).body == b"hello"
        assert server.alive()
        server.stop()
        assert not server.alive()


def test_the_log_is_one_file_a_process(make_world: MakeWorld) -> None:
    app = "import sys\nprint('to the log', file=sys.stderr)\n" + WSGI
    service = '[[service]]\nname = "side"\ncommand = "echo companion; exec sleep 60"\n'
    world = make_world({"app.py": app}, settings("gunicorn --bind 127.0.0.1:{port} app:app", more=service))
    world.prepare()
    with world.boot() as server:
        assert "to the log" in server.log()
        assert server.log("side") == "companion\n"


def raising(line: str) -> str:
    return f"def load():\n    {line}\nload()\n{WSGI}"


GUNICORN = "gunicorn --bind 127.0.0.1:{port} app:app"


@pytest.mark.parametrize(
    ("app", "command", "problem", "text", "place"),
    [
        (raising("import celery_of_nobody"), GUNICORN, "missing-module", "No module named 'celery_of_nobody'", "load"),
        (raising("import os; os.environ['SECRET_KEY']"), GUNICORN, "missing-variable", "the variable SECRET_KEY is not set", "load"),
        (raising("import sqlite3; sqlite3.connect('x').execute('SELECT * FROM people')"), GUNICORN, "missing-migration", "no such table: people", "load"),
        (raising("open('/etc/written', 'w')"), GUNICORN, "outside-tree", "/etc/written", "load"),
        (raising("raise ValueError('nothing known')"), GUNICORN, "ended", "ValueError: nothing known", "load"),
        (raising("import urllib.request; urllib.request.urlopen('https://config.example.com/x')"), GUNICORN, "missing-host", "needs the internet to boot", "load"),
        (WSGI, "gunicorn_of_nobody app:app", "missing-program", "gunicorn_of_nobody", ""),
        (WSGI, "gunicorn --bind 127.0.0.1:{port} app:nothing", "missing-module", "nothing", ""),
        (WSGI, "gunicorn --bind 127.0.0.1:8123 app:app", "listens-elsewhere", "127.0.0.1:8123", ""),
        (WSGI, "sleep 30", "slow", "was not ready within 2 s", ""),
        (WSGI, "true", "ended", "ended with status 0", ""),
    ],
)  # fmt: skip
def test_what_keeps_it_from_booting(
    make_world: MakeWorld, app: str, command: str, problem: str, text: str, place: str
) -> None:
    slow = problem in {"slow", "listens-elsewhere"}
    report = refused(make_world({"app.py": app}, settings(command, timeout="2s" if slow else "20s")))
    assert report.problem == problem, report
    assert text in report.text, report
    if place:
        assert report.root_error is not None
        assert report.root_error.frame is not None
        assert (report.root_error.frame.file, report.root_error.frame.function) == ("app.py", place)


def answering(body: str) -> str:
    return f"def app(environ, start_response):\n{body}"


@pytest.mark.parametrize(
    ("body", "problem", "text"),
    [
        ("    raise KeyError('in a request')\n", "error-answer", "answers 500"),
        ("    start_response('404 Not Found', [])\n    return [b'']\n", "error-answer", "answers 404"),
        ("    start_response('302 Found', [('Location', '/')])\n    return [b'']\n", "redirect-loop", "/ → /"),
        ("    start_response('301 M', [('Location', 'https://localhost/')])\n    return [b'']\n", "redirect-loop", "/ → /"),
        ("    import time; time.sleep(60)\n", "no-answer", "does not answer within 2 s"),
    ],
)  # fmt: skip
def test_what_it_answers_is_looked_at(make_world: MakeWorld, body: str, problem: str, text: str) -> None:
    report = refused(make_world({"app.py": answering(body)}, settings(GUNICORN, timeout="2s")))
    assert report.problem == problem, report
    assert text in report.text


def test_a_redirect_that_leads_somewhere_is_an_answer(make_world: MakeWorld) -> None:
    body = "    path = environ['PATH_INFO']\n    start_response('302 F' if path == '/' else '200 OK', [('Location', '/in')])\n    return [b'in']\n"
    world = make_world({"app.py": answering(body)}, settings(GUNICORN))
    world.prepare()
    with world.boot() as server:
        assert server.report.ok


def test_an_open_port_is_enough_where_no_path_is_named(make_world: MakeWorld) -> None:
    body = "    start_response('404 Not Found', [])\n    return [b'']\n"
    world = make_world({"app.py": answering(body)}, settings(GUNICORN, ready="tcp"))
    world.prepare()
    with world.boot() as server:
        assert server.report.ok


def test_a_worker_that_dies_of_its_first_requests(make_world: MakeWorld) -> None:
    body = "    import os\n    if os.path.exists('seen'): os._exit(9)\n    open('seen', 'w').close()\n"
    body += "    start_response('200 OK', [])\n    return [b'']\n"
    report = refused(make_world({"app.py": answering(body)}, settings(GUNICORN)))
    assert report.problem in {"worker-lost", "error-answer"}


def test_a_companion_that_never_is_ready(make_world: MakeWorld) -> None:
    service = '[[service]]\nname = "queue"\ncommand = "python -c \'raise OSError(7)\'"\nport = 7000\nready_timeout = "5s"\n'
    report = refused(make_world({"app.py": WSGI}, settings(GUNICORN, more=service)))
    assert report.problem == "companion"
    assert "'queue'" in report.text
    assert report.root_error is not None
    assert report.root_error.type == "OSError"


def test_a_companion_on_its_port(make_world: MakeWorld) -> None:
    service = '[[service]]\nname = "other"\ncommand = "python -m http.server 8000"\nport = 8000\n'
    report = refused(make_world({"app.py": WSGI}, settings(GUNICORN, more=service)))
    assert report.problem == "address-in-use"


def test_the_sample_boots_as_its_readme_says(make_world: MakeWorld) -> None:
    sample = Path(__file__).parents[2] / "evals/cases/discovery/app"
    command = "gunicorn --config gunicorn.conf.py wsgi:app"
    database = '[database]\nengine = "sqlite"\nseed = "python seed.py --scale {scale}"\n'
    world = make_world(sample, settings(command, ready="/ready", more=database))
    world.prepare()
    with world.boot() as server:
        assert server.report.workers == 2
        answer = knock(server.door, "/api/v1/spaces/discover?city=berlin", timeout_s=10)
        assert answer.status == 200
        assert b'"items"' in answer.body


def test_the_samples_runtime_refuses_a_worker(make_world: MakeWorld, tmp_path: Path) -> None:
    sample = Path(__file__).parents[2] / "evals/cases/discovery/app"
    files = {
        path.relative_to(sample).as_posix(): path.read_text("utf-8")
        for path in sample.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    files["discovery/errors.py"] += "\nimport threading\n"
    report = refused(make_world(files, settings("gunicorn --config gunicorn.conf.py wsgi:app")))
    assert report.root_error is not None
    assert report.root_error.type == "discovery.runtime.WorkerRefused"
    assert report.root_error.frame is not None
    assert report.root_error.frame.file == "discovery/runtime.py"
