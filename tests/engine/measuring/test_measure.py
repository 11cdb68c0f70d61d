"""What a request costs, from a folder to an observation."""

from dataclasses import replace

import pytest

from auditor.engine.measuring.measure import MeasureRequest, measure
from auditor.engine.measuring.record import RecordRequest
from auditor.engine.observations import latest_observation
from auditor.engine.request import Notes
from auditor.model.fault import Fault
from auditor.report.growth_document import growth_document
from auditor.report.observation_document import observation_document


def test_counts_and_times_with_the_line_of_every_effect(asked: RecordRequest, notes: Notes) -> None:
    request = MeasureRequest(audit=asked.audit, user=asked.user, workload=asked.workload, growth=(1, 2, 4))
    measured = measure(request, notes)
    by_id = {one.id: one for one in measured.observation.requests}
    people = by_id["list"]
    assert (people.vector.sql.value, people.vector.sql.n) == (4, 3)
    assert people.vector.latency_ms.kind == "measured"
    assert people.vector_warm is not None
    assert people.endpoint == "GET /people"
    nested = next(effect for effect in people.effects if "teams" in effect.text)
    assert (nested.count, nested.stack[-1].function) == (3, "people")
    assert by_id["added"].endpoint == "GET /people/{person_id}"
    assert by_id["add"].vector.log.value == 1
    assert "POST /login" in measured.observation.unreached
    grown = {one.endpoint: one for one in measured.growth}
    assert grown["GET /people"].fits["sql"].text("scale") == "1 + 3·scale"
    assert "sql" not in grown["GET /mine"].fits
    assert latest_observation(measured.file.parent.parent) == measured.observation
    text = observation_document(measured.observation) + growth_document(measured.growth)
    assert "`1 + 3·scale`" in text
    assert "`app.py:" in text


def test_one_endpoint_gets_a_fresh_server_and_nothing_else_is_asked(
    asked: RecordRequest, notes: Notes
) -> None:
    audit = replace(asked.audit, endpoints=("GET /people",))
    measured = measure(
        MeasureRequest(audit=audit, user=asked.user, workload=asked.workload, repeats=1, time=False), notes
    )
    assert [one.id for one in measured.observation.requests] == ["list"]
    assert measured.observation.requests[0].vector.sql.value is None  # one repeat is no count
    assert measured.observation.requests[0].vector.latency_ms.kind == "unknown"


def test_growth_needs_a_seed_with_a_scale(asked: RecordRequest, notes: Notes) -> None:
    settings = asked.audit.path / "auditor.toml"
    settings.write_text(settings.read_text().replace("{scale}", "1"))
    request = MeasureRequest(audit=asked.audit, user=asked.user, growth=(1, 2, 3))
    with pytest.raises(Fault, match="several sizes"):
        measure(request, notes)
