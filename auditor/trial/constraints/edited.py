"""A file before and after a patch, as constraints look at it."""

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from auditor.repo.syntax import syntax_tree


@dataclass(frozen=True)
class Edited:
    """One file that a patch touches."""

    path: str
    before: bytes | None
    """None when the patch makes it."""
    after: bytes
    endpoints: frozenset[str] = frozenset()
    """Those on whose way a changed function lies, as far as the trace knows."""

    def matches(self, scope: str) -> bool:
        """Whether the glob `scope` means this file; `**` crosses folders, a bare name means it anywhere."""
        path = PurePosixPath(self.path)
        if scope in {"**", "*"}:
            return True
        return _matches(path.parts, PurePosixPath(scope).parts) or ("/" not in scope and path.match(scope))

    @cached_property
    def trees(self) -> tuple[ast.Module, ast.Module] | None:
        """Both versions parsed; None when it is no Python or has no tree to look into (the gate `parse` says so)."""
        if not self.path.endswith(".py"):
            return None
        before, after = syntax_tree(self.before or b""), syntax_tree(self.after)
        return None if before is None or after is None else (before, after)


def _matches(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_matches(parts[start:], pattern[1:]) for start in range(len(parts) + 1))
    return bool(parts) and PurePosixPath(parts[0]).match(pattern[0]) and _matches(parts[1:], pattern[1:])
