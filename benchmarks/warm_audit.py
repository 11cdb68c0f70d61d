"""Wall and CPU seconds of a second audit: python benchmarks/warm_audit.py TREE...

Three cases: the same question again, the same with another target, and again after a remark was put behind a statement of
the first file that imports something (in a copy of the tree), which changes no report. Beside them what it takes to start:
`auditor --version`. All should take half a second above that.
"""

import argparse
import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from process_cost import Cost, run

RUNS = 5
SETTLED_SECONDS = 2.5
"""A file that was changed more recently is read again, for it may change without a new time."""


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
        with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as folder:
            env = {"AUDITOR_CACHE_DIR": cache}
            copy = Path(shutil.copytree(tree, Path(folder) / tree.name, symlinks=True))
            audit = [*auditor, "audit", str(copy), "--quiet", "--format", "json"]
            time.sleep(SETTLED_SECONDS)
            first = run(audit, env=env)
            same = [run(audit, env=env) for _ in range(RUNS)]
            other = [run([*audit, "--target", f"{500 + n}ms"], env=env) for n in range(RUNS)]
            remarked = [run(audit, env=env) for n in range(RUNS) if remark(copy, n)]
        print(f"{tree.name}: first {describe([first])}")
        print(f"{tree.name}: same question {describe(same)}")
        print(f"{tree.name}: other target {describe(other)}")
        print(f"{tree.name}: after a remark {describe(remarked)}", flush=True)


def remark(tree: Path, number: int) -> bool:
    """Puts a remark behind an `import` of the first file that has one below no folder of tests."""
    for path in sorted(tree.rglob("*.py")):
        text = path.read_text("utf-8", "surrogateescape")
        if "test" not in str(path.relative_to(tree)) and re.search(r"^import [\w.]+.*$", text, re.MULTILINE):
            made = re.sub(r"^(import [\w.]+).*$", rf"\1  # {number}", text, count=1, flags=re.MULTILINE)
            path.write_text(made, "utf-8", "surrogateescape")
            return True
    return False


def describe(costs: list[Cost]) -> str:
    """Medians."""
    wall = statistics.median(cost.wall_seconds for cost in costs)
    return f"{wall:.2f} s wall, {statistics.median(cost.cpu_seconds for cost in costs):.2f} s CPU"


if __name__ == "__main__":
    main()
