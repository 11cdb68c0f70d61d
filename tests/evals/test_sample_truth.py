"""The scorer of samples, on a truth of three lines."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "sample_truth.py"
TRUTH = """
[[bottleneck]]
id = "loop"
rule = "query-in-loop"
file = "a.py"
line = 3
end_line = 4
why = "one query each"
[[bottleneck]]
id = "rows"
rule = "unbounded-fetch"
file = "a.py"
line = 20
why = "all of them"
[[lookalike]]
id = "eager"
file = "a.py"
line = 9
silent = ["lazy-load-in-loop"]
why = "loaded with the rows"
[[tolerated]]
id = "count"
file = "a.py"
line = 30
rules = ["count-by-len"]
"""


def finding(rule: str, line: int) -> dict[str, object]:
    return {
        "id": f"F-{line}",
        "rule": rule,
        "file": "a.py",
        "line": line,
        "end_line": line,
        "title": "",
        "related": [],
    }


def test_found_missed_hit_tolerated_and_unexplained(tmp_path: Path) -> None:
    findings = [
        finding("query-in-loop", 4),
        finding("query-in-loop", 50),
        finding("lazy-load-in-loop", 9),
        finding("count-by-len", 30),
    ]
    (tmp_path / "expected.toml").write_text(TRUTH)
    (tmp_path / "report.json").write_text(json.dumps({"findings": findings}))
    argv = [sys.executable, str(SCRIPT), str(tmp_path / "expected.toml"), "--verbose"]
    done = subprocess.run(
        [*argv, "--report", str(tmp_path / "report.json")], check=True, capture_output=True, text=True
    )
    assert "1 of 2 found; 1 of 1 look-alikes hit" in done.stdout
    assert "missed rows" in done.stdout
    assert "unexplained F-50" in done.stdout
    assert "F-30" not in done.stdout
