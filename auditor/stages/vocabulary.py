"""The names of bottlenecks: those that rules find, and those that so far only judgement does."""

from typing import Final, Literal, get_args

from auditor.model.rule import RuleGroup, RuleInfo
from auditor.model.severity import Severity

BottleneckId = Literal[
    "query-in-loop", "lazy-load-in-loop", "lazy-loads-of-one-row", "serial-lookups", "duplicate-query",
    "loop-invariant-call", "unwired-batch", "derivable-query",
    "work-before-guard", "filter-in-python", "sort-in-python", "slice-in-python", "aggregate-in-python", "count-by-len",
    "exists-by-fetch", "unbounded-fetch", "over-fetch", "unused-eager-load", "missing-index", "write-per-row",
    "write-on-read", "long-transaction", "session-sprawl", "connection-held", "list-membership", "nested-loop-join",
    "repeated-work", "log-in-loop", "uncached-read", "uncached-config", "call-in-loop", "sequential-await", "no-timeout",
    "blocking-in-async", "deferrable-work", "lock-across-io", "tangled-module",
]  # fmt: skip

_GROUPS: Final[dict[tuple[RuleGroup, int], str]] = {
    (
        "queries",
        2,
    ): "query-in-loop lazy-load-in-loop lazy-loads-of-one-row serial-lookups duplicate-query loop-invariant-call unwired-batch derivable-query work-before-guard",
    (
        "in-python",
        3,
    ): "filter-in-python sort-in-python slice-in-python aggregate-in-python count-by-len exists-by-fetch",
    ("fetching", 3): "unbounded-fetch over-fetch unused-eager-load",
    ("fetching", 1): "missing-index",
    ("writing", 2): "write-per-row write-on-read long-transaction",
    ("sessions", 2): "session-sprawl connection-held",
    ("loops", 5): "list-membership nested-loop-join repeated-work log-in-loop",
    ("caching", 5): "uncached-read uncached-config",
    ("outside-calls", 6): "call-in-loop sequential-await no-timeout",
    ("request-path", 6): "blocking-in-async deferrable-work lock-across-io",
    ("structure", 7): "tangled-module",
}


def claimed_rule(name: BottleneckId, /) -> RuleInfo:
    """What a report needs to know of a bottleneck for which there is no rule."""
    group, phase = next(place for place, names in _GROUPS.items() if name in names.split())
    words = name.replace("-", " ")
    docs = "\n\n".join([
        f"A {words}, as a model judged it: no rule finds this one.",
        "When it does not matter\n-----------------------\nEach claim says so itself.",
    ])  # fmt: skip
    return RuleInfo(id=name, group=group, phase=phase, severity=Severity.MEDIUM, title=words, docs=docs)


BOTTLENECKS: Final[tuple[BottleneckId, ...]] = get_args(BottleneckId)
