"""Targets that are really booted, in the jail that this machine has."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from auditor.config.target import parse_target_settings
from auditor.execution.choosing import choose_jail
from auditor.execution.confinement import Jail
from auditor.execution.recipe import recipe_of
from auditor.execution.removal import remove_tree
from auditor.execution.world import World
from auditor.model.fault import Fault

MakeWorld = Callable[..., World]


@pytest.fixture(scope="session")
def jail() -> Jail:
    """bubblewrap; a machine without it can't run these tests."""
    try:
        return choose_jail()
    except Fault as fault:
        pytest.skip(str(fault))


@pytest.fixture
def state() -> Iterator[Path]:
    """A state folder with a short name: sockets lie in it, and pytest's own folders may be too deep for them."""
    folder = Path(tempfile.mkdtemp(prefix="a"))
    yield folder
    remove_tree(folder)


@pytest.fixture
def make_world(jail: Jail, state: Path, tmp_path: Path) -> Iterator[MakeWorld]:
    """Makes a world of files or of a folder, and closes it at the end of the test."""
    with ExitStack() as stack:

        def make(files: Mapping[str, str] | Path, settings: str = "", **more: Any) -> World:
            root = files if isinstance(files, Path) else tmp_path / "target"
            for name, text in () if isinstance(files, Path) else files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, "utf-8")
            parsed = parse_target_settings(settings.encode())
            recipe = recipe_of(parsed, root, env={"VIRTUAL_ENV": sys.prefix})
            return stack.enter_context(
                World(recipe, root, **{"jail": jail, "state": state, "logs": tmp_path / "logs", **more})
            )

        yield make
