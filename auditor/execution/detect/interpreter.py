"""The Python that has the target's packages, found by looking into folders: no interpreter is started."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from auditor.execution.detect.clue import Clue

_FOLDERS: Final = (".venv", "venv", "env", ".env", "virtualenv", ".virtualenv")
PACKAGE_OF: Final = {
    "django": "django",
    "flask": "flask",
    "fastapi": "fastapi",
    "starlette": "starlette",
    "pyramid": "pyramid",
    "quart": "quart",
    "litestar": "litestar",
}
"""The folder in site-packages that shows a framework is installed."""


def interpreters(
    root: Path, env: Mapping[str, str], /, *, packages: tuple[str, ...], cwd: str = "."
) -> tuple[Clue[str], ...]:
    """Virtual environments and interpreters, the best first; `packages` are folders their site-packages should have.

    `cwd` is the folder of the tree that commands run in. Without `packages` nothing tells whether the user's own Python is meant, so it is not proposed.

    The value is relative to `root` where it lies inside.
    """
    clues = [
        _clue(root, folder / name, os.path.relpath(folder / name / "pyvenv.cfg", root), confidence, packages)
        for folder, confidence in {root.parent: 0.6, root / cwd: 0.95, root: 0.9}.items()
        for name in _FOLDERS
        if is_environment(folder / name)
    ]
    active = env.get("VIRTUAL_ENV")
    if active and is_environment(Path(active)):
        clues.append(_clue(root, Path(active), "VIRTUAL_ENV", 0.85, packages))
    for program in ("python3", "python") if packages else ():
        path = shutil.which(program, path=env.get("PATH"))
        if (
            path and "shims" not in Path(path).parts
        ):  # a version manager's stand-in has no packages of its own
            clues.append(_clue(root, Path(path), f"{program} on PATH", 0.5, packages))
            break
    unique = {clue.value: clue for clue in reversed(clues)}
    return tuple(sorted(unique.values(), key=lambda clue: (-clue.confidence, clue.value)))


def is_environment(folder: Path, /) -> bool:
    """Whether a folder is a virtual environment."""
    return (folder / "pyvenv.cfg").is_file() and interpreter_in(folder) is not None


def interpreter_in(folder: Path, /) -> Path | None:
    """The interpreter of a virtual environment."""
    for name in ("bin/python", "bin/python3", "Scripts/python.exe"):
        if (folder / name).exists():
            return folder / name
    return None


def site_packages(python: Path, /) -> tuple[Path, ...]:
    """Folders with the packages of a virtual environment or an interpreter."""
    if python.is_dir():
        roots = [python]
    else:
        roots = [python.parent.parent, Path(os.path.realpath(python)).parent.parent]
        # A link inside an environment leads out of it: the environment's packages count, not the base's.
        roots = roots[:1] if (roots[0] / "pyvenv.cfg").is_file() else roots
    patterns = (
        "lib/python*/site-packages",
        "lib/python*/dist-packages",
        "lib/python3/dist-packages",
        "local/lib/python*/dist-packages",
        "Lib/site-packages",
    )
    return tuple(sorted({folder for root in roots for pattern in patterns for folder in root.glob(pattern)}))


def lacks(python: Path, packages: tuple[str, ...], /) -> tuple[str, ...]:
    """Those of `packages` (names of folders or modules) that its site-packages don't have."""
    folders = site_packages(python)
    return tuple(
        package
        for package in packages
        if not any((folder / package).is_dir() or (folder / f"{package}.py").is_file() for folder in folders)
    )


def _clue(root: Path, path: Path, place: str, confidence: float, packages: tuple[str, ...]) -> Clue[str]:
    missing = lacks(path, packages)
    value = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    note = f"lacks {', '.join(missing)}" if missing else ""
    return Clue(value, place, round(confidence * (0.4 if missing else 1.0), 2), note)
