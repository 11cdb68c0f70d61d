"""Of the queries that an application's own tests were seen to make, the share that the static chains contain.

    REACH_TREE=TREE REACH_OUT=seen.jsonl PYTHONPATH=benchmarks/guest VENV/bin/python -m pytest -p reach_recorder ...
    python benchmarks/reach.py TREE seen.jsonl [--show N]

A pair is an endpoint and a query place: the innermost line of the application (no test, no library) below which the
statement ran, reading or writing. It is contained where the endpoint's chains hold an SQL effect of that direction

- at the place: on the statement that the innermost line belongs to; or
- near it: on a line further out of the same stack, about a table of the statement; or, for what an ORM writes at its
  flush and for what a library runs without a line of the application, one about such a table anywhere on the endpoint.

The first alone is printed as `at the place`, both together as `contained`. Requests for no known endpoint are pairs missed.
"""

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from routes_loaded import ANY, bare

from auditor.engine.opening import opened
from auditor.engine.request import AuditRequest
from auditor.frameworks import discover, url_path
from auditor.frameworks.django_pattern import readable
from auditor.index.build import build_index
from auditor.knowledge.load import load
from auditor.measure.reconciling.naming import READING, is_about
from auditor.trace.analysis import analyse
from auditor.trace.chains import Chain, chains
from auditor.trace.semantics import semantics_of

EVERY: Final = 1_000_000
PATH_PARAMETER: Final = re.compile(r"(?<!\?P)<[^<>]+>")
STAND_IN: Final = "one-parameter"
LIBRARY: Final = "(a library, for the handler)"
Stack = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Place:
    """Where the trace has an SQL effect."""

    file: str
    first: int
    last: int
    label: str
    reads: bool | None

    def holds(self, file: str, line: int) -> bool:
        """Whether the line is one of its statement's."""
        return self.file == file and self.first <= line <= self.last


@dataclass
class Pair:
    """An endpoint and a query place, with the stacks and statements seen there."""

    seen: list[tuple[Stack, str]] = field(default_factory=list)


def main() -> None:
    """Traces the tree, compares, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path)
    parser.add_argument("seen", type=Path, help="what reach_recorder.py wrote")
    parser.add_argument(
        "--show", type=int, default=25, help="missed pairs shown, those of most endpoints first"
    )
    options = parser.parse_args()
    pairs = observed(options.seen)
    static = traced(options.tree)
    verdicts = {key: verdict(pair, static.get(key[0])) for key, pair in pairs.items()}
    counts = Counter(verdicts.values())
    endpoints = {key[0] for key in pairs}
    contained = counts["at the place"] + counts["near it"]
    total = max(len(pairs), 1)
    print(
        f"{options.tree.name}: {len(pairs)} pairs of {len(endpoints)} endpoints and "
        f"{len({key[1:3] for key in pairs})} places seen; contained {contained / total:.3f} ({contained}), "
        f"at the place {counts['at the place'] / total:.3f} ({counts['at the place']}); "
        f"missed {counts['missed']}, of no known endpoint {counts['no endpoint']}"
    )
    missed: defaultdict[tuple[str, int, bool], list[tuple[str, str]]] = defaultdict(list)
    for key, found in verdicts.items():
        if found in {"missed", "no endpoint"}:
            missed[key[1:]].append((" ".join(key[0]), pairs[key].seen[0][1]))
    for (file, line, reads), where in sorted(missed.items(), key=lambda item: (-len(item[1]), item[0]))[
        : options.show
    ]:
        text = " ".join(where[0][1].split())[:100]
        print(f"  {len(where)} x {'read' if reads else 'write'} {file}:{line}  {where[0][0]}  {text}")


def observed(file: Path) -> dict[tuple[tuple[str, str], str, int, bool], Pair]:
    """The pairs that were seen, by endpoint, place and direction."""
    found: defaultdict[tuple[tuple[str, str], str, int, bool], Pair] = defaultdict(Pair)
    for line in file.read_text("utf-8").splitlines():
        row: dict[str, Any] = json.loads(line)
        verb = row["text"].lstrip("( \n").partition(" ")[0].upper()
        if not row["route"] or verb in {"SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", "PRAGMA"}:
            continue
        method = "GET" if row["method"] == "HEAD" else row["method"]
        stack = tuple((name, at) for name, at in row["stack"])
        place = stack[0] if stack else (LIBRARY, 0)
        key = ((method, path_of(row["route"], row["kind"])), *place, verb in READING)
        found[key].seen.append((stack, row["text"]))
    return dict(found)


def path_of(route: str, kind: str) -> str:
    """The route as `bare` has it."""
    if kind == "flask":
        return bare(url_path.from_angles(route))
    if kind == "starlette":
        return bare(url_path.from_braces(route))
    if "(?P<" in route or "^" in route:
        # what `path()` and `re_path()` include in each other comes as one text
        plain = PATH_PARAMETER.sub(STAND_IN, route)
        return bare(readable(plain, "regex")).replace(STAND_IN, "{}")
    return bare(readable(route, "route"))


def traced(tree: Path) -> dict[tuple[str, str], list[Place]]:
    """Every SQL effect of every endpoint, by method and path without names of parameters."""
    with opened(AuditRequest(path=tree)) as job:
        index = build_index(job.snapshot, jobs=1, cache_dir=None)
        trace = analyse(
            index.project, discover(index.project), knowledge=load(), semantics=semantics_of(index)
        )
    found: dict[tuple[str, str], list[Place]] = {}
    for root in trace.entries:
        entry = root.entry
        if entry is not None:
            listed, _ = chains(trace.machine, root.summary, EVERY)
            places = [where(chain) for chain in listed if chain.effect.kind == "sql"]
            found.setdefault((entry.method, bare(entry.path)), []).extend(places)
    for (method, path), places in list(found.items()):
        if method == ANY:
            for verb in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
                found.setdefault((verb, path), []).extend(places)
    return found


def where(chain: Chain) -> Place:
    """The place of an effect; where a library runs it, the line of the application that called the library."""
    own = chain.effect
    if own.site.module.role == "library":
        for function, line in reversed(chain.steps):
            if function.module.role != "library":
                return Place(function.module.path, line, line, own.label, reads(own.operation))
    return Place(
        own.site.module.path,
        own.site.start,
        max(own.site.end, own.site.line),
        own.label,
        reads(own.operation),
    )


def reads(operation: str | None) -> bool | None:
    """Whether an effect reads; None where that is not known."""
    return None if operation is None else operation == "read"


def verdict(pair: Pair, places: list[Place] | None) -> str:
    """The best of what was seen there: each statement of a pair is the same place."""
    if places is None:
        return "no endpoint"
    found = {_of(stack, text, places) for stack, text in pair.seen}
    return next(word for word in ("at the place", "near it", "missed") if word in found)


def _of(stack: Stack, text: str, places: Iterable[Place]) -> str:
    reading = text.lstrip("( \n").partition(" ")[0].upper() in READING
    fitting = [place for place in places if place.reads in {None, reading}]
    about = [place for place in fitting if is_about(text, place.label)]
    if not stack:
        return "near it" if about else "missed"
    if any(place.holds(*stack[0]) for place in fitting):
        return "at the place"
    outer = any(place.holds(*frame) for place in about for frame in stack[1:])
    return "near it" if outer or (about and not reading) else "missed"


if __name__ == "__main__":
    main()
