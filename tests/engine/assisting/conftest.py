"""The small target of tests/engine/measuring."""

import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location(
    "small_target", Path(__file__).parent.parent / "measuring" / "conftest.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
_small = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_small)
known = _small.known


@pytest.fixture(scope="module")
def notes_of_module() -> object:
    """`Notes` that nobody reads."""
    return _small.Silent()
