"""The compact tree that a source file is lowered to: nested tuples of primitives.

Tuples (not objects) because a summary crosses a process border and lives in the cache: `marshal` writes and
reads them an order of magnitude faster than anything that builds instances. Every node is `(OP, line, ...)`
for an expression and `(OP, line, end_line, ...)` for a statement, with 1-based lines. What can never matter
to a trace (comments, docstrings, arithmetic on literals) is dropped on the way.

Expressions
    NAME    (line, id)
    ATTR    (line, object, attribute)                     the line is the attribute's own
    CALL    (line, function, args, kwargs)                kwargs: ((name | None, expression), ...); None is `**`
    CONST   (line, value)
    FSTR    (line, text with {} for holes, expressions)
    SEQ     (line, "list" | "tuple" | "set", items, count)  long literal tables keep their first items only
    DICT    (line, ((key | None, value), ...), count)     key None is `**value`
    SUB     (line, object, index)
    SLICE   (line, low, high, step)
    BIN     (line, operator, left, right)
    BOOL    (line, "and" | "or", items)
    NOT     (line, operand)
    CMP     (line, (operator, ...), (operand, ...))
    IFEXP   (line, condition, then, else)
    LAMBDA  (line, params, body)
    COMP    (line, "list" | "set" | "dict" | "gen", elements, clauses)   a clause: (target, iterable, conditions, is_async)
    AWAIT   (line, operand)
    YIELD   (line, operand | None, is_from)
    WALRUS  (line, id, value)
    STAR    (line, operand)
    UNARY   (line, operand)
    OTHER   (line, operands)

Statements
    ASSIGN  (targets, value)          AUG    (target, operator, value)    ANN     (target, annotation, value | None)
    EXPR    (value,)                  RETURN (value | None,)              IF      (condition, body, orelse)
    FOR     (target, iterable, body, orelse, is_async)                    WHILE   (condition, body, orelse)
    WITH    (((expression, target | None), ...), body, is_async)          TRY     (body, handlers, orelse, final)
    DEF     (name, params, decorators, body, returns, flags)              CLASS   (name, bases, keywords, decorators, body)
    IMPORT  (((dotted, alias | None), ...),)                              FROM    (level, module, ((name, alias | None), ...))
    RAISE   (value | None,)           DEL    (targets,)                   GLOBAL  (names,)
    BREAK   ()                        CONTINUE ()                         ASSERT  (condition,)
    MATCH   (subject, ((names bound, guard | None, body), ...))
    A handler is (type | None, name | None, body); a star import is the single name "*".

A parameter is `(name, kind, annotation | None, default | None)` with kind "pos" | "kw" | "*" | "**".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Node: TypeAlias = tuple[Any, ...]
"""An expression or statement of the shapes above; deliberately untyped inside, since it is the hottest data there is."""

IR_VERSION: Final = 1
"""Part of every cache key: raise it when a shape or its meaning changes."""

NAME: Final = 0
ATTR: Final = 1
CALL: Final = 2
CONST: Final = 3
FSTR: Final = 4
SEQ: Final = 5
DICT: Final = 6
SUB: Final = 7
SLICE: Final = 8
BIN: Final = 9
BOOL: Final = 10
NOT: Final = 11
CMP: Final = 12
IFEXP: Final = 13
LAMBDA: Final = 14
COMP: Final = 15
AWAIT: Final = 16
YIELD: Final = 17
WALRUS: Final = 18
STAR: Final = 19
UNARY: Final = 20
OTHER: Final = 21

ASSIGN: Final = 40
AUG: Final = 41
ANN: Final = 42
EXPR: Final = 43
RETURN: Final = 44
IF: Final = 45
FOR: Final = 46
WHILE: Final = 47
WITH: Final = 48
TRY: Final = 49
DEF: Final = 50
CLASS: Final = 51
IMPORT: Final = 52
FROM: Final = 53
RAISE: Final = 54
DEL: Final = 55
BREAK: Final = 56
CONTINUE: Final = 57
GLOBAL: Final = 58
ASSERT: Final = 59
MATCH: Final = 60

ASYNC: Final = 1
"""Flag of a DEF: declared with `async`."""
GENERATOR: Final = 2
"""Flag of a DEF: its body yields."""


def argument(call: Node, name: str) -> Node | None:
    """The argument that a CALL gives under a name."""
    return next((value for key, value in call[4] if key == name), None)


def walk(tree: object) -> Iterator[Node]:
    """Every expression and statement in a tree, outermost first; no recursion, for code nested as deep as it likes."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            if len(part) > 1 and type(part[0]) is int and type(part[1]) is int:
                yield part
            waiting.extend(reversed(part))
