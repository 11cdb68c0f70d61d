"""Which modules of the target its server's configuration calls on: they decide what a worker has to be before it takes traffic."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from auditor.repo.syntax import syntax_tree

_CONFIGURATION: Final = re.compile(r"(^|/)gunicorn[^/]*\.py$")


def started_by(files: Mapping[str, bytes], /) -> dict[str, str]:
    """Path of each such module, and of the configuration that imports it; `files` is the whole tree."""
    found: dict[str, str] = {}
    for path in sorted(files):
        if _CONFIGURATION.search(path):
            folder = path.rpartition("/")[0]
            for module in _imported(files[path]):
                for place in _places(module, folder):
                    if place in files:
                        found.setdefault(place, path)
    return found


def _imported(content: bytes) -> Iterator[str]:
    tree = syntax_tree(content)
    for node in () if tree is None else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _places(module: str, folder: str) -> Iterable[str]:
    name = module.replace(".", "/")
    for above in dict.fromkeys((f"{folder}/" if folder else "", "", "src/")):
        yield f"{above}{name}.py"
