"""What has to be bound for an interpreter or a virtual environment to run, wherever it lies.

Nothing is executed to find out: an interpreter in the target's tree is the target's code.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from auditor.execution.confinement import Bind
from auditor.model.fault import Fault

_LINKS: Final = 40
"""As many as the kernel follows."""
_PROGRAM: Final = re.compile(r"(python|pypy)[0-9.]*t?")
"""So that a link in the target's tree can't have some other file of the user's shown inside."""
_SYSTEM: Final = (Path("/usr"), Path("/bin"), Path("/lib"), Path("/lib64"), Path("/sbin"))
"""In every jail already."""


def interpreter_binds(python: Path, /) -> tuple[Bind, ...]:
    """Read-only binds at their own places for `python`, such as ``.venv/bin/python``.

    They cover its environment, the installation behind that, and the links between; nothing for the system's
    own. `Fault` when there is no such file.
    """
    python = Path(os.path.abspath(python))  # noqa: PTH100  `resolve` would follow the links that matter here
    if not python.exists():
        raise Fault("there is no such interpreter", where=str(python))
    found: set[Path] = set()
    _look(python, found, seen=set())
    return tuple(Bind(source=path, target=str(path)) for path in _outermost(found))


def _look(python: Path, found: set[Path], seen: set[Path]) -> None:
    for step in _links(python):
        if step in seen:
            return
        seen.add(step)
        prefix = step.parent.parent
        configuration = prefix / "pyvenv.cfg"
        if configuration.is_file():
            found.add(prefix)
            home = _home(configuration)
            if home is not None:
                for name in (step.name, "python3", "python"):
                    _look(home / name, found, seen)
        elif any(prefix.glob("lib*/python3*/os.py")):
            found.update(_installation(prefix, step))
        elif _PROGRAM.fullmatch(step.name) and os.access(step, os.X_OK) and step.is_file():
            found.add(step)  # a link or a program on its own


def _installation(prefix: Path, python: Path) -> Iterator[Path]:
    """All of it, unless it shares its folder with what a person keeps there."""
    home = Path.home()
    if not home.is_relative_to(prefix) and prefix != home / ".local":
        yield prefix
        return
    yield python
    yield from (*prefix.glob("lib*/python3*"), *prefix.glob("lib*/libpython3*"))


def _links(python: Path) -> Iterator[Path]:
    """`python`, what it links to, and so on to the file itself."""
    for _ in range(_LINKS):
        yield python
        if not python.is_symlink():
            return
        python = Path(os.path.normpath(python.parent / python.readlink()))


def _home(configuration: Path) -> Path | None:
    for line in configuration.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition("=")
        if key.strip().lower() == "home" and value.strip():
            return Path(value.strip())
    return None


def _outermost(paths: set[Path]) -> list[Path]:
    """Without the system's, without what lies in another, in a fixed order."""
    kept: list[Path] = []
    for path in sorted(paths):
        inside = [*_SYSTEM, *kept]
        if not any(path.is_relative_to(folder) for folder in inside):
            kept.append(path)
    return kept
