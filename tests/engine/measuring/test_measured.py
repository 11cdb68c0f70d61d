"""An audit with what was measured in it, on a target that was really measured."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_target import Silent, asking

from auditor.cli.observation_file import observation_text
from auditor.engine import AuditRequest, audit
from auditor.engine.measuring.measure import Measurement, MeasureRequest, measure
from auditor.model import events
from auditor.model.canonical import canonical_json
from auditor.model.fault import Fault

PEOPLE = "GET /people"
MODELS = """
import os
from sqlalchemy import Column, ForeignKey, Integer, String, create_engine
from sqlalchemy.orm import declarative_base, sessionmaker

Base = declarative_base()
Session = sessionmaker(create_engine(os.environ["DATABASE_URL"]))


class Person(Base):
    __tablename__ = "people"
    id = Column(Integer, primary_key=True)
    name = Column(String)


class Team(Base):
    __tablename__ = "teams"
    person = Column(ForeignKey("people.id"), primary_key=True)
    name = Column(String)
"""
VIEW = """
from models import Person, Session, Team


@app.get("/people")
def people():
    found = []
    with Session() as session:
        for person in session.query(Person).order_by(Person.id).all():
            teams = session.query(Team).filter(Team.person == person.id).all()
            found.append({"id": person.id, "name": person.name, "teams": [team.name for team in teams]})
    return jsonify(people=found)


"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[MeasureRequest, Measurement]:
    asked = asking(tmp_path_factory)
    root = asked.audit.path
    text = (root / "app.py").read_text("utf-8")
    first, last = text.index('@app.get("/people")'), text.index('@app.get("/people/<')
    (root / "app.py").write_text(text[:first] + VIEW.lstrip() + text[last:], "utf-8")
    (root / "models.py").write_text(MODELS.lstrip(), "utf-8")
    request = MeasureRequest(audit=asked.audit, user=asked.user, workload=asked.workload, time=False)
    return request, measure(request, Silent())


def told(request: AuditRequest) -> tuple[dict[str, Any], list[Any]]:
    """The report, and every event."""

    async def run() -> list[Any]:
        return [event async for event in audit(request)]

    found = asyncio.run(run())
    ready = next(event for event in found if isinstance(event, events.ReportReady))
    return json.loads(ready.data.report), found


def endpoint(report: Mapping[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in report["endpoints"] if one["id"] == name)
    return found


def test_what_was_seen_is_confirmed_and_what_nobody_asked_is_said(
    measured: tuple[MeasureRequest, Measurement], tmp_path: Path
) -> None:
    request, measurement = measured
    text = canonical_json(measurement.observation)
    plain = replace(request.audit, cache_dir=tmp_path)
    before, _ = told(plain)
    after, found = told(replace(plain, observation=text))

    assert before["measured"] is None
    assert after["measured"]["same_tree"] is True
    assert "POST /login" in after["measured"]["unreached"]
    assert PEOPLE not in after["measured"]["unreached"]

    people = endpoint(after, PEOPLE)
    counts = {
        effect["label"]: effect["observed"]["value"]
        for effect in people["effects"]
        if effect["kind"] == "sql"
    }
    assert {effect["status"] for effect in people["effects"] if effect["kind"] == "sql"} == {"confirmed"}
    assert sorted(counts.values()) == [1, 3]
    assert people["measured"]["worst"]["sql"]["value"] == 4
    assert not [one for one in people["measured"]["untraced"] if one["kind"] == "sql"]

    (loop,) = [one for one in after["findings"] if one["rule"] == "query-in-loop"]
    assert loop["status"] == "confirmed"
    assert loop["observed"]["value"] == 3
    assert loop["evidence"][0]["text"] == "seen 3 times in one request (`list`)"
    changes = [change for phase in after["plan"]["phases"] for change in phase["changes"]]
    (batch,) = [change for change in changes if loop["id"] in change["findings"]]
    assert batch["rank"] == 1
    assert batch["observed"]["sql"]["value"] == 3
    assert "seen 3 times in one request" in batch["why"]
    assert [event.data.id for event in found if isinstance(event, events.FindingMade)] == [
        one["id"] for one in after["findings"] if one["status"] != "refuted"
    ]

    again, told_again = told(plain)
    assert again == before, "the cache holds what was read, not what was measured"
    assert next(event for event in told_again if isinstance(event, events.ReportReady)).data.cached


def test_other_code_than_was_measured_is_noticed(
    measured: tuple[MeasureRequest, Measurement], tmp_path: Path
) -> None:
    request, measurement = measured
    for name in ("app.py", "seed.py"):
        (tmp_path / name).write_text((request.audit.path / name).read_text() + "\n# moved\n")
    other = AuditRequest(path=tmp_path, observation=canonical_json(measurement.observation))
    report, _ = told(other)
    assert report["measured"]["same_tree"] is False
    assert any("not the code that was read" in note for note in report["measured"]["notes"])


def test_the_last_observation_is_found(measured: tuple[MeasureRequest, Measurement], tmp_path: Path) -> None:
    request, measurement = measured
    state = request.user.state_dir
    assert observation_text("", request.audit.path, state=state) == canonical_json(measurement.observation)
    with pytest.raises(Fault, match="nothing was measured"):
        observation_text("", tmp_path, state=state)
    with pytest.raises(Fault, match="is a folder"):
        observation_text(str(tmp_path), request.audit.path, state=state)
    (tmp_path / "report.json").write_text('{"schema": "auditor/report@1"}')
    with pytest.raises(Fault, match="is no observation: schema"):
        observation_text(str(tmp_path / "report.json"), request.audit.path, state=state)
