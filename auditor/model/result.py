"""What a run of changes came to, schema `auditor/result@1`."""

from typing import Final, Literal

from pydantic import Field

from auditor.model.constraint import Constraint
from auditor.model.judged import ModelPart
from auditor.model.patch import Patch
from auditor.model.trial import Gain, GateName, VerdictName
from auditor.model.value import Value
from auditor.model.vector import Vector

UNTREATED: Final = "no codemod treats "
"""How the reason of a finding in `Result.declined` begins whose rule has no codemod; the rule's id follows."""


class ChangeResult(Value):
    """One change, as it ended."""

    id: str
    title: str
    verdict: VerdictName
    gate: GateName | None = None
    """The one that stopped it."""
    root_error: str = ""
    culprit: tuple[str, ...] = ()
    text: str = ""
    attempts: int = 1
    finding: str = ""
    """The finding that it treats."""
    codemod: str = ""
    gain: tuple[Gain, ...] = ()
    total: tuple[Gain, ...] = ()
    """What it and the kept ones before it gained together, of the components that it gained in."""
    shown: tuple[str, ...] = ()
    """What a person is to look at although it stopped nothing."""


class ProposedChange(Value):
    """A change that would be tried, with its patch; one that was handed in treats no finding and is no codemod's."""

    id: str
    title: str
    finding: str
    codemod: str
    endpoints: tuple[str, ...] = ()
    patch: Patch


class EndpointResult(Value):
    """One endpoint before the first change and after the last."""

    id: str
    before: Vector
    after: Vector
    """Counts are means over its requests; times are those of a fresh worker, cold."""
    before_warm: Vector | None = None
    after_warm: Vector | None = None
    """The times of the same request once more; None where no time was taken."""
    target_met: bool | None = None
    """None where there is no target, or no time was measured."""


class EffortResult(Value):
    """What one endpoint cost and gave, over all runs."""

    endpoint: str
    tried: int
    kept: int
    runs: int
    """How often the gates were asked: attempts, and what was left after a part was taken out."""
    seconds: float
    gain: float
    """Statements a request that the kept changes took away."""
    runs_per_gain: float | None = None
    seconds_per_gain: float | None = None


class TransferResult(Value):
    """What a later endpoint owed to the first."""

    first: EffortResult
    later: EffortResult
    carried: tuple[str, ...] = ()
    """Recipes kept on both."""
    refused: tuple[str, ...] = ()
    """Recipes kept on the first and reverted on the later one."""
    share: float | None = None
    """Of the first's kept recipes that were tried on the later one, those that were kept there."""


class Result(Value):
    """What `auditor fix` writes."""

    schema_id: Literal["auditor/result@1"] = Field(default="auditor/result@1", alias="schema")
    run: str
    target: str = ""
    """As the user named it."""
    engine: str = ""
    """What its data stood in: `sqlite`, `postgresql-15`; empty where nothing was run."""
    target_ms: int | None = None
    target_met: bool | None = None
    """Whether every endpoint that was asked for meets it, cold; None where there is none, or it was not judged."""
    endpoints: tuple[EndpointResult, ...] = ()
    changes: tuple[ChangeResult, ...] = ()
    proposed: tuple[ProposedChange, ...] = ()
    """Of a dry run: what would be tried on the tree as it stands."""
    constraints: tuple[Constraint, ...] = ()
    declined: tuple[tuple[str, str], ...] = ()
    """Findings that no codemod treats, and why."""
    notes: tuple[str, ...] = ()
    transfers: tuple[TransferResult, ...] = ()
    """What the endpoints of this run owed to the first one that was ever tried."""
    model: ModelPart | None = None
    """What a model had part in; None when none was asked."""
