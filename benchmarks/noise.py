"""How loud the audit is: findings per 1,000 lines of application code, per tree, and a sample to judge by hand.

    noise.py TREE... [--seed 7] [--draw 50] [--sample sample.md]

Lines are those of the Python files that the audit read (tests, vendored and generated code are not). The sample is
drawn by the printed seed over all trees together, and is written with the code around each finding, for somebody
who did not write the rules to mark `true` or `false`.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

CONTEXT_LINES = 6


def audit(tree: Path) -> dict:
    """The report of one tree."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        command = [sys.executable, "-m", "auditor", "audit", str(tree), "--no-cache", "--output", str(out)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return json.loads(out.read_text())


def shown(tree: Path, finding: dict) -> str:
    """A finding with its code, as markdown."""
    places = [finding, *finding["related"]]
    parts = [
        f"### {tree.name}: {finding['id']} `{finding['rule']}` ({finding['confidence']})",
        finding["title"],
        *(f"- {e['text']}" for e in finding["evidence"]),
        f"- endpoints: {len(finding['endpoints'])}; could be wrong: {finding['could_be_wrong']}",
    ]
    for place in places:
        lines = (tree / place["file"]).read_text(errors="replace").splitlines()
        first = max(place["line"] - CONTEXT_LINES, 1)
        code = "\n".join(lines[first - 1 : place["end_line"] + CONTEXT_LINES])
        parts.append(f"`{place['file']}:{place['line']}` {place.get('role', 'finding')}\n```\n{code}\n```")
    return "\n".join([*parts, "verdict: \n"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trees", type=Path, nargs="+")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--draw", type=int, default=50)
    parser.add_argument("--sample", type=Path)
    options = parser.parse_args()
    everything: list[tuple[Path, dict]] = []
    rates = []
    for tree in sorted(options.trees):
        report = audit(tree)
        findings, lines = report["findings"], report["coverage"]["lines"]
        rates.append((1000 * len(findings) / max(lines, 1), tree.name))
        rules = ", ".join(f"{rule} {n}" for rule, n in Counter(f["rule"] for f in findings).most_common())
        print(
            f"{tree.name:24} {lines:8} lines {len(findings):5} findings {rates[-1][0]:5.2f} per 1,000: {rules}"
        )
        everything.extend((tree, finding) for finding in findings)
    rates.sort()
    median = statistics.median(rate for rate, _ in rates)
    print(f"median {median:.2f}, worst {rates[-1][0]:.2f} ({rates[-1][1]}), n = {len(rates)} trees")
    if options.sample is not None:
        chosen = random.Random(options.seed).sample(everything, min(options.draw, len(everything)))  # noqa: S311  a sample
        options.sample.write_text("\n".join(shown(tree, finding) for tree, finding in chosen))
        print(f"seed {options.seed}: {len(chosen)} of {len(everything)} findings written to {options.sample}")


if __name__ == "__main__":
    main()
