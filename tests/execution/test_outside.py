"""Hosts of the outside world and companions, seen from a target in its jail."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.config.command import Command
from auditor.config.outside import OutsideSettings, ResponseSettings
from auditor.execution.confinement import Jail
from auditor.execution.outside import recorded
from auditor.execution.world import World
from auditor.model.fault import Fault

MakeWorld = Callable[..., World]

HOSTS = """
[[outside]]
host = "crm.internal"
port = 8085
delay = "50ms"
responses = [
  { method = "POST", path = "/contacts", status = 201, json = { id = 7 } },
  { path = "/contacts/*", body = "known" },
]
[[outside]]
host = "api.example.com"
responses = [{ path = "/rates", json = { eur = 1 } }]
[[outside]]
host = "recorded.example.com"
responses = "fixtures/recorded.jsonl"
"""
RECORDED = (
    '{"path": "/x", "status": 202, "headers": {"X-Kind": "recorded"}, "json": [1, 2], "delay_ms": 1}\n\n'
)
CALLS = """
import time, json, requests, urllib.request
began = time.monotonic()
created = requests.post("http://crm.internal:8085/contacts?x=1", json={"name": "a"})
took = time.monotonic() - began
told = [created.status_code, created.json(), took >= 0.05]
with requests.Session() as session:
    told += [session.get("http://crm.internal:8085/contacts/%d" % n).text for n in (1, 2)]
told.append(requests.get("https://api.example.com/rates").json())
told.append(json.load(urllib.request.urlopen("https://api.example.com/rates")))
told.append(requests.get("http://api.example.com/rates").json())
recorded = requests.get("https://recorded.example.com/x")
told.append([recorded.status_code, recorded.headers["X-Kind"], recorded.json()])
for url in ("http://crm.internal:8085/nothing", "https://unknown.example.com/a", "http://unknown.example.com/b"):
    try:
        requests.get(url, timeout=5)
        told.append("answered")
    except requests.ConnectionError:
        told.append("nobody")
print(json.dumps(told))
"""


def run(world: World, script: str) -> str:
    ran = world.run(Command("", ("python", "-c", script)))
    assert ran.succeeded, ran.errors
    return ran.output


def test_hosts_answer_what_is_written_and_recorded(make_world: MakeWorld) -> None:
    world = make_world({"app.py": "", "fixtures/recorded.jsonl": RECORDED}, HOSTS)
    assert json.loads(run(world, CALLS)) == [
        201,
        {"id": 7},
        True,
        "known",
        "known",
        {"eur": 1},
        {"eur": 1},
        {"eur": 1},
        [202, "recorded", [1, 2]],
        "nobody",
        "nobody",
        "nobody",
    ]
    calls = world.outside.calls()
    assert [(call.host, call.method, call.path, call.status) for call in calls][:2] == [
        ("crm.internal", "POST", "/contacts", 201),
        ("crm.internal", "GET", "/contacts/1", 200),
    ]
    assert {(call.host, call.path) for call in world.outside.unanswered()} == {
        ("crm.internal", "/nothing"),
        ("unknown.example.com", ""),
        ("unknown.example.com", "/b"),
    }


DIRECT = """
import http.client, json, socket, ssl
told = []
for kind in (http.client.HTTPConnection, http.client.HTTPSConnection):
    client = kind("api.example.com", timeout=5)
    client.request("GET", "/rates")
    told.append(json.load(client.getresponse()))
    client.close()
plain = socket.create_connection(("two.example.com", 8085))
plain.sendall(b"GET /a HTTP/1.0\\r\\n\\r\\n")
told.append(plain.makefile("rb").read().endswith(b"at 8085"))
secure = ssl.create_default_context().wrap_socket(
    socket.create_connection(("two.example.com", 443)), server_hostname="two.example.com"
)
secure.sendall(b"GET /a HTTP/1.0\\r\\n\\r\\n")
told.append(secure.makefile("rb").read().endswith(b"at 443"))
try:
    socket.create_connection(("two.example.com", 80))
