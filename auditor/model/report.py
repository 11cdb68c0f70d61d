"""The report of an audit, schema `auditor/report@1`: what was read, what it costs, what is wrong, what to do.

Paths are relative to the tree and `/`-separated, lines are 1-based. Text that comes from the target is kept
as it is here; each renderer escapes it for its own format. Sentences (titles, evidence, steps) may hold names
between backticks, see `auditor.model.text`.
"""

from typing import Literal

from pydantic import Field

from auditor.model.baseline import Baseline, BaselineState
from auditor.model.effect import EffectKind, Status
from auditor.model.judged import Judgement, ModelPart
from auditor.model.numbers import Number
from auditor.model.plan import Plan
from auditor.model.reconciled import EndpointMeasured, Measured
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.model.value import Value

_COUNTS = ("(", *"0123456789")
MAX_RELATED = 4
"""A finding shows at most so many places beside its own."""


class Target(Value):
    """The tree that was read."""

    root: str
    """As the user gave it, so that a report does not depend on where it was made."""
    commit: str | None = None
    """None when the tree is not a git repository."""
    dirty: bool | None = None
    """Whether uncommitted changes were read with the commit; None when that was not asked of git."""


class Unparsed(Value):
    """A file that should have been read and was not."""

    file: str
    reason: str
    line: int | None = None


class Coverage(Value):
    """How much of the tree the report stands on."""

    files: int = 0
    """Python files read."""
    lines: int = 0
    unparsed: tuple[Unparsed, ...] = ()
    calls: int = 0
    """Call expressions met on the way from endpoints."""
    resolved_calls: int = 0
    unreached_effects: int = 0
    """Effects in functions that no known endpoint reaches."""
    skipped: dict[str, int] = Field(default_factory=dict)
    """Files left aside on purpose, by reason: `tests`, `vendored`, `generated`, `too large`."""
    suppressed: int = 0
    """Findings silenced by a comment in the source or by settings."""
    looked_for: tuple[str, ...] = ()
    """Frameworks whose endpoints were looked for."""
    notes: tuple[str, ...] = ()
    """Limits that were reached and anything else a reader must know, one sentence each."""


class Size(Value):
    """What a name in a cost formula counts."""

    table: str | None = None
    file: str | None = None
    line: int | None = None
    bound: int | None = None
    """The largest value, where the code limits it (a page size, a constant list)."""


class Frame(Value):
    """One step of a call chain: in `function`, the call (or the effect itself) is at `file:line`."""

    function: str
    file: str
    line: int = Field(ge=1)


class Effect(Value):
    """One operation outside the CPU, as reached from one endpoint."""

    id: str
    kind: EffectKind
    status: Status = "suspected"
    observed: Number | None = None
    """How often one request did it, where that was measured."""
    file: str
    line: int = Field(ge=1)
    lines: tuple[int, int] | None = None
    """First and last line of the statement it is part of, where these are several."""
    multiplicity: str = "1"
    """How often a request does it, as text: `1`, `spaces`, `spaces·add_ons`; `4·spaces` in a loop over four constants."""
    chain: tuple[Frame, ...] = ()
    """From the handler down to the effect's own place, outermost first."""
    label: str = ""
    """What it does in a few words: `Space.location`, `SELECT bookings`, `GET https://…`."""
    operation: Literal["read", "write"] | None = None

    @property
    def sizes(self) -> tuple[str, ...]:
        """The sizes in `multiplicity`, without its count."""
        return tuple(part for part in self.multiplicity.split("·") if not part.startswith(_COUNTS))


class CostTerm(Value):
    """`low…high` times the product of `sizes`; no sizes means a constant."""

    low: int = Field(default=1, ge=0)
    high: int | None = 1
    """None when nothing bounds it."""
    sizes: tuple[str, ...] = ()
    """Names of sizes, repeated for a square; `?` and `depth?` (see `auditor.model.effect`) when not known.

    In what a finding has at stake, those of the loops around it, outermost first: a remedy takes the innermost away.
    """
    effects: tuple[str, ...] = ()
    """Ids of the effects it counts."""


class KindCost(Value):
    """What one endpoint pays in one kind of effect."""

    text: str
    terms: tuple[CostTerm, ...] = ()
    complete: bool = True
    """False when calls on the way could not be resolved: the true cost is at least this."""


