"""Which change is worth more: an order, never a promise.

Mostly nothing was measured when a plan is made, so a change is weighed by what it takes away from one request of
typical size. The first size of a product counts as `TYPICAL_ROWS`, each further one as `TYPICAL_PARTS`, so a term of a higher
degree weighs more by itself, but three loops in each other are not eight thousand turns; a size
that the code bounds counts as its bound, so a loop over seven weekdays weighs as little as it is. Operations
are weighed against each other by what one usually costs: an outside call like fifty queries, a log record a
fraction of one. That is multiplied by the square root of the number of endpoints (shared code matters more,
but ten endpoints are not ten times the pain), by confidence and by severity, and divided by effort;
where all endpoints pay only under a condition the whole counts a tenth, and so with commands; with tasks and the admin's pages
a third, since nobody or only staff waits for their answer. The weights order changes; no figure of them is ever shown.

Where a workload was measured, the counts it showed stand in for the typical size.
"""

from collections.abc import Iterable, Mapping
from math import prod, sqrt
from types import MappingProxyType
from typing import Final, cast

from auditor.model.effect import EffectKind
from auditor.model.numbers import Number
from auditor.model.plan import Effort
from auditor.model.report import CostTerm, Endpoint, Finding, Size, TermAtStake
from auditor.model.severity import Severity
from auditor.stages.planning.expected import Stake, are_among

TYPICAL_ROWS: Final = 20
"""What an unbounded size counts as: a page of results."""
TYPICAL_PARTS: Final = 5
"""What an unbounded size below another counts as: the parts of one row."""
TYPICAL_TABLE: Final = 10_000
"""What the last size of a cost in rows counts as: a table."""
TYPICAL_LIST: Final = 1_000
"""What the last size of a list in memory counts as that is gone through again and again: a turn costs about a microsecond."""
UNBOUNDED_COUNT: Final = 10
"""What a number without an upper limit counts as, at least."""

_WEIGHT: Final[dict[str, float]] = {
    "sql": 2,
    "session": 1,
    "transaction": 2,
    "http": 100,
    "cache": 0.5,
    "log": 0.05,
    "mail": 200,
    "task": 2,
    "file": 0.2,
    "sleep": 100,
    "lock": 5,
    "llm": 1500,
    "subprocess": 50,
    "rows": 0.005,
    "rows_read": 0.002,
    "cpu": 0.002,
}
_SEVERITY: Final = {Severity.LOW: 0.5, Severity.MEDIUM: 1.0, Severity.HIGH: 1.5, Severity.CRITICAL: 2.0}
_EFFORT: Final[dict[Effort, float]] = {"small": 1.0, "medium": 1.5, "large": 3.0}
_LEAST: Final = 0.1
"""What a change without a cost term removes, so that severity and reach still order it."""
_SELDOM: Final = 0.1
"""What an endpoint counts as that pays only under a condition: a middleware's rare branch is no concern of all."""
_PATIENCE: Final = {"COMMAND": 0.1, "TASK": 0.3, "CONSUMER": 0.3}
"""What an endpoint counts as beside a request, by the first word of its id."""
_STAFF: Final = 0.3
"""Likewise a page of Django's admin: a few people ask for it, and it shows a hundred rows at most."""
_UNSHOWN_SHARE: Final = 0.25
"""What counts as removed where the operations stay as many but get cheaper or move elsewhere."""


def worth(
    stakes: Iterable[Stake],
    *,
    reach: float,
    confidence: float,
    severity: Severity,
    effort: Effort,
    sizes: Mapping[str, Size],
    observed: Mapping[str, Number] = MappingProxyType({}),
) -> float:
    """What a change is worth beside the others of one plan; 0 when no endpoint reaches it (see `reach_of`).

    `observed` is by kind of cost how often one request did what the change takes away.
    """
    removed = sum(
        removed_weight(stake, sizes) for stake in stakes if stake.kind not in observed or stake.in_rows
    )
    removed += sum(_WEIGHT[kind] * (number.value or 0) for kind, number in observed.items())
    return max(removed, _LEAST) * reach * confidence * _SEVERITY[severity] / _EFFORT[effort]


def reach_of(findings: Iterable[Finding], endpoints: Iterable[Endpoint]) -> float:
    """The square root of how many endpoints pay, as far as somebody waits for them, by what the one with most counts as."""
    terms = {finding.id: (finding.cost_term, frozenset(finding.endpoints)) for finding in findings}
    counted = [
        waited_for(endpoint)
        * max(
            (
                _SELDOM if may_be_spared(endpoint, term) else 1.0
                for term, named in terms.values()
                if endpoint.id in named
            ),
            default=0.0,
        )
        for endpoint in endpoints
    ]
    most = max(counted, default=0.0)
    return most * sqrt(sum(counted) / most) if most else 0.0


def waited_for(endpoint: Endpoint) -> float:
    """1 for what answers a request of the application's users, less for staff's, for a task and for a command."""
    if endpoint.framework == "django_admin":
        return _STAFF
    return _PATIENCE.get(endpoint.id.partition(" ")[0], 1.0)


def is_request(endpoint: Endpoint) -> bool:
    """Whether a worker of the web server answers it."""
    return endpoint.id.partition(" ")[0] not in _PATIENCE


def may_be_spared(endpoint: Endpoint, term: TermAtStake | None) -> bool:
    """Whether a condition stands before everything of an endpoint that the term could be part of."""
    cost = None if term is None else endpoint.cost.get(cast("EffectKind", term.kind))
    if term is None or cost is None:
        return False
    holding = [t for t in cost.terms if are_among(term.sizes, t.sizes)]
    return bool(holding) and all(t.low == 0 for t in holding)


def removed_weight(stake: Stake, sizes: Mapping[str, Size]) -> float:
    """The weight of what one request no longer does."""
    many = TYPICAL_LIST if stake.kind == "cpu" else TYPICAL_TABLE
    before = _amount(stake.before, sizes, in_rows=stake.in_rows, many=many)
    if stake.after is None:
        share = 1.0 if stake.in_rows else _UNSHOWN_SHARE
        return _WEIGHT[stake.kind] * before * share
    after = _amount(stake.after, sizes, in_rows=stake.in_rows, many=many)
    return _WEIGHT[stake.kind] * max(0.0, before - after)


def endpoint_weight(endpoint: Endpoint, sizes: Mapping[str, Size], kinds: Iterable[EffectKind] = ()) -> float:
    """The weight of all that one request of `endpoint` does, or of the given kinds only."""
    wanted = set(kinds) or set(endpoint.cost)
    return sum(
        _WEIGHT[kind] * _amount(term, sizes, in_rows=False)
        for kind, cost in sorted(endpoint.cost.items())
        if kind in wanted
        for term in cost.terms
    )


def _amount(term: CostTerm, sizes: Mapping[str, Size], *, in_rows: bool, many: int = TYPICAL_TABLE) -> float:
    high = term.high if term.high is not None else max(term.low, UNBOUNDED_COUNT)
    count = (term.low + high) / 2
    loops, table = (term.sizes[:-1], term.sizes[-1:]) if in_rows else (term.sizes, ())
    unbounded = TYPICAL_ROWS
    turns = 1
    for name in loops:
        turns *= _turns(name, sizes, unbounded)
        unbounded = TYPICAL_PARTS
    return count * turns * prod(_turns(name, sizes, many) for name in table)


def _turns(name: str, sizes: Mapping[str, Size], typical: int) -> int:
    bound = sizes[name].bound if name in sizes else None
    return typical if bound is None else min(bound, typical)
