"""The sample's auditor.toml starts a copy of the sample as it says, on both engines."""

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.config.database import Engine
from auditor.config.target import TargetSettings, load_target_settings

NOBODY = 65534
APP = Path(__file__).parents[2] / "evals/cases/discovery/app"


@pytest.fixture(scope="module")
def settings() -> TargetSettings:
    return load_target_settings(APP)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(APP, tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__", "*.db"))


@contextlib.contextmanager
def postgresql() -> Iterator[dict[str, str | int]]:
    """A server of our own on a unix socket, as a user that is not root: PostgreSQL refuses to be that."""
    initdb, postgres = shutil.which("initdb"), shutil.which("postgres")
    if initdb is None or postgres is None:
        pytest.skip("needs PostgreSQL's binaries")
    user = NOBODY if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory() as folder:
        if user is not None:
            os.chown(folder, user, user)
        data = Path(folder, "pg")
        made = subprocess.run(
            [initdb, "-D", data, "-U", "app", "-A", "trust"], check=False, capture_output=True, user=user
        )
        if made.returncode:
            pytest.skip(f"initdb does not work here: {made.stderr[-200:]!r}")
        server = subprocess.Popen(
            [postgres, "-D", data, "-k", data, "-c", "listen_addresses="],
            stderr=subprocess.DEVNULL,
            user=user,
        )
        try:
            wait_until((data / ".s.PGSQL.5432").exists, server)
            yield {"user": "app", "password": "", "host": "", "port": 5432, "name": f"postgres?host={data}"}
        finally:
            server.terminate()
            server.wait(30)


@pytest.mark.parametrize("engine", [Engine.SQLITE, Engine.POSTGRESQL])
def test_a_copy_migrates_seeds_boots_and_lets_everybody_in(
    settings: TargetSettings, copy: Path, tmp_path: Path, engine: Engine
) -> None:
    with contextlib.ExitStack() as stack:
        values: dict[str, str | int] = {"path": str(tmp_path / "data.db")}
        if engine is Engine.POSTGRESQL:
            values = stack.enter_context(postgresql())
        url = settings.database.url_template(engine).format(**values)
        env = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            settings.database.url_env: url,
            **dict(settings.boot.env),
        }
        assert settings.boot.migrate is not None
        assert settings.database.seed is not None
        seed = settings.database.seed.filled({"scale": settings.database.small})
        for command in (settings.boot.migrate, seed):
            subprocess.run(command.argv, cwd=copy, env=env, check=True, capture_output=True)

        port = free_port()
        assert settings.boot.command is not None
        argv = settings.boot.command.filled({"port": port}).argv
        server = subprocess.Popen(argv, cwd=copy, env=env, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: get(port, settings.boot.ready)[0] == 200, server)
            for identity in settings.identities:
                login = identity.login
                assert login is not None
                status, body = get(port, login.path, login.method, json.dumps(login.json))
                assert status == 201
                token = json.loads(body)["token"]
                (name, value), *_ = identity.headers
                status, _ = get(port, "/api/v1/profile", headers={name: value.replace("{token}", token)})
                assert status == 200, identity.name
        finally:
            server.terminate()
            server.wait(30)


def test_the_scales_are_those_of_the_truth(settings: TargetSettings) -> None:
    assert (settings.database.small, settings.database.full) == (1, 40)
    assert settings.database.scales


def get(
    port: int, path: str, method: str = "GET", body: str = "", headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError:
        return 0, b""
    finally:
        connection.close()


def wait_until(condition: object, process: subprocess.Popen[bytes]) -> None:
    assert callable(condition)
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, "it ended before it was ready"
        assert time.monotonic() < deadline, "it did not get ready"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return int(chosen.getsockname()[1])
