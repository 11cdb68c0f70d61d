"""What is to be asked before a loop, and where it is asked now."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.codemods.asking import Asking
    from auditor.codemods.lifting import Lifting
    from auditor.codemods.many_asked import Dimension
    from auditor.codemods.repeatable import Items
    from auditor.codemods.ways import Stage


@dataclass(frozen=True, slots=True)
class Plan:
    """One query, the loop before which it is to be asked, and its keys there."""

    stages: "tuple[Stage, ...]"
    loop: ast.AST
    asking: "Asking"
    dimensions: "tuple[Dimension, ...]"
    keys: tuple[ast.expr, ...]
    tests: tuple[ast.expr, ...]
    """Under which conditions a turn asks."""
    lifting: "Lifting"
    items: "Items"