class UnresolvedCall(Value):
    """A call under an endpoint whose target is not known."""

    call: str
    file: str
    line: int = Field(ge=1)


class EndpointCoverage(Value):
    """How much of what an endpoint calls was followed."""

    calls: int = 0
    resolved: int = 0
    unresolved: tuple[UnresolvedCall, ...] = ()


class Endpoint(Value):
    """One entry point with its cost."""

    id: str
    """`METHOD path`, `QUERY x`, `MUTATION x`, `TASK dotted.name`, `COMMAND x`."""
    handler: str
    file: str
    line: int = Field(ge=1)
    framework: str
    coverage: EndpointCoverage = EndpointCoverage()
    cost: dict[EffectKind, KindCost] = Field(default_factory=dict)
    effects: tuple[Effect, ...] = ()
    measured: EndpointMeasured | None = None
    """What requests for it did, where that was measured."""


class Place(Value):
    """A place that explains a finding beside its own."""

    file: str
    line: int = Field(ge=1)
    end_line: int = Field(ge=1)
    role: Literal[
        "query",
        "loop",
        "read",
        "write",
        "call",
        "definition",
        "declaration",
        "first",
        "duplicate",
        "setting",
        "guard",
        "held",
    ]
    """`query` is where the rows come from: findings with the same one are fixed by one edit there; `guard` is a condition
    that decides whether something was needed; `held` is where what is kept waiting (a connection, a lock) was taken."""


class Evidence(Value):
    """One fact a finding stands on, in words."""

    kind: Literal["chain", "loop", "query", "code", "count", "size", "schema", "setting", "measured", "note"]
    text: str


class TermAtStake(Value):
    """The cost a finding is about, and what would be left of it."""

    kind: EffectKind | Literal["rows", "rows_read", "cpu"]
    """An effect kind, or what a query costs inside: rows fetched, rows read by the database; or plain CPU."""
    low: int = Field(default=1, ge=0)
    high: int | None = 1
    sizes: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    after: CostTerm | None = None
    """What remains once it is treated; None leaves it to the usual result of the remedy."""


class Finding(Value):
    """A claim that something on a chain is a bottleneck."""

    id: str
    rule: str
    title: str
    """One line that names the thing: `Space.location is loaded once per space`."""
    file: str
    line: int = Field(ge=1)
    end_line: int = Field(ge=1)
    function: str
    """Qualified name of the function at fault."""
    endpoints: tuple[str, ...] = ()
    severity: Severity
    confidence: float = Field(ge=0, le=1)
    status: Status = "suspected"
    observed: Number | None = None
    """How often one request did what is claimed, where that was measured: `cost_term.kind`, or statements."""
    related: tuple[Place, ...] = Field(default=(), max_length=MAX_RELATED)
    evidence: tuple[Evidence, ...] = Field(min_length=1)
    playbook: str | None = None
    subject: str = ""
    """The thing itself in a word or two, for titles: `author`, `status_of(space)`, `bookings.space_id`."""
    cost_term: TermAtStake | None = None
    could_be_wrong: str = ""
    """What would make this not a problem, in one sentence."""
    fix: str = ""
    """The remedy in one sentence."""
    said_by: str = ""
    """The model that claimed it, its place checked against the code; empty for what a rule found."""
    judgement: Judgement | None = None
    """What a model thinks of what a rule found."""
    baseline: BaselineState | None = None
    """What it is beside an earlier report; None where it was held against none."""


class Report(Value):
    """Everything one audit knows."""

    schema_id: Literal["auditor/report@1"] = Field(default="auditor/report@1", alias="schema")
    target: Target
    coverage: Coverage
    sizes: dict[str, Size] = Field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ()
    findings: tuple[Finding, ...] = ()
    rules: tuple[RuleInfo, ...] = ()
    """The rules that the findings name, with their pages, so that a report explains itself."""
    plan: Plan = Plan()
    measured: Measured | None = None
    """The observation that statuses and figures come from; None when nothing was measured."""
    model: ModelPart | None = None
    """What a model added; None when none was asked."""
    baseline: Baseline | None = None
    """The earlier report that this one was held against."""
