"""The commands that read a tree, as processes, on a small application."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import jsonschema
import pytest

from auditor.model.events import RunFinished, RunStarted, parse_event

Run = Callable[..., "subprocess.CompletedProcess[str]"]

SHOP = {
    "app.py": """
from flask import Flask, jsonify
from models import Line, Order, db

app = Flask(__name__)


@app.get("/orders")
def orders():
    rows = []
    for order in Order.query.limit(50).all():
        lines = db.session.query(Line).filter(Line.order_id == order.id).all()
        rows.append({"id": order.id, "lines": [line.sku for line in lines]})
    return jsonify(rows)


@app.get("/health")
def health():
    return "ok"
""",
    "models.py": """
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Order(db.Model):
    id = db.Column(db.Integer, primary_key=True)


class Line(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    order_id = db.Column(db.ForeignKey("order.id"))
    sku = db.Column(db.String)
""",
}


@pytest.fixture
def shop(tree: Callable[[Mapping[str, str]], Path]) -> Path:
    return tree(SHOP)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_pipe_gets_the_plan_and_nothing_is_written(auditor: Run, shop: Path, tmp_path: Path) -> None:
    before = contents(tmp_path)
    done = auditor("audit", str(shop), "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("# Performance plan for ")
    assert contents(tmp_path) == before


def test_several_files_at_once_leave_standard_output_empty(auditor: Run, shop: Path, tmp_path: Path) -> None:
    names = ("plan.md", "report.json", "audit.sarif", "run.jsonl")
    done = auditor("audit", str(shop), *(f"--output={name}" for name in names))
    assert (done.returncode, done.stdout) == (0, "")
    assert [line for line in done.stderr.splitlines() if "wrote" in line] == [
        f"auditor: wrote {name}" for name in names
    ]
    assert (tmp_path / "plan.md").read_text().startswith("# Performance plan for ")
    assert json.loads((tmp_path / "audit.sarif").read_text())["version"] == "2.1.0"


def test_a_format_with_a_file_leaves_standard_output_empty(auditor: Run, shop: Path, tmp_path: Path) -> None:
    done = auditor("audit", str(shop), "--format", "json", "--output", "report.json")
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads((tmp_path / "report.json").read_text())["schema"] == "auditor/report@1"


def test_the_report_follows_its_schema(auditor: Run, shop: Path) -> None:
    report = json.loads(auditor("audit", str(shop), "--format", "json").stdout)
    jsonschema.validate(report, json.loads(auditor("schema", "report").stdout))
    assert report["target"]["root"] == str(shop)
    assert [endpoint["id"] for endpoint in report["endpoints"]] == ["GET /health", "GET /orders"]


def test_the_events_of_a_run(auditor: Run, shop: Path) -> None:
    lines = auditor("audit", str(shop), "--format", "jsonl").stdout.splitlines()
    events = [parse_event(line) for line in lines]
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], RunFinished)
    assert [event.seq for event in events] == list(range(len(events)))


def test_the_same_tree_gives_the_same_bytes_with_and_without_a_cache(auditor: Run, shop: Path) -> None:
    for form in ("markdown", "json", "sarif"):
        runs = [
            auditor("audit", str(shop), "--format", form, *more).stdout
            for more in ([], [], ["--no-cache"], ["--no-cache", "--jobs", "2"])
        ]
        assert runs == [runs[0]] * 4


def test_the_status_tells_whether_a_severity_was_reached(auditor: Run, shop: Path) -> None:
    report = json.loads(auditor("audit", str(shop), "--format", "json").stdout)
    found = {finding["severity"] for finding in report["findings"]}
    assert found
    assert auditor("audit", str(shop)).returncode == 0
    assert auditor("audit", str(shop), "--fail-on", "low").returncode == 1
    assert auditor("audit", str(shop), "--fail-on", "critical").returncode == int("critical" in found)


def test_one_endpoint_alone(auditor: Run, shop: Path) -> None:
    report = json.loads(auditor("audit", str(shop), "--endpoint", "/orders", "--format", "json").stdout)
    assert [endpoint["id"] for endpoint in report["endpoints"]] == ["GET /orders"]
    assert all(finding["endpoints"] == ["GET /orders"] for finding in report["findings"])


def test_a_rule_alone_and_a_rule_left_out(auditor: Run, shop: Path) -> None:
    def rules(*arguments: str) -> set[str]:
        report = json.loads(auditor("audit", str(shop), "--format", "json", *arguments).stdout)
        return {finding["rule"] for finding in report["findings"]}

    assert "query-in-loop" in rules()
    assert rules("--rule", "query-in-loop") == {"query-in-loop"}
    assert "query-in-loop" not in rules("--ignore", "query-in-loop")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--rule", "query-in-lop"),
            "--rule: there is no rule 'query-in-lop' (did you mean 'query-in-loop'?)",
        ),
        (("--ignore", "log-in-lop"), "--ignore: there is no rule 'log-in-lop' (did you mean 'log-in-loop'?)"),
        (
            ("--endpoint", "GET /order"),
            "there is no endpoint 'GET /order' (did you mean 'GET /orders'?)",
        ),
        (("--ref", "trunk"), "is not in a git repository"),
    ],
)
def test_an_unknown_name_is_one_line(
    auditor: Run, shop: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = auditor("audit", str(shop), "--quiet", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_rule_that_the_target_names_must_exist(auditor: Run, shop: Path) -> None:
    (shop / "auditor.toml").write_text("[rules]\nignore = ['query-in-lop']\n")
    assert "auditor.toml: there is no rule 'query-in-lop'" in auditor("audit", str(shop)).stderr


def test_the_target_decides_a_severity(auditor: Run, shop: Path) -> None:
    (shop / "auditor.toml").write_text(
        "[rules]\nselect = ['query-in-loop']\n[rules.severity]\nquery-in-loop = 'low'\n"
    )
    report = json.loads(auditor("audit", str(shop), "--format", "json").stdout)
    assert {finding["severity"] for finding in report["findings"]} == {"low"}


def test_a_target_time_cannot_be_judged_yet(auditor: Run, shop: Path) -> None:
    done = auditor("audit", str(shop), "--target", "500ms", "--format", "json")
    assert done.returncode == 0
    assert "can't be judged yet" in done.stderr
    assert json.loads(done.stdout)["plan"]["target_ms"] == 500


def test_a_cache_that_cannot_be_written_costs_a_warning(auditor: Run, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = auditor("audit", str(shop), env={"AUDITOR_CACHE_DIR": str(tmp_path / "file")})
    assert done.returncode == 0
    assert done.stdout.startswith("# Performance plan for ")
    assert "warning" in done.stderr


def test_a_commit_is_read_without_touching_the_work_tree(auditor: Run, shop: Path) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q", "-b", "trunk"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run(["git", *identity, *arguments], cwd=shop, check=True, capture_output=True)
    (shop / "app.py").write_text("x = 1\n")
    before = contents(shop)
    report = json.loads(auditor("audit", str(shop), "--ref", "trunk", "--format", "json").stdout)
    assert [endpoint["id"] for endpoint in report["endpoints"]] == ["GET /health", "GET /orders"]
    assert report["target"]["commit"]
    assert contents(shop) == before


def test_routes_and_a_trace(auditor: Run, shop: Path) -> None:
    routes = auditor("routes", str(shop)).stdout
    assert "GET /orders" in routes
    assert "app.py:" in routes
    listed = json.loads(auditor("routes", str(shop), "--json").stdout)
    assert [route["id"] for route in listed] == ["GET /health", "GET /orders"]
    trace = auditor("trace", "GET /orders", str(shop)).stdout
    assert "sql" in trace
    assert "GET /health" not in trace


def test_in_a_pipe_no_line_is_cut(auditor: Run, shop: Path) -> None:
    (shop / "app.py").write_text(SHOP["app.py"].replace('"/health"', f'"/{"a" * 300}"'))
    narrow = {"COLUMNS": "40"}
    for arguments in (["routes", str(shop)], ["trace", f"/{'a' * 300}", str(shop)], ["rules"]):
        shown = auditor(*arguments, env=narrow).stdout
        assert shown
        assert "…" not in shown.replace("0…1", "")


def test_rules_and_a_page(auditor: Run) -> None:
    listed = {rule["id"] for rule in json.loads(auditor("rules", "--json").stdout)}
    assert {"query-in-loop", "lazy-load-in-loop", "blocking-in-async"} <= listed
    assert listed <= set(auditor("rules").stdout.split())
    assert "What it finds" in auditor("rules", "query-in-loop").stdout
    assert "did you mean 'query-in-loop'" in auditor("rules", "query-in-lop").stderr


def test_whoever_stops_reading_ends_the_run_quietly(shop: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "auditor", "audit", str(shop), "--format", "json", "-q"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr as stderr:
        assert stderr.read() == b""
    assert process.wait(60) == 141


def test_an_interrupt_ends_at_once_and_leaves_nothing(shop: Path, tmp_path: Path) -> None:
    body = "".join(f"def f{number}(a):\n    return [b.c(a) for b in a if b]\n\n" for number in range(500))
    for number in range(100):
        (shop / f"module{number}.py").write_text(f"{body}X = {number}\n")
    before = contents(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "auditor", "audit", str(shop), "--format", "jsonl"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "run-started" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "auditor: interrupted"
    assert "Traceback" not in err
    assert contents(tmp_path) == before


def test_two_audits_at_once_give_the_same(shop: Path) -> None:
    command = [sys.executable, "-m", "auditor", "audit", str(shop), "--format", "json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert outputs[0] == outputs[1] != ""


def on_a_terminal(*arguments: str, cwd: Path) -> str:
    """Runs ``auditor`` with a terminal as standard output and gives what it shows."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100", "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "auditor", *arguments],
        cwd=cwd,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env=environment,
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:
        pass  # Linux says so when the other end is closed
    os.close(ours)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    return (shown + err).decode().replace("\r\n", "\n")


def test_a_terminal_gets_one_screen_and_the_plan_beside_it(shop: Path, tmp_path: Path) -> None:
    shown = on_a_terminal("audit", str(shop), "-q", cwd=tmp_path)
    assert "Plan: auditor-plan.md" in shown
    assert len(shown.splitlines()) <= 24
    assert (tmp_path / "auditor-plan.md").read_text().startswith("# Performance plan for ")
    again = on_a_terminal("audit", str(shop), "-q", cwd=tmp_path)
    assert again == shown


def test_a_file_that_is_no_plan_stays(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "auditor-plan.md").symlink_to("elsewhere.md")  # as one that lies in a stranger's repository
    assert "stays as it is" in on_a_terminal("audit", str(shop), "-q", cwd=tmp_path)
    assert not (tmp_path / "elsewhere.md").exists()
    (tmp_path / "auditor-plan.md").unlink()
    (tmp_path / "auditor-plan.md").write_text("my own notes")
    shown = on_a_terminal("audit", str(shop), "-q", cwd=tmp_path)
    assert "stays as it is" in shown
    assert (tmp_path / "auditor-plan.md").read_text() == "my own notes"
