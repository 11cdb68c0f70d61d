"""Of the requests that were measured, the share whose count of statements the endpoint's formula admits.

    auditor measure TREE --no-time --format json -o seen.json        (for each tree)
    python benchmarks/formula_truth.py TREE=seen.json [TREE=seen.json ...] [--kind sql] [--show N]

A pair is an endpoint and a request for it that may be used. Its formula is evaluated twice, with its least and its most
figures, at the sizes that this very request touched: of a size named after a table, the rows that the statements about
it gave, of those at the loop's own line if there are any. Of a product of sizes it is taken to be between the rows of its
most numerous member (what hangs below the other ones) and the product. The pair is *inside* where the count lies between
the two figures (for a formula that begins with `≥`: not below the lower), *outside* where it does not, and *not judged*
where a size has no rows to count: `?`, a recursion, items of the request's body.

A formula is of a request that is answered: one that is refused (status 400 and above) ends somewhere before, and is counted
apart (`refused`). What a driver says to a new connection (`PRAGMA`, `SET`, its version) is no statement of the endpoint's.

The first figure of a line is inside / (inside + outside). `Without ≥` leaves out the pairs that only `≥` admits.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Final

from auditor.measure.reconciling.naming import READING, is_about
from auditor.model.effect import RECURSION_DEPTH, UNKNOWN_SIZE
from auditor.model.observation import Observation, ObservedEffect, ObservedRequest
from auditor.model.report import CostTerm, KindCost, Report

_NAMELESS: Final = frozenset({UNKNOWN_SIZE, RECURSION_DEPTH})
REFUSED: Final = 400
_AROUND: Final = frozenset(
    {"SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", "PRAGMA", "SET", "SHOW", "DISCARD"}
)
_GREETING: Final = re.compile(
    r"\s*SELECT\s+(sqlite_\w+\(|(pg_catalog\.)?version\(|@@|set_config\(|current_schema|CAST\('test)",
    re.IGNORECASE,
)
"""What drivers ask of a new connection."""
Range = tuple[float, float]


@dataclass(frozen=True)
class Held:
    """A request beside the formula."""

    endpoint: str
    request: str
    text: str
    counted: int
    range: Range | None
    """None where a size can't be counted."""
    complete: bool

    @property
    def verdict(self) -> str:
        if self.range is None:
            return "not judged"
        low, high = self.range
        if self.counted < low:
            return "below"
        if self.counted <= high:
            return "inside"
        return "above" if self.complete else "inside by ≥"

    @property
    def off(self) -> float:
        """How many operations lie between the count and the nearer end of the range."""
        if self.range is None:
            return 0
        low, high = self.range
        return max(low - self.counted, self.counted - high, 0)


def main() -> None:
    """Prints a line a tree, one for all, and the endpoints furthest off."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pairs", nargs="+", metavar="TREE=SEEN", help="a tree and what was measured of it")
    parser.add_argument("--kind", default="sql")
    parser.add_argument(
        "--show", type=int, default=0, help="endpoints shown of each tree, furthest off first"
    )
    options = parser.parse_args()
    every: list[Held] = []
    left = 0
    for pair in options.pairs:
        tree, _, seen = pair.partition("=")
        observation = Observation.model_validate_json(Path(seen).read_bytes())
        held, refused = held_of(report_of(tree), observation, options.kind)
        say(Path(tree).name, held, refused)
        for line in worst(held, options.show):
            print(line)
        every += held
        left += refused
    if len(options.pairs) > 1:
        say("together", every, left)


def report_of(tree: str) -> Report:
    """What an audit says of a tree."""
    command = [sys.executable, "-m", "auditor", "audit", tree, "--format", "json"]
    made = subprocess.run(command, check=True, capture_output=True)
    return Report.model_validate(json.loads(made.stdout))


def held_of(report: Report, seen: Observation, kind: str) -> tuple[list[Held], int]:
    """Every request that may be used, was answered, and whose endpoint is known; how many were refused."""
    costs = {endpoint.id: endpoint.cost.get(kind) for endpoint in report.endpoints}
    found, refused = [], 0
    for request in seen.requests:
        if request.void or request.endpoint not in costs:
            continue
        if request.status is None or request.status >= REFUSED:
            refused += 1
            continue
        cost = costs[request.endpoint]
        counted = sum(effect.count for effect in request.effects if is_counted(effect, kind))
        spanned = (0.0, 0.0) if cost is None else evaluated(report, cost, request)
        found.append(
            Held(
                request.endpoint,
                request.id,
                "0" if cost is None else cost.text,
                counted,
                spanned,
                complete=cost is None or cost.complete,
            )
        )
    return found, refused


def is_counted(effect: ObservedEffect, kind: str) -> bool:
    """Whether an observed effect is one of those that a formula counts."""
    return effect.kind == kind and (
        kind != "sql" or (verb(effect) not in _AROUND and not _GREETING.match(effect.text))
    )


def verb(effect: ObservedEffect) -> str:
    return effect.text.lstrip("( \n").partition(" ")[0].upper()


def evaluated(report: Report, cost: KindCost, request: ObservedRequest) -> Range | None:
    """The least and the most that a formula says for the sizes of one request."""
    low = high = 0.0
    for term in cost.terms:
        least, most = times(report, term, request) or (None, None)
        if least is None or most is None:
            return None
        low += term.low * least
        high += (term.high or 0) * most
    return low, high


def times(report: Report, term: CostTerm, request: ObservedRequest) -> Range | None:
    """What the sizes of a term come to; None where one can't be counted."""
    if not term.sizes:
        return 1.0, 1.0
    rows = [rows_of(report, name, request) for name in term.sizes]
    known = [each for each in rows if each is not None]
    if len(known) < len(rows):
        return None
    hanging = max(each.total for each in known) if all(each.total for each in known) else 0.0
    product = prod(each.once for each in known)
    if len(known) == 1:
        return known[0].alone, known[0].alone
    return min(hanging, product), max(hanging, product)


