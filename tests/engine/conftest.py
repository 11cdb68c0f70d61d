"""Targets that several folders of tests use lie beside this file and in tests/stages."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "stages")]
