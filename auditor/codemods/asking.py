"""A query that a function asks with values it was given, as what it is made of."""

import ast
from dataclasses import dataclass
from typing import Literal

Terminal = Literal["rows", "first", "one", "count"]
"""What is taken of the rows; of `first` there may be none, without `one` there is an error."""


@dataclass(frozen=True, slots=True)
class Condition:
    """`Model.column == value`, `column=value`, or the same with a collection of values."""

    column: str
    """Attribute of the model."""
    value: ast.expr
    is_many: bool
    node: ast.AST
    """The comparison; of a keyword argument the keyword."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The query, from its root to where its rows are all there."""

    orm: Literal["sqlalchemy", "django"]
    whole: ast.expr
    """The expression that gives the answer, where it is used."""
    query: ast.expr
    """The same as rows that can be walked over: without its last call, if that takes one of them or counts."""
    inlined: dict[ast.AST, ast.AST]
    """What names in it stand for that hold parts of the query."""
    terminal: Terminal
    model: str
    """The model, as the source names it; "" for Django."""
    selected: tuple[ast.expr, ...]
    """Columns, where the rows are no entities."""
    conditions: tuple[Condition, ...]
    is_ordered: bool
    statement: ast.stmt
    """The statement that runs the query."""
    named: str
    """What the running statement binds the result to, when it does nothing else."""
    is_inline: bool = False
    """Nothing can be put before `whole` alone: it stands in a comprehension, or behind a condition of its expression."""
    needs: tuple[str, ...] = ()
    """Names of `sqlalchemy` that `query` uses and the source may not."""

    def is_finished_by(self, whole: ast.expr, /) -> bool:
        """Whether an expression in the place of `whole` gives a list of its own."""
        called = whole.func if isinstance(whole, ast.Call) else None
        return self.orm != "django" and isinstance(called, ast.Attribute) and called.attr == "all"
