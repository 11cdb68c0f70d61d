"""A disk that is full at some point of a run: a sentence, status 2, and everything that was kept is there for the next run."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.engine.fixing.fix import Fixed
from auditor.engine.fixing.request import FixRequest


@pytest.mark.parametrize("most_bytes", [0, 600, 20_000])
def test_a_full_disk_is_said_and_nothing_is_lost(
    shelf: FixRequest, patch: Callable[..., Path], tried: Callable[..., Fixed], most_bytes: int
) -> None:
    """No file may grow beyond so many bytes: to the program that is a disk that is full."""
    file = patch("people")
    before = {path: path.read_bytes() for path in shelf.audit.path.rglob("*") if path.is_file()}
    environment = {
        **os.environ,
        "AUDITOR_STATE_DIR": str(shelf.user.state_dir),
        "AUDITOR_CACHE_DIR": str(shelf.user.cache_dir),
    }

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))

    words = ["fix", str(shelf.audit.path), "--quiet", "--no-edges", "--no-time", "--patch", str(file)]
    words += ["--workload", str(shelf.workload)]
    done = subprocess.run(
        [sys.executable, "-m", "auditor", *words], env=environment, capture_output=True, text=True, preexec_fn=limit, check=False
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "auditor's own" not in done.stderr
    assert "File too large" in done.stderr or "No space" in done.stderr or "room" in done.stderr
    assert {path: path.read_bytes() for path in shelf.audit.path.rglob("*") if path.is_file()} == before
    if most_bytes == 20_000:
        assert [one.change for one in tried(file).ledger.kept] == ["C-people"]
