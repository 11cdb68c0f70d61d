"""``auditor workload``: requests out of what others recorded."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from auditor.measure.workload import load_workload

Run = Callable[..., "subprocess.CompletedProcess[str]"]
HAR = {
    "log": {
        "entries": [
            {
                "request": {
                    "method": "GET",
                    "url": f"https://shop.test{path}",
                    "headers": [{"name": "Authorization", "value": "Bearer s3cret"}],
                }
            }
            for path in ("/orders?page=2", "/logo.png")
        ]
    }
}


def test_a_recording_becomes_requests_without_its_secrets(auditor: Run, tmp_path: Path) -> None:
    (tmp_path / "traffic.har").write_text(json.dumps(HAR))
    done = auditor("workload", "traffic.har", "--as", "ada", "-o", "requests.jsonl")
    assert (done.returncode, done.stdout) == (0, "")
    assert "1 left out: a static file" in done.stderr
    (request,) = load_workload(tmp_path / "requests.jsonl").requests
    assert (request.path, request.query, request.identity) == ("/orders", (("page", "2"),), "ada")
    assert "s3cret" not in (tmp_path / "requests.jsonl").read_text()
    shown = auditor("workload", "traffic.har")
    assert json.loads(shown.stdout)["path"] == "/orders"
    assert "name an identity" in shown.stderr


def test_a_file_that_is_none_of_them_is_named(auditor: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("buy milk\n")
    done = auditor("workload", "notes.txt")
    assert done.returncode == 2
    assert "notes.txt:1" in done.stderr
    assert auditor("workload", "none.har").returncode == 2


def test_nothing_that_is_no_workload_is_written_over(auditor: Run, tmp_path: Path) -> None:
    (tmp_path / "traffic.har").write_text(json.dumps(HAR))
    (tmp_path / "app.py").write_text("x = 1\n")
    (tmp_path / "link.jsonl").symlink_to("/etc/none.jsonl")
    for name in ("app.py", "traffic.har", "link.jsonl"):
        done = auditor("workload", "traffic.har", "-o", name)
        assert done.returncode == 2, name
        assert "name another file" in done.stderr
    assert (tmp_path / "app.py").read_text() == "x = 1\n"
    for _ in range(2):
        assert auditor("workload", "traffic.har", "-o", "requests.jsonl").returncode == 0
