"""Whether a program that is no module of the tree's finds the tree's modules: `alembic` looks beside itself, not where it is started."""

import posixpath
import re
from collections.abc import Sequence
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.tree import Tree

VARIABLE: Final = "PYTHONPATH"
_ALEMBIC: Final = re.compile(r"(?:^|&&\s*|;\s*|/)alembic\s+(?:(?:-c|--config)[\s=]+(?P<file>\S+))?")
_PREPENDED: Final = re.compile(r"^\s*prepend_sys_path\s*=\s*\S", re.MULTILINE)
_SCRIPTS: Final = re.compile(r"^\s*script_location\s*=\s*(?P<folder>\S+)", re.MULTILINE)
_IMPORTED: Final = re.compile(r"^\s*(?:from|import)\s+(?P<name>\w+)", re.MULTILINE)


def import_path(tree: Tree, commands: Sequence[str], /, *, cwd: str) -> Clue[tuple[str, str]] | None:
    """The variable that has `alembic` find what its `env.py` imports of the tree; None where it finds it by itself."""
    for command in commands:
        match = _ALEMBIC.search(command)
        if match is None:
            continue
        settings = posixpath.normpath(posixpath.join(cwd, match["file"] or "alembic.ini"))
        text = tree.read(settings) if settings in tree.known else ""
        told = _SCRIPTS.search(text)
        if told is None or _PREPENDED.search(text):
            return None
        folder = told["folder"].replace(
            "%(here)s", posixpath.relpath(posixpath.dirname(settings) or ".", cwd)
        )
        env = posixpath.normpath(posixpath.join(cwd, folder, "env.py"))
        source = tree.read(env) if env in tree.known else ""
        if not source or "sys.path" in source:
            return None
        for name in _IMPORTED.findall(source):
            beside = posixpath.normpath(posixpath.join(cwd, name))
            is_own = f"{beside}.py" in tree.known or any(file.startswith(f"{beside}/") for file in tree.files)
            if is_own and name != "alembic":
                return Clue((VARIABLE, "."), f"{env}:1", 0.8, f"alembic finds `{name}` by it")
    return None
