"""CPU seconds of a cold audit beside a bare parse of the same files: benchmarks/cold_audit.py TREE...

An audit is the whole `auditor audit --no-cache`, children included. Parse and audit take turns; the medians
are compared, because another process on the machine slows both down. The goal is a ratio of at most 8 and a peak
below 1,024 MB (of the process itself or its largest child).

With --passes, where the CPU seconds of one audit go, told apart by pass, from one more run in a process of its own.
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
    parser.add_argument("--passes", action="store_true", help="also print the CPU seconds of each pass")
    options = parser.parse_args()
    for tree in options.trees:
        print(describe(tree, options.runs), flush=True)
        if options.passes:
            script = Path(__file__).with_name("audit_passes.py")
            subprocess.run([sys.executable, str(script), str(tree.resolve())], check=True)


def describe(tree: Path, runs: int) -> str:
    """The figures of one tree."""
    parsed, audits, size = [], [], 0
    for _ in range(runs):
        parsed.append(parse_tree(tree))
        cost, size = audit(tree)
        audits.append(cost)
    parse = statistics.median(one.seconds for one in parsed)
    cpu = statistics.median(one.cpu_seconds for one in audits)
    wall = statistics.median(one.wall_seconds for one in audits)
    peak = max(one.peak_mb for one in audits)
    return (
        f"{tree.name}: ratio {cpu / parse:.1f} (audit {cpu:.2f} s CPU, {wall:.2f} s wall; parse {parse:.2f} s CPU), "
        f"peak {peak:.0f} MB, report {size / 1e6:.1f} MB; {parsed[0].files} files, {parsed[0].lines} lines"
    )


def audit(tree: Path) -> tuple[Cost, int]:
    """One audit without a cache, and the bytes of its report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "auditor", "audit", str(tree.resolve()), "--no-cache", "--quiet"]
        cost = run([*command, "--output", str(report), "--format", "json"], stdout=subprocess.DEVNULL)
        return cost, report.stat().st_size


if __name__ == "__main__":
    main()