@dataclass(frozen=True)
class Rows:
    """What statements about a table gave."""

    once: float
    """The most that one of them gave, a turn."""
    total: float
    """The most that one place gave in all its turns."""
    alone: float
    """The most that one place gave: in one turn, or in all of them where each looks one row up by its key."""


def rows_of(report: Report, name: str, request: ObservedRequest) -> Rows | None:
    """How many there are of a size; None where nothing tells."""
    if name in _NAMELESS:
        return None
    size = report.sizes.get(name)
    table = name if size is None or size.table is None else size.table
    about = [e for e in request.effects if e.kind == "sql" and verb(e) in READING and e.rows is not None]
    found = [e for e in about if is_about(e.text, f"SELECT {table}")]
    if size is not None and size.file is not None:
        own = [e for e in found if any((f.file, f.line) == (size.file, size.line) for f in e.stack)]
        found = own or found
    if not found:
        return Rows(0, 0, 0) if size is not None and size.table is not None else None
    return Rows(
        max((e.rows or 0) / e.count for e in found),
        max(e.rows or 0 for e in found),
        max((e.rows or 0) / (1 if (e.rows or 0) <= e.count else e.count) for e in found),
    )


def say(name: str, held: Sequence[Held], refused: int) -> None:
    """One line."""
    counts = Counter(one.verdict for one in held)
    judged = len(held) - counts["not judged"]
    inside = counts["inside"] + counts["inside by ≥"]
    endpoints = Counter({one.endpoint: 0 for one in held})
    good = sum(all(one.verdict.startswith("inside") for one in held if one.endpoint == e) for e in endpoints)
    off = sorted(one.off for one in held if one.verdict in {"below", "above"})
    print(
        f"{name}: {inside / max(judged, 1):.3f} inside ({inside} of {judged} requests), without ≥ "
        f"{counts['inside'] / max(judged, 1):.3f}; below {counts['below']}, above {counts['above']}, median off "
        f"{off[len(off) // 2] if off else 0:.0f}; not judged {counts['not judged']}, refused {refused}; endpoints wholly inside {good} of {len(endpoints)}"
    )


def worst(held: Iterable[Held], most: int) -> list[str]:
    """The endpoints with a request outside, the furthest off first."""
    by_endpoint: defaultdict[str, list[Held]] = defaultdict(list)
    for one in held:
        by_endpoint[one.endpoint].append(one)
    bad = {e: [o for o in group if not o.verdict.startswith("inside")] for e, group in by_endpoint.items()}
    ordered = sorted((e for e in bad if bad[e]), key=lambda e: (-max(o.off for o in bad[e]), e))
    lines = []
    for endpoint in ordered[:most]:
        one = max(bad[endpoint], key=lambda o: (o.off, o.request))
        spanned = "?" if one.range is None else f"{one.range[0]:.0f}…{one.range[1]:.0f}"
        lines.append(
            f"  {endpoint} ({len(bad[endpoint])} of {len(by_endpoint[endpoint])} requests): {one.verdict}, "
            f"counted {one.counted}, formula {spanned} of {one.text} ({one.request})"
        )
    return lines


if __name__ == "__main__":
    main()
