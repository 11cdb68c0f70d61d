"""Audits that a model judges: marked, never from the cache, and standing where the model stops on the way."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from auditor.cli.main import main
from auditor.engine import audit
from auditor.engine.modelling.audit import judged_analysis
from auditor.engine.modelling.kept_judgement import judged_file, keep_judged, kept_judged
from auditor.engine.request import AuditRequest
from auditor.llm.client import Client
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.providers.scripted import Cue, Scripted
from auditor.model import events
from auditor.model.report import Report
from auditor.stages.judging import Judged
from auditor.stages.replan import Replanned

APP = """
import sqlite3
from flask import Flask

app = Flask(__name__)
connection = sqlite3.connect("x.db")


@app.get("/people")
def people():
    found = []
    for row in connection.execute("SELECT id FROM people").fetchall():
        found.append(connection.execute("SELECT name FROM people WHERE id = ?", [row[0]]).fetchone()[0])
    return {"people": found}


@app.get("/teams")
def teams():
    return {"teams": connection.execute("SELECT name FROM teams").fetchall()}
"""
ANALYSIS = json.dumps({"design": "One query.", "judgements": [], "claims": [], "more_code": []})
EMPTY = ServiceFailure(FailureKind.NO_CREDIT, "the account is empty")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "app.py").write_text(APP)
    return tmp_path / "tree"


def audited(tree: Path, answers: list[Cue], **changed: Any) -> list[events.Event]:
    request = AuditRequest(**({"path": tree, "cache_dir": tree.parent / "cache"} | changed))
    analyse = judged_analysis(lambda _: Client(Scripted(answers)))

    async def gather() -> list[events.Event]:
        return [event async for event in audit(request, analyse=analyse, keep=False)]

    return asyncio.run(gather())


def report_of(happened: list[events.Event]) -> Report:
    ready = next(event for event in happened if isinstance(event, events.ReportReady))
    return Report.model_validate_json(ready.data.report)


def test_a_report_says_who_was_asked_and_with_which_prompts(tree: Path) -> None:
    wrong = ["{}"] * 3
    report = report_of(audited(tree, [ANALYSIS, *wrong, *wrong], endpoints=("GET /people",)))
    assert report.model is not None
    assert report.model.model == "scripted:"
    assert [one.endpoint for one in report.model.endpoints] == ["GET /people"]
    assert report.model.endpoints[0].design == "One query."
    assert {one.id for one in report.model.prompts} == {"common", "analyze", "plan", "architecture"}
    assert len(report.model.endpoints[0].unanswered) == 2


def test_what_a_model_said_is_not_kept_for_audits_without_one(tree: Path) -> None:
    wrong = ["{}"] * 9
    audited(tree, wrong, endpoints=("GET /people",))
    assert not list((tree.parent / "cache").glob("results/*"))


def test_a_model_that_stops_on_the_way_leaves_the_audit_standing(tree: Path) -> None:
    happened = audited(tree, [ANALYSIS, *["{}"] * 6, EMPTY])
    report = report_of(happened)
    assert report.model is not None
    assert len(report.model.endpoints) == 1
    warned = [event.data.text for event in happened if isinstance(event, events.Warned)]
    assert any("judged 1 of 2 endpoints" in text for text in warned)


def test_a_model_that_can_not_be_asked_at_all_is_a_fault(tree: Path) -> None:
    failed = [event.data for event in audited(tree, [EMPTY]) if isinstance(event, events.Failed)]
    assert [one.exit_code for one in failed] == [3]


def test_what_was_said_of_an_endpoint_is_kept_with_the_run(tmp_path: Path) -> None:
    judged = Judged(
        endpoint="GET /x", findings=(), design="One query.", planned=Replanned(left=(("F-1", "small"),))
    )
    path = judged_file(tmp_path, "GET /x")
    assert kept_judged(path, "GET /x") is None
    keep_judged(path, judged)
    assert kept_judged(path, "GET /x") == judged
    assert kept_judged(path, "GET /y") is None
    path.write_text("{")
    assert kept_judged(path, "GET /x") is None


def test_a_question_without_a_model_is_a_fault_that_says_what_else_there_is(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUDITOR_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text("")
    assert main(["chat", "why?", str(tree), "--endpoint", "GET /people"]) == 2
    assert "`auditor trace ENDPOINT`" in capsys.readouterr().err
