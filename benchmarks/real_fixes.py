"""Whether the audit names problems that people really fixed: runs the scorer over the parents of known fixes.

    real_fixes.py --fixes ../shared/fixes --mirror ../.mirror [--fixed] [--repo owner/name] [--jobs 2]

The scorer's own docstring explains the columns; `named` over the cases marked `yes` is the figure to watch.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fixes", type=Path, required=True, help="the folder with score.py and cases.json")
    parser.add_argument(
        "--mirror", type=Path, required=True, help="the folder with clones of the repositories"
    )
    options, more = parser.parse_known_args()
    command = f"{sys.executable} -m auditor audit {{tree}} --format json --output {{out}} --no-cache"
    argv = [
        sys.executable,
        str(options.fixes / "score.py"),
        *(
            "--cases",
            str(options.fixes / "cases.json"),
            "--mirror",
            str(options.mirror),
            "--command",
            command,
        ),
        *more,
    ]
    return subprocess.run(argv, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
