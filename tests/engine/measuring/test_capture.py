"""The target's own tests, run in the jail under the probe."""

from pathlib import Path

import pytest
from small_target import Silent, asking

from auditor.cli.observation_file import observation_text
from auditor.engine.measuring.capture import Capture, CaptureRequest, capture
from auditor.engine.measuring.record import RecordRequest
from auditor.measure.workload import parse_workload
from auditor.model.canonical import canonical_json
from auditor.model.fault import Fault

TESTS = """
import socket

import pytest
from app import app


def test_people():
    assert len(app.test_client().get("/people?limit=2&sort=").get_json()["people"]) == 2


def test_one():
    client = app.test_client()
    assert client.get("/people/1").status_code == 200
    assert client.get("/people/99").status_code == 404


def test_added():
    assert app.test_client().post("/people", json={"name": "new"}).status_code == 201


def test_with_what_stands_beside_it():
    with socket.create_connection(("127.0.0.1", 8099), timeout=10) as beside:
        assert beside.recv(10) == b"beside"


def test_that_fails():
    assert app.test_client().get("/mine").status_code == 200


def test_django():
    from django.conf import settings

    settings.configure(ROOT_URLCONF="urls", ALLOWED_HOSTS=["*"], SECRET_KEY="k")
    import django
    from django.test import Client

    django.setup()
    assert Client().get("/plain/?q=1").content == b"plain"


@pytest.mark.filterwarnings("ignore")
def test_starlette():
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route
    from starlette.testclient import TestClient

    async def light(request):
        return PlainTextResponse("light")

    assert TestClient(Starlette(routes=[Route("/light", light)])).get("/light?q=2").text == "light"
"""
BESIDE = """
import socket

server = socket.create_server(("127.0.0.1", 8099))
while True:
    client, _ = server.accept()
    client.sendall(b"beside")
    client.close()
"""
SERVICE = """
[[service]]
name = "beside"
command = "python -S beside.py"
port = 8099
ready = "tcp"
"""
URLS = """
from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("plain/", lambda request: HttpResponse("plain"))]
"""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> RecordRequest:
    asked = asking(tmp_path_factory)
    (asked.audit.path / "test_people.py").write_text(TESTS.lstrip(), "utf-8")
    (asked.audit.path / "urls.py").write_text(URLS.lstrip(), "utf-8")
    (asked.audit.path / "beside.py").write_text(BESIDE.lstrip(), "utf-8")
    with (asked.audit.path / "auditor.toml").open("a", encoding="utf-8") as settings:
        settings.write(SERVICE)
    return asked


@pytest.fixture(scope="module")
def done(target: RecordRequest) -> Capture:
    command = ("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_people.py")
    return capture(CaptureRequest(audit=target.audit, user=target.user, command=command), Silent())


def test_requests_of_every_client_are_observed(done: Capture) -> None:
    assert "1 failed, 6 passed" in done.ran.output
    seen = {(one.method, one.endpoint, one.status) for one in done.found.observation.requests}
    assert seen == {
        ("GET", "GET /people", 200),
        ("GET", "GET /people/{person_id}", 200),
        ("GET", "GET /people/{person_id}", 404),
        ("POST", "POST /people", 201),
        ("GET", "GET /mine", 401),
        ("GET", "GET /plain/", 200),
        ("GET", "GET /light", 200),
    }
    assert done.found.observation.source == "tests"
    people = next(one for one in done.found.observation.requests if one.endpoint == "GET /people")
    assert people.vector.sql.value == 4
    assert people.vector.sql.n == 1
    (looked_up,) = [effect for effect in people.effects if effect.count == 3]
    assert [frame.function for frame in looked_up.stack] == ["people"]


def test_what_can_be_sent_again_is_a_workload_and_the_rest_is_said(done: Capture) -> None:
    workload = parse_workload(done.found.workload.render().encode(), name="requests.jsonl")
    assert [(one.id, one.path, one.query) for one in workload.requests] == [
        ("get-people", "/people", (("limit", "2"), ("sort", ""))),
        ("get-people-1", "/people/1", ()),
    ]
    left_out = " ".join(done.found.left_out)
    assert "1 POST: bodies are not recorded" in left_out
    assert "2 GET or HEAD were answered with an error" in left_out
    assert "2 were for no endpoint" in left_out
    assert "Headers are not recorded" in left_out


def test_it_stands_in_where_nothing_was_measured(target: RecordRequest, done: Capture) -> None:
    text = observation_text("", target.audit.path, state=target.user.state_dir)
    assert text == canonical_json(done.found.observation)
    assert done.file.name == "0001.json"


def test_a_companion_that_does_not_come_up_is_said(target: RecordRequest) -> None:
    (target.audit.path / "beside.py").write_text("raise SystemExit('no disk')", "utf-8")
    command = ("python", "-m", "pytest", "-q", "test_people.py")
    with pytest.raises(Fault, match="'beside' was not ready") as found:
        capture(CaptureRequest(audit=target.audit, user=target.user, command=command), Silent())
    assert "no disk" in Path(str(found.value.hint).partition(": ")[2]).read_text()
    (target.audit.path / "beside.py").write_text(BESIDE.lstrip(), "utf-8")


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ((), "no command to run"),
        (("python", "-c", "print('nothing')"), "asked the application for nothing .* nothing"),
        (("true",), "did not run Python under the probe"),
        (("nosuchprogram",), "did not run Python under the probe"),
    ],
)
def test_a_command_that_tells_nothing_is_refused(
    target: RecordRequest, command: tuple[str, ...], problem: str
) -> None:
    request = CaptureRequest(audit=target.audit, user=target.user, command=command)
    with pytest.raises(Fault, match=problem):
        capture(request, Silent())