except ConnectionRefusedError:
    told.append("nobody")
print(json.dumps(told))
"""
TWO_PORTS = """
[[outside]]
host = "api.example.com"
responses = [{ path = "/rates", json = { eur = 1 } }]
[[outside]]
host = "two.example.com"
port = 443
responses = [{ body = "at 443" }]
[[outside]]
host = "two.example.com"
port = 8085
responses = [{ body = "at 8085" }]
"""


def test_hosts_answer_what_knows_of_no_proxy(make_world: MakeWorld) -> None:
    world = make_world({"app.py": ""}, TWO_PORTS)
    if not world.jail.low_ports:
        pytest.skip("this jail has no ports below 1024")
    assert json.loads(run(world, DIRECT)) == [{"eur": 1}, {"eur": 1}, True, True, "nobody"]
    assert [(call.host, call.path, call.status) for call in world.outside.calls()] == [
        ("api.example.com", "/rates", 200),
        ("api.example.com", "/rates", 200),
        ("two.example.com", "/a", 200),
        ("two.example.com", "/a", 200),
    ]


def test_without_low_ports_the_proxy_answers_as_before(jail: Jail, make_world: MakeWorld) -> None:
    files = {"app.py": "", "fixtures/recorded.jsonl": RECORDED}
    world = make_world(files, HOSTS, jail=replace(jail, low_ports=False))  # type: ignore[type-var]  a frozen dataclass
    assert [host for _, host in world.outside.hosts] == ["crm.internal"]
    asking = "import requests; print(requests.get('https://api.example.com/rates').json()['eur'])"
    assert run(world, asking) == "1\n"


def test_nothing_is_changed_where_no_host_is_named(make_world: MakeWorld) -> None:
    world = make_world({"app.py": ""})
    assert (
        json.loads(
            run(world, "import os, json; print(json.dumps([n for n in os.environ if 'proxy' in n.lower()]))")
        )
        == []
    )
    assert world.outside.calls() == ()


@pytest.mark.parametrize("line", ["{", "[]", '{"status": 200, "colour": "red"}', "[" * 100_000])
def test_a_recording_that_is_none_is_said(tmp_path: Path, line: str) -> None:
    (tmp_path / "r.jsonl").write_text(f'{{"path": "/"}}\n{line}\n', "utf-8")
    with pytest.raises(Fault, match=r"r\.jsonl:2: is no response"):
        recorded(tmp_path, OutsideSettings(host="h", file="r.jsonl"))


def test_a_recording_is_not_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").symlink_to("/etc/passwd")
    with pytest.raises(Fault, match="can't be read"):
        recorded(tmp_path, OutsideSettings(host="h", file="r.jsonl"))


def test_a_recording_gives_responses(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(RECORDED, "utf-8")
    assert recorded(tmp_path, OutsideSettings(host="h", file="r.jsonl")) == (
        ResponseSettings(path="/x", status=202, headers=(("X-Kind", "recorded"),), json=[1, 2], delay_ms=1),
    )


def test_a_redis_is_had_where_a_companion_needs_one(make_world: MakeWorld) -> None:
    app = """
import socket
def app(environ, start_response):
    with socket.create_connection(("127.0.0.1", 6379)) as redis:
        redis.sendall(b"PING\\r\\n")
        answer = redis.recv(100)
    start_response("200 OK" if answer == b"+PONG\\r\\n" else "500 Wrong", [])
    return [answer]
"""
    settings = """
[boot]
command = "gunicorn --bind 127.0.0.1:{port} app:app"
ready = "/"
[[service]]
name = "redis"
command = "redis-server --port {port} --save ''"
port = 6379
"""
    world = make_world({"app.py": app}, settings)
    world.prepare()
    with world.boot() as server:
        assert server.report.ok
        assert "Ready to accept connections" in server.log("redis")
