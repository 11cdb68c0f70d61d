"""Python text as a syntax tree, for those that edit or compare it. The index does not: its parser is a process of its own.

What is handed in may be made to hurt. A text that parses can still be too deep for whoever walks its tree by recursion, `ast.dump`
and `ast.unparse` among them, and a large one takes two hundred times its size.
"""

import ast
import warnings
from typing import Final

from auditor.repo.walk import MAX_FILE_BYTES

DEEPEST: Final = 200
"""Nodes below each other. The deepest of 9,058 files of six public applications has 46; `ast.unparse` ends the recursion at about 330."""


def syntax_tree(content: str | bytes, /) -> ast.Module | None:
    """The tree; None for what is no Python, nests deeper than `DEEPEST`, or is longer than a file that is read."""
    if len(content) > MAX_FILE_BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the target's invalid escapes are not ours to report
            tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return None if nests_too_deeply(tree) else tree


def nests_too_deeply(tree: ast.AST, /) -> bool:
    """Whether nodes lie deeper than `DEEPEST` below the top."""
    level = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True
