"""CPU seconds to list a tree: python benchmarks/list_tree.py TREE... [--ref REV].

Prints, per tree, the best and the median of several runs in this process, the files found by role, and
what was skipped.
"""

import argparse
import collections
import os
import statistics
from pathlib import Path

from auditor.repo.snapshot import open_snapshot

RUNS = 7


def main() -> None:
    """Lists each tree and prints a line about it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trees", nargs="+", type=Path)
    parser.add_argument("--ref", help="list this commit instead of the work tree")
    options = parser.parse_args()
    for tree in options.trees:
        print(describe(tree, options.ref))


def describe(tree: Path, ref: str | None) -> str:
    """The figures of one tree."""
    seconds = []
    for _ in range(RUNS):
        begin = cpu_seconds()
        with open_snapshot(tree, ref=ref) as snapshot:
            pass
        seconds.append(cpu_seconds() - begin)
    roles = collections.Counter(file.role for file in snapshot.files)
    counts = ", ".join(f"{count} {role}" for role, count in roles.most_common())
    reasons = collections.Counter(entry.reason for entry in snapshot.skipped)
    left = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common()) or "nothing"
    return (
        f"{tree.name}: best {min(seconds):.3f} s, median {statistics.median(seconds):.3f} s CPU; "
        f"{len(snapshot.files)} files ({counts}); skipped: {left}"
    )


def cpu_seconds() -> float:
    """CPU time of this process and of those it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    main()
