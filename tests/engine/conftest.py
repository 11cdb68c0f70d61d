"""Targets that several folders of tests use lie beside this file and in tests/stages; what benchmarks share, in benchmarks."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "stages")]
sys.path.append(str(HERE.parent.parent / "benchmarks"))
