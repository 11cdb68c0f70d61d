"""Wall and CPU seconds of a second audit: python benchmarks/warm_audit.py TREE...

Two cases: the same question again, and another question about unchanged files (nothing is parsed, all the
rest is done). Beside them what it takes to start: `auditor --version`. The first should take
half a second above that.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from process_cost import Cost, run

RUNS = 5


def main() -> None:
    """Measures each tree and prints a line for each case."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trees", nargs="+", type=Path)
    options = parser.parse_args()
    auditor = [sys.executable, "-m", "auditor"]
    print(f"start: {describe([run([*auditor, '--version']) for _ in range(RUNS)])}")
    for tree in options.trees:
        with tempfile.TemporaryDirectory() as cache:
            env = {"AUDITOR_CACHE_DIR": cache}
            audit = [*auditor, "audit", str(tree.resolve()), "--quiet", "--format", "json"]
            first = run(audit, env=env)
            same = [run(audit, env=env) for _ in range(RUNS)]
            # A target only adds a sentence to the plan, but it is another question.
            other = [run([*audit, "--target", f"{500 + n}ms"], env=env) for n in range(RUNS)]
        print(f"{tree.name}: first {describe([first])}")
        print(f"{tree.name}: same question {describe(same)}")
        print(f"{tree.name}: other question {describe(other)}", flush=True)


def describe(costs: list[Cost]) -> str:
    """Medians."""
    wall = statistics.median(cost.wall_seconds for cost in costs)
    return f"{wall:.2f} s wall, {statistics.median(cost.cpu_seconds for cost in costs):.2f} s CPU"


if __name__ == "__main__":
    main()
