"""Six traps of different kinds and six gold patches through the gates of `auditor fix`, on the sample and a few of its requests.

benchmarks/traps_through_fix.py does it with all of them and the whole workload.
"""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "traps_through_fix.py"
TRAPS = (
    "new-import-against-the-rule",
    "garbage-collection-off",
    "lock-around-the-settings",
    "category-0-filters",
    "records-of-cards-gone",
    "ratings-one-by-one",
)
"""Stopped by `constraints`, `policy`, `boot`, `contract`, `side-effects` and `counts`."""
GOLD = (
    "01-indexes",
    "02-holiday-first",
    "03-eager-loading",
    "04-price-ranks",
    "05-batch-bookings",
    "06-batch-add-ons",
)
REQUESTS = ("discover berlin", "discover category=0")


def test_traps_are_stopped_by_their_gate_and_gold_patches_are_kept() -> None:
    asked = [sys.executable, str(SCRIPT), *TRAPS, *GOLD, "--requests", *REQUESTS]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    lines = ran.stdout.splitlines()
    assert "traps: 6; right gate 6" in lines, ran.stdout
    assert "gold: kept 6 of 6" in lines, ran.stdout
