"""The server as a process: who told it to end waits for nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mcp")

HELLO = (
    b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2024-11-05", '
    b'"capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}\n'
)


def test_an_interrupt_ends_a_server_that_is_reading(tmp_path: Path) -> None:
    (tmp_path / "app.py").touch()
    with subprocess.Popen(
        [sys.executable, "-m", "auditor", "mcp", str(tmp_path), "--state", str(tmp_path / "state")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "AUDITOR_CACHE_DIR": str(tmp_path / "cache")},
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(HELLO)
        server.stdin.flush()
        assert b'"id":1' in server.stdout.readline()
        server.send_signal(signal.SIGINT)
        try:
            assert server.wait(60) == 130
        finally:
            server.kill()
