"""What was measured, schema `auditor/observation@1`: the vector of every request and endpoint, each effect with its line."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from auditor.model.value import Value
from auditor.model.vector import Vector


class ObservedFrame(Value):
    """One application frame; `file` relative to the tree."""

    file: str
    line: int = Field(ge=0)
    function: str


class ObservedEffect(Value):
    """Effects of one kind with one text from one stack, taken together."""

    kind: str
    op: str
    text: str
    """For SQL the fingerprint: one text for all values. Else the URL, template, subject, name or path."""
    stack: tuple[ObservedFrame, ...] = ()
    """Application frames, outermost first; empty when there were none."""
    stage: str | None = None
    """The handler's direct callee it came from."""
    count: int = Field(ge=1)
    """In one request (that of the first repeat)."""
    steady: bool = True
    """Whether every repeat did it as often."""
    late: int = Field(default=0, ge=0)
    """How many of them came after the answer."""
    rows: int | None = None
    ms: float | None = None
    """Together; the median of the repeats. Waits overlap, so this is no share of the latency."""
    example: str = ""
    """For SQL, one statement as it was sent."""


class ObservedStage(Value):
    """A direct callee of the handler and how long its effects went on, at least."""

    callee: str
    file: str
    line: int
    ms: float


class ObservedRequest(Value):
    """One request of the workload."""

    id: str
    endpoint: str
    method: str
    path: str
    identity: str | None = None
    status: int | None = None
    ending: str = "answered"
    vector: Vector
    """Cold: a fresh worker, outside caches empty."""
    vector_warm: Vector | None = None
    unstable: tuple[str, ...] = ()
    """Components whose repeats did not agree: they are not used."""
    void: str = ""
    """Why nothing here may be used; empty when it may."""
    turned_away: bool = False
    """Whether it was refused, or sent to where one signs in: then it says nothing of what the endpoint costs whom it lets in."""
    effects: tuple[ObservedEffect, ...] = ()
    stages: tuple[ObservedStage, ...] = ()
    errors: tuple[str, ...] = ()
    """Exceptions that left the application: `ValueError: text`."""
    lines: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    """Executed, by file, where that was asked: in a replay of their own, also cold."""


class ObservedEndpoint(Value):
    """An endpoint over all of its requests that may be used; those that were turned away are left out unless all were."""

    id: str
    requests: tuple[str, ...]
    vector: Vector
    """The mean over them."""
    worst: Vector
    """The highest of each component."""
    vector_warm: Vector | None = None
    worst_warm: Vector | None = None


class Observation(Value):
    """Everything that was measured in one go."""

    schema_id: Literal["auditor/observation@1"] = Field(default="auditor/observation@1", alias="schema")
    target: str = ""
    """As the user named it."""
    tree: str = ""
    """Hash of the tree."""
    sources: str = ""
    """Hash of the Python files that an audit of this tree reads."""
    source: Literal["workload", "tests"] = "workload"
    """Who sent the requests."""
    workload: str = ""
    """Hash of the frozen workload."""
    environment: dict[str, str] = Field(default_factory=dict)
    witnessed: bool = False
    """Whether a witness beside the probe counted statements; else the counts are the probe's alone."""
    unseen: tuple[str, ...] = ()
    """Drivers that the target imported and whose calls nothing counted: what was not seen may have happened."""
    endpoints: tuple[ObservedEndpoint, ...] = ()
    requests: tuple[ObservedRequest, ...] = ()
    unreached: tuple[str, ...] = ()
    """Known endpoints that no request of the workload is for."""
    notes: tuple[str, ...] = ()
    """What a reader must know, one sentence each."""


def loaded_by(statement: ObservedEffect, others: Iterable[ObservedEffect], /) -> str:
    """The relation (`Post.author`) that an ORM loaded by a statement; empty where it did not say, or may mean another one."""
    beside = [one for one in others if (one.stack, one.count) == (statement.stack, statement.count)]
    loads = [one.text for one in beside if one.kind == "lazy-load"]
    alone = statement.kind == "sql" and sum(one.kind == "sql" for one in beside) == 1
    return loads[0] if alone and len(loads) == 1 else ""
