"""A run's result as a terminal shows it."""

from auditor.model.judged import Dropped, ModelPart
from auditor.model.numbers import Number
from auditor.model.result import UNTREATED, ChangeResult, EndpointResult, Result
from auditor.model.trial import Gain
from auditor.model.vector import Vector
from auditor.report.result_text import result_text


def gain(before: float, after: float) -> Gain:
    return Gain(endpoint="GET /", kind="sql", before=before, after=after)


def measured(value: float, basis: str = "") -> Number:
    return Number(value=value, kind="measured", n=1, low=value, high=value, basis=basis)


def told(**parts: object) -> list[str]:
    return result_text(
        Result.model_validate({"schema": "auditor/result@1", "run": "R", **parts})
    ).splitlines()


def test_a_first_gain_says_nothing_of_what_came_before() -> None:
    first = ChangeResult(id="C-1", title="One", verdict="kept", gain=(gain(39, 30),), total=(gain(39, 30),))
    later = ChangeResult(id="C-2", title="Two", verdict="kept", gain=(gain(30, 5),), total=(gain(39, 5),))
    lines = told(changes=(first, later))
    assert "          sql of GET /: 39 → 30" in lines
    assert "          sql of GET /: 30 → 5; with those before it from 39" in lines


def test_what_it_came_to_is_seen_last_and_names_the_database() -> None:
    before = Vector(sql=measured(39), rows=measured(7), latency_ms=measured(9150))
    after = Vector(sql=measured(5), rows=measured(7), latency_ms=measured(930, "3 fresh servers"))
    lines = told(
        engine="postgresql-15",
        endpoints=(EndpointResult(id="GET /", before=before, after=after),),
        notes=("said before it",),
    )
    assert lines[-4:] == [
        "what it came to, on postgresql-15:",
        "  GET /",
        "    statements              39 → 5",
        "    ms to the answer     9,150 → 930  (cold: 3 fresh servers)",
    ]


def test_an_endpoint_that_costs_what_it_did_is_not_listed() -> None:
    same = Vector(sql=measured(3))
    assert not any(
        "GET /" in line for line in told(endpoints=(EndpointResult(id="GET /", before=same, after=same),))
    )


def test_rules_that_no_codemod_treats_share_a_line() -> None:
    declined = (
        ("F-1", f"{UNTREATED}b-rule"),
        ("F-2", "batch: it is walked twice"),
        ("F-3", f"{UNTREATED}a-rule"),
    )
    lines = told(declined=declined)
    assert lines[-3:] == [
        "3 findings without a patch:",
        "  no codemod treats a-rule, b-rule",
        "  F-2: batch: it is walked twice",
    ]


def test_why_statements_of_a_model_were_dropped_is_told_without_their_words() -> None:
    dropped = [("claim", "cites nothing")] * 3 + [("claim", f"reason {n}") for n in range(6)]
    part = ModelPart(
        model="m",
        calls=2,
        dropped=tuple(
            Dropped.model_validate({"endpoint": "GET /", "what": what, "reason": why})
            for what, why in dropped
        ),
    )
    lines = told(model=part)
    at = lines.index("  0 claims held, 9 statements did not and were dropped")
    assert lines[at + 1] == "    claim: cites nothing (3 times)"
    assert "    and 2 more reasons" in lines
