"""CPU seconds of a cold audit beside a bare parse of the same files: benchmarks/cold_audit.py TREE...

An audit is the whole `auditor audit --no-cache`, children included. Parse and audit take turns; the medians
are compared. The goal is a ratio of at most 8.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from parse_only import parse_tree
from process_cost import Cost, run

RUNS = 3


def main() -> None:
    """Measures each tree and prints a line about it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trees", nargs="+", type=Path)
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    for tree in options.trees:
        print(describe(tree, options.runs), flush=True)


def describe(tree: Path, runs: int) -> str:
    """The figures of one tree."""
    parsed, audits = [], []
    for _ in range(runs):
        parsed.append(parse_tree(tree))
        audits.append(audit(tree))
    parse = statistics.median(one.seconds for one in parsed)
    cpu = statistics.median(one.cpu_seconds for one in audits)
    wall = statistics.median(one.wall_seconds for one in audits)
    peak = max(one.peak_mb for one in audits)
    return (
        f"{tree.name}: audit {cpu:.2f} s CPU ({wall:.2f} s wall, {peak:.0f} MB), parse {parse:.2f} s, "
        f"ratio {cpu / parse:.1f}; {parsed[0].files} files, {parsed[0].lines} lines"
    )


def audit(tree: Path) -> Cost:
    """One audit without a cache."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "auditor", "audit", str(tree.resolve()), "--no-cache", "--quiet"]
        return run(
            [*command, "--output", f"{folder}/report.json", "--format", "json"], stdout=subprocess.DEVNULL
        )


if __name__ == "__main__":
    main()
