"""One request to a view inside a process that runs under the probe, without a server in between."""

import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

from auditor.measure.records import ProbeRecord, by_request, read_spool

from .conftest import environment

FRAME = """
import io, sys
from wsgiref.handlers import SimpleHandler

def request(view, name="r1"):
    def application(environ, start_response):
        view()
        start_response("200 OK", [])
        return [b"done"]
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/" + name, "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_X_AUDITOR_REQUEST": name}
    SimpleHandler(io.BytesIO(), io.BytesIO(), sys.stderr, environ).run(application)
"""


def run_guest(
    tmp_path: Path, script: str, *, python: str = sys.executable, env: Mapping[str, str] | None = None
) -> dict[str, ProbeRecord]:
    """Records of a script that calls ``request(view)``; ``print`` goes nowhere, an error is a failed test."""
    tree, spool = tmp_path / "tree", tmp_path / "spool"
    tree.mkdir(exist_ok=True)
    spool.mkdir(exist_ok=True)
    (tree / "frame.py").write_text(FRAME)
    (tree / "script.py").write_text("from frame import request\n" + textwrap.dedent(script))
    done = subprocess.run(
        [python, "script.py"],
        cwd=tree,
        env=environment(tree, spool, env=env),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "script.py" not in done.stderr, done.stderr
    assert "auditor" not in done.stderr, done.stderr
    return by_request(read_spool(spool))
