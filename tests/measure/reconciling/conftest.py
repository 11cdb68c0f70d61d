"""Small reports and observations, written out."""

from collections.abc import Callable

import pytest

from auditor.model.numbers import Number
from auditor.model.observation import (
    Observation,
    ObservedEffect,
    ObservedEndpoint,
    ObservedFrame,
    ObservedRequest,
)
from auditor.model.report import Coverage, Effect, Endpoint, Finding, Frame, Report, Target
from auditor.model.vector import Vector

HANDLER = "GET /orders"
LINES = "SELECT lines.id FROM lines WHERE lines.order_id = ?"
ORDERS = "SELECT orders.id FROM orders"


def frame(place: str, function: str = "view") -> ObservedFrame:
    """`app.py:12` as a frame."""
    file, _, line = place.partition(":")
    return ObservedFrame(file=file, line=int(line), function=function)


def saw(
    text: str,
    *places: str,
    kind: str = "sql",
    op: str = "SELECT",
    count: int = 1,
    rows: int | None = None,
    functions: tuple[str, ...] = (),
) -> ObservedEffect:
    """One group of effects, its stack outermost first; `functions` are those of its frames."""
    named = functions or ("view",) * len(places)
    stack = tuple(frame(place, name) for place, name in zip(places, named, strict=True))
    return ObservedEffect(kind=kind, op=op, text=text, stack=stack, count=count, rows=rows)


def request(
    *effects: ObservedEffect,
    name: str = "one",
    endpoint: str = HANDLER,
    lines: dict[str, tuple[int, ...]] | None = None,
    void: str = "",
) -> ObservedRequest:
    """A request that was answered."""
    statements = sum(effect.count for effect in effects if effect.kind == "sql")
    sql = Number(value=float(statements), kind="measured", n=3)
    return ObservedRequest(
        id=name,
        endpoint=endpoint,
        method="GET",
        path="/orders",
        status=200,
        vector=Vector(sql=sql),
        effects=effects,
        lines=lines or {},
        void=void,
    )


def observation(*requests: ObservedRequest) -> Observation:
    """With the endpoints that its usable requests were for."""
    names = sorted({one.endpoint for one in requests if not one.void})
    return Observation(
        requests=requests,
        endpoints=tuple(
            ObservedEndpoint(
                id=name,
                requests=tuple(one.id for one in requests if one.endpoint == name),
                vector=Vector(),
                worst=Vector(),
            )
            for name in names
        ),
    )


def traced(label: str, place: str, **fields: object) -> Effect:
    """An effect of the trace at `place`, reached from `app.py:3`."""
    file, _, line = place.partition(":")
    values: dict[str, object] = {"kind": "sql", "operation": "read", "id": f"E-{label}-{place}", **fields}
    chain = (
        Frame(function="app.view", file="app.py", line=3),
        Frame(function="app.load", file=file, line=int(line)),
    )
    return Effect.model_validate({"file": file, "line": int(line), "label": label, "chain": chain, **values})


def report(*effects: Effect, findings: tuple[Finding, ...] = (), others: tuple[Endpoint, ...] = ()) -> Report:
    """A report of one endpoint with these effects."""
    endpoint = Endpoint(
        id=HANDLER, handler="app.view", file="app.py", line=1, framework="flask", effects=effects
    )
    return Report(
        target=Target(root="."), coverage=Coverage(), endpoints=(endpoint, *others), findings=findings
    )


@pytest.fixture
def finding() -> Callable[..., Finding]:
    """One query per order, at `app.py:12` in the loop of lines 11 to 13."""

    def make(**fields: object) -> Finding:
        values: dict[str, object] = {
            "id": "F-1",
            "rule": "query-in-loop",
            "title": "`SELECT Line` runs once per order",
            "file": "app.py",
            "line": 12,
            "end_line": 12,
            "function": "app.view",
            "endpoints": [HANDLER],
            "severity": "high",
            "confidence": 0.8,
            "evidence": [{"kind": "loop", "text": "the loop starts at line 11"}],
            "cost_term": {"kind": "sql", "sizes": ["orders"]},
            "related": [
                {"file": "lines.py", "line": 5, "end_line": 6, "role": "query"},
                {"file": "app.py", "line": 11, "end_line": 13, "role": "loop"},
            ],
        }
        return Finding.model_validate({**values, **fields})

    return make
