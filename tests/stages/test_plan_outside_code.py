"""What a plan says beside the code: replicas, pools, outside waits."""

from auditor.model.effect import EffectKind
from auditor.model.report import CostTerm, Effect, Endpoint, EndpointCoverage, Frame

from .planned import LIST, endpoint, plan_of


def effect(kind: EffectKind, line: int, **fields: object) -> Effect:
    chain = [Frame(function="app.views.search", file="app/views.py", line=line)]
    given = {"id": f"E-{kind}{line}", "kind": kind, "file": "app/views.py", "line": line, "chain": chain}
    return Effect.model_validate(given | fields)


def topics(*endpoints: Endpoint) -> list[str]:
    return [note.topic for note in plan_of(endpoints=endpoints).outside_code]


def test_nothing_is_said_outside_the_code_without_evidence() -> None:
    assert topics(endpoint(LIST, CostTerm(low=40, high=40))) == []
    assert topics(endpoint(LIST, CostTerm(), kind="session")) == []
    assert topics(endpoint(LIST, effects=[effect("http", 3, status="refuted")])) == []


def test_a_command_that_waits_keeps_no_worker_from_requests() -> None:
    assert topics(endpoint("COMMAND sync", effects=[effect("http", 3)])) == []
    assert topics(endpoint("TASK app.sync", effects=[effect("http", 3)])) == []
    assert topics(endpoint(LIST, effects=[effect("http", 3)])) == ["workers"]


def test_a_write_or_an_unresolved_call_is_no_case_for_a_replica() -> None:
    reads = [effect("sql", line, operation="read") for line in range(1, 7)]
    many = CostTerm(low=6, high=6)
    assert topics(endpoint(LIST, many, effects=reads)) == ["reads"]
    assert topics(endpoint("POST /spaces", many, effects=reads)) == []
    assert topics(endpoint(LIST, many, effects=[*reads, effect("sql", 9, operation="write")])) == []
    assert topics(endpoint(LIST, many, effects=[*reads, effect("sql", 9)])) == []
    assert topics(endpoint(LIST, many, effects=reads, coverage=EndpointCoverage(calls=2, resolved=1))) == []


def test_several_connections_and_outside_waits_are_named_with_their_place() -> None:
    several = endpoint(LIST, CostTerm(low=5, high=5), kind="session", effects=[effect("http", 7)])
    pool, workers = plan_of(endpoints=[several]).outside_code
    assert pool.evidence == ("`GET /spaces` takes `5` connections a request",)
    assert "`app/views.py:7`" in workers.evidence[0]
