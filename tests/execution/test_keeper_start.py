"""Every run pays for what the keeper imports."""

import subprocess
import sys
from pathlib import Path

import auditor

HEAVY = {
    "typing",
    "re",
    "enum",
    "signal",
    "json",
    "pathlib",
    "dataclasses",
    "subprocess",
    "pydantic",
    "inspect",
}


def test_the_keeper_imports_nothing_slow() -> None:
    root = str(Path(auditor.__file__).parent.parent)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import auditor.execution.keeper.main; print(*sys.modules)"
    said = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, root], capture_output=True, text=True, check=True
    ).stdout
    assert "auditor.execution.keeper.tree" in said.split()
    assert HEAVY.isdisjoint(said.split())
