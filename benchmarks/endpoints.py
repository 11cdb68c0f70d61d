"""Endpoint precision and recall on noir's functional fixtures, on method and path, per framework and in all.

    python benchmarks/endpoints.py --noir noir_dev.json --mirror CLONE [--only django] [--show]

`noir_dev.json` lists per spec its fixture folders and the endpoints that the spec expects; CLONE is a clone
(bare or not) of owasp-noir/noir that holds the fixtures. Names of parameters and converters do not count.
"open" lets an `ANY` of ours stand for every method that the truth has there (the truth says GET where a
plain view takes any); "strict" wants the method itself. Precision counts only specs whose truth is complete.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.frameworks import discover
from auditor.index.build import build_index
from auditor.repo.snapshot import open_snapshot

PARAMETER = re.compile(r"<[^<>]*>|\{[^{}]*\}|:\w+|\((?!\?:)[^()]*\)")
Endpoints = set[tuple[str, str]]


@dataclass
class Score:
    """Counts over specs."""

    found: int = 0
    """Endpoints of the truth that were found."""
    expected: int = 0
    right: int = 0
    """Endpoints of ours that the truth has."""
    given: int = 0

    def __str__(self) -> str:
        recall = self.found / self.expected if self.expected else 1.0
        precision = self.right / self.given if self.given else 1.0
        told = f"P {precision:.3f} ({self.right}/{self.given})"
        return f"{told}  R {recall:.3f} ({self.found}/{self.expected})"


def main() -> None:
    """Prints a line per spec, per framework, and the total."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--noir", type=Path, required=True, help="the truth, as JSON")
    parser.add_argument("--mirror", type=Path, required=True, help="a clone of owasp-noir/noir")
    parser.add_argument("--only", default="", help="specs whose name begins so")
    parser.add_argument("--show", action="store_true", help="name what is missing and what is too much")
    options = parser.parse_args()
    strict: dict[str, Score] = defaultdict(Score)
    lenient: dict[str, Score] = defaultdict(Score)
    for spec in json.loads(options.noir.read_text()):
        name = Path(spec["spec"]).stem.removesuffix("_spec")
        if not name.startswith(options.only):
            continue
        ours = found_in(options.mirror, spec["fixtures"])
        truth = {(e["method"], plain(e["path"])) for e in spec["endpoints"]}
        for group in (name.partition("_")[0], "all"):
            add(strict[group], ours, truth, exact=spec["exact_count"])
            add(lenient[group], opened(ours, truth), truth, exact=spec["exact_count"])
        show(name, ours, truth, spec["exact_count"] and options.show, missing=options.show)
    for group in sorted(lenient):
        print(f"{group:12} open {lenient[group]}    strict {strict[group]}")


def add(score: Score, ours: Endpoints, truth: Endpoints, *, exact: bool) -> None:
    """Counts one spec."""
    score.found += len(ours & truth)
    score.expected += len(truth)
    if exact:
        score.right += len(ours & truth)
        score.given += len(ours)


def opened(ours: Endpoints, truth: Endpoints) -> Endpoints:
    """Ours, with each `ANY` replaced by what the truth has on its path, if it has something there."""
    result: Endpoints = set()
    for method, path in ours:
        same = {known for known in truth if known[1] == path} if method == "ANY" else set()
        result |= same or {(method, path)}
    return result


def show(name: str, ours: Endpoints, truth: Endpoints, extra: bool, *, missing: bool) -> None:  # noqa: FBT001
    """Prints a spec's differences."""
    told = opened(ours, truth)
    print(f"  {name:32} {len(told & truth)} of {len(truth)}, {len(told - truth)} more")
    for method, path in sorted(truth - told) if missing else ():
        print(f"      - {method} {path}")
    for method, path in sorted(told - truth) if extra else ():
        print(f"      + {method} {path}")


def plain(path: str) -> str:
    """A path with every parameter, however it is written, as `{}`."""
    return PARAMETER.sub("{}", path)


def found_in(mirror: Path, fixtures: list[str]) -> Endpoints:
    """What we find in the fixture folders of one spec, each read as a tree of its own."""
    found: Endpoints = set()
    with tempfile.TemporaryDirectory() as folder:
        for n, fixture in enumerate(fixtures):
            tree = Path(folder) / f"application{n}"
            for name, data in exported(mirror, fixture):
                place = tree / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
            if tree.is_dir():
                found |= endpoints_of(tree)
    return found


def exported(mirror: Path, folder: str) -> Iterator[tuple[str, bytes]]:
    """The files of a folder at HEAD, by their path below it."""
    folder = folder.rstrip("/")
    command = ["git", "-C", str(mirror), "archive", "--format=tar", f"HEAD:{folder}"]
    archive = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            file: Any = tar.extractfile(member)
            if file is not None:
                yield member.name, file.read()


def endpoints_of(tree: Path) -> Endpoints:
    """`(method, plain path)` of every HTTP endpoint of a tree."""
    with open_snapshot(tree) as snapshot:
        index = build_index(snapshot, jobs=1, cache_dir=None)
        # A socket's handshake is a GET.
        found = [e for e in discover(index.project) if e.kind == "http" or e.path.startswith("/")]
        return {("GET" if e.kind == "consumer" else e.method, plain(e.path)) for e in found}


if __name__ == "__main__":
    main()
