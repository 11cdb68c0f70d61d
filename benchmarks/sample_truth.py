"""How an audit does on an application whose bottlenecks were written down by its author.

    sample_truth.py EXPECTED.toml [--report report.json | --tree DIR] [--verbose]

Without a report the application beside EXPECTED.toml (`app/`) is audited. A bottleneck is *found* by a finding of
its rule (or of one of `also`) when their places meet: the finding's own span or one of its `related` places with
the bottleneck's span, the finding's own span with one of the bottleneck's `related` places, or the query of one
with the query of the other. A look-alike is
*hit* by the own span of a finding of one of its `silent` rules. A finding that explains nothing that was put in,
and is not tolerated, is *unexplained*: not false by itself, but worth reading.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.rules import rule_infos


@dataclass(frozen=True, slots=True)
class Score:
    """Ids of bottlenecks and look-alikes, and findings, by what became of them."""

    found: dict[str, list[str]]
    """Bottleneck → ids of the findings that name it."""
    missed: list[str]
    hit: dict[str, list[str]]
    """Look-alike → ids of the findings that take it for a problem."""
    unexplained: list[dict[str, Any]]


def meet(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two spans share a line; a place without `end_line` is one line long."""
    return bool(
        one["file"] == other["file"]
        and one["line"] <= other.get("end_line", other["line"])
        and other["line"] <= one.get("end_line", one["line"])
    )


def names(finding: dict[str, Any], truth: dict[str, Any]) -> bool:
    """Whether a finding tells of a bottleneck."""
    if finding["rule"] not in {truth["rule"], *truth.get("also", ())}:
        return False
    explained = truth.get("related", ())
    return (
        any(meet(place, truth) for place in (finding, *finding["related"]))
        or any(meet(finding, place) for place in explained)
        or any(
            place["role"] == other["role"] == "query" and meet(place, other)
            for place in finding["related"]
            for other in explained
        )
    )


def score(truth: dict[str, Any], findings: list[dict[str, Any]]) -> Score:
    """What was found, missed and mistaken."""
    found = {b["id"]: [f["id"] for f in findings if names(f, b)] for b in truth["bottleneck"]}
    hit = {
        x["id"]: [f["id"] for f in findings if f["rule"] in x["silent"] and meet(f, x)]
        for x in truth["lookalike"]
    }
    explained = {i for ids in (*found.values(), *hit.values()) for i in ids}
    tolerated = {
        f["id"] for f in findings for t in truth["tolerated"] if f["rule"] in t["rules"] and meet(f, t)
    }
    return Score(
        {b: ids for b, ids in found.items() if ids},
        [b for b, ids in found.items() if not ids],
        {x: ids for x, ids in hit.items() if ids},
        [f for f in findings if f["id"] not in explained | tolerated],
    )


def audited(tree: Path) -> dict[str, Any]:
    """The report of a tree."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        command = [sys.executable, "-m", "auditor", "audit", str(tree), "--format", "json", "--no-cache"]
        subprocess.run(
            [*command, "--output", str(out)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        report: dict[str, Any] = json.loads(out.read_text())
        return report


def told(truth: dict[str, Any], result: Score, rules: frozenset[str]) -> list[str]:
    """The score as lines of text; `rules` are those that the audit has."""
    wanted = Counter(b["rule"] for b in truth["bottleneck"])
    found = Counter(b["rule"] for b in truth["bottleneck"] if b["id"] in result.found)
    stray = Counter(f["rule"] for f in result.unexplained)
    lines = [f"{'rule':24} {'found':>5} {'of':>4} {'unexplained':>12}"]
    for rule in sorted({*wanted, *stray}):
        note = "" if rule in rules else "  (no such rule yet)"
        lines.append(f"{rule:24} {found[rule]:5} {wanted[rule]:4} {stray[rule]:12}{note}")
    offered = sum(n for rule, n in wanted.items() if rule in rules)
    of_offered = sum(n for rule, n in found.items() if rule in rules)
    silent = f"{len(result.hit)} of {len(truth['lookalike'])} look-alikes hit"
    lines.append(f"{sum(found.values())} of {sum(wanted.values())} found; {silent}")
    lines.append(f"{of_offered} of {offered} found of those whose rule the audit has")
    return lines


def details(truth: dict[str, Any], result: Score) -> list[str]:
    """What was missed, mistaken and not explained, one a line."""
    places = {x["id"]: x for x in (*truth["bottleneck"], *truth["lookalike"])}

    def shown(identity: str) -> str:
        at = places[identity]
        return f"{identity}: {at.get('rule', '')} {at['file']}:{at['line']} {at['why']}"

    return [
        *(f"missed {shown(i)}" for i in result.missed),
        *(f"hit {shown(i)}, by {', '.join(ids)}" for i, ids in result.hit.items()),
        *(
            f"unexplained {f['id']} {f['rule']} {f['file']}:{f['line']} {f['title']}"
            for f in result.unexplained
        ),
    ]


def rule_ids() -> frozenset[str]:
    """The rules that the audit has."""
    return frozenset(r.id for r in rule_infos())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("expected", type=Path)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--tree", type=Path)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    truth = tomllib.loads(options.expected.read_text(encoding="utf-8"))
    tree = options.tree or options.expected.parent / "app"
    report = json.loads(options.report.read_text()) if options.report else audited(tree)
    result = score(truth, report["findings"])
    print("\n".join(told(truth, result, rule_ids())))
    if options.verbose:
        print("\n".join(details(truth, result)))


if __name__ == "__main__":
    main()
