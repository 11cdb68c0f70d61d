"""One source file to its summary: statements lowered to the tuples of `ir`.

The tree is walked once, with a handler per node type; comments, docstrings and the insides of long literal
tables are not visited. Nesting has a limit, so hostile input ends in `TooDeep` and not in a blown stack.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import tree_sitter_python
from tree_sitter import Language, Parser

from auditor.index import ir
from auditor.index.lower_expressions import EXTRAS, STAR_KINDS, ExpressionLowering, TooDeep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tree_sitter import Node as Tree

_PARSER: Final = Parser(Language(tree_sitter_python.language()))
MAX_BLOCK_DEPTH: Final = 40
MAX_ELIFS: Final = 20
"""Branches up to which each `elif` nests in the one before; more are the flat cases of a `match`."""
_BEFORE_FLASK_1: Final = "flask.ext."
"""Where Flask, until 1.0, gave its extensions: `flask.ext.login` is `flask_login`."""
_IGNORE: Final = re.compile(rb"#\s*auditor:\s*ignore(?:\[([^\]\n]*)\])?[ \t]*([^\n]*)")


DROPPED: Final = frozenset({"string", "concatenated_string", "ellipsis", "identifier", "integer"})
"""Expressions without any effect when they are a statement: docstrings, stubs' dots."""


COMPOUND: Final = frozenset({
    "block", "if_statement", "elif_clause", "else_clause", "for_statement", "while_statement",
    "with_statement", "try_statement", "except_clause", "except_group_clause", "finally_clause",
    "function_definition",
    "class_definition", "decorated_definition", "match_statement", "case_clause",
})  # fmt: skip
"""What ends where the last statement in it does."""


class Lowering(ExpressionLowering):
    """Lowers the statements of one file."""

    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self.blocks = 0

    def block(self, node: Tree | None) -> tuple[ir.Node, ...]:
        if node is None:
            return ()
        self.blocks += 1
        if self.blocks > MAX_BLOCK_DEPTH:
            raise TooDeep
        statements: list[ir.Node] = []
        for child in node.named_children:
            handler = STATEMENTS.get(child.type)
            if handler is not None:
                lowered = handler(self, child)
                if lowered is not None:
                    statements.append(lowered)
            elif child.type == "ERROR":
                statements.extend(self.block(child))
        self.blocks -= 1
        return tuple(statements)

    def span(self, node: Tree) -> tuple[int, int]:
        return node.start_point[0] + 1, node.end_point[0] + (1 if node.end_point[1] else 0)

    def extent(self, node: Tree) -> tuple[int, int]:
        """The span of a compound statement, without the comments that trail its last block."""
        line = node.start_point[0] + 1
        while node.type in COMPOUND and node.named_child_count:
            last = node.named_child(node.named_child_count - 1)
            if last.type in EXTRAS:
                kept = [c for c in node.named_children if c.type not in EXTRAS]
                if not kept:
                    break
                last = kept[-1]
            node = last
        return line, self.span(node)[1]

    def expression_statement(self, node: Tree) -> ir.Node | None:
        children = node.named_children
        if len(children) != 1:
            children = [c for c in children if c.type not in EXTRAS]
        if len(children) != 1:
            line, end = self.span(node)
            items = tuple(self.expression(c) for c in children)
            return (ir.EXPR, line, end, (ir.SEQ, line, "tuple", items, len(items)))
        child = children[0]
        kind = child.type
        line, end = self.span(node)
        if kind == "assignment":
            return self.assignment(child, line, end)
        if kind == "augmented_assignment":
            parts = [c for c in child.children if c.type not in EXTRAS]
            return (ir.AUG, line, end, self.expression(parts[0]), parts[1].type, self.expression(parts[-1]))
        if kind in DROPPED:
            return None
        value = self.expression(child)
        return (ir.EXPR, line, end, value)

    def assignment(self, node: Tree, line: int, end: int) -> ir.Node:
        annotation = node.child_by_field_name("type")
        left = node.child_by_field_name("left")
        right = node.child_by_field_name("right")
        if left is None:
            return (ir.EXPR, line, end, self.other(node))
        if annotation is not None:
            value = None if right is None else self.expression(right)
            return (ir.ANN, line, end, self.expression(left), self.annotation(annotation), value)
        targets = [self.expression(left)]
        while right is not None and right.type == "assignment":
            left = right.child_by_field_name("left")
            right = right.child_by_field_name("right")
            if left is not None:
                targets.append(self.expression(left))
        value = (ir.CONST, line, None) if right is None else self.expression(right)
        return (ir.ASSIGN, line, end, tuple(targets), value)

    def return_(self, node: Tree) -> ir.Node:
        children = [c for c in node.named_children if c.type not in EXTRAS]
        return (ir.RETURN, *self.span(node), self.expression(children[0]) if children else None)

    def if_(self, node: Tree) -> ir.Node:
        condition = node.child_by_field_name("condition")
        body = self.block(node.child_by_field_name("consequence"))
        orelse: tuple[ir.Node, ...] = ()
        line, end = self.extent(node)
        clauses = [c for c in node.named_children if c.type in {"elif_clause", "else_clause"}]
        if len(clauses) > MAX_ELIFS:
            return self.cases(node, clauses, (((), self.maybe(condition, node), body),))
        for clause in reversed(clauses):
            if clause.type == "else_clause":
                orelse = self.block(clause.child_by_field_name("body"))
                continue
            test = clause.child_by_field_name("condition")
            consequence = self.block(clause.child_by_field_name("consequence"))
            orelse = ((ir.IF, clause.start_point[0] + 1, end, self.maybe(test, clause), consequence, orelse),)
        return (ir.IF, line, end, self.maybe(condition, node), body, orelse)

    def cases(self, node: Tree, clauses: Iterable[Tree], first: tuple[ir.Node, ...]) -> ir.Node:
        """A long chain of branches: what `match` would be with a guard in each case."""
        rest = tuple(
            ((), None, self.block(c.child_by_field_name("body")))
            if c.type == "else_clause"
            else (
                (),
                self.maybe(c.child_by_field_name("condition"), c),
                self.block(c.child_by_field_name("consequence")),
            )
            for c in clauses
        )
        return (ir.MATCH, *self.extent(node), (ir.CONST, node.start_point[0] + 1, None), first + rest)

    def maybe(self, node: Tree | None, parent: Tree) -> ir.Node:
        return (ir.CONST, parent.start_point[0] + 1, None) if node is None else self.expression(node)

    def for_(self, node: Tree) -> ir.Node:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        is_async = node.children[0].type == "async"
        target, iterable = self.maybe(left, node), self.maybe(right, node)
        body = self.block(node.child_by_field_name("body"))
        return (ir.FOR, *self.extent(node), target, iterable, body, self.orelse(node), is_async)

    def while_(self, node: Tree) -> ir.Node:
        condition = self.maybe(node.child_by_field_name("condition"), node)
        return (
            ir.WHILE,
            *self.extent(node),
            condition,
            self.block(node.child_by_field_name("body")),
            self.orelse(node),
        )

    def orelse(self, node: Tree) -> tuple[ir.Node, ...]:
        clause = node.child_by_field_name("alternative")
        return () if clause is None else self.block(clause.child_by_field_name("body"))

    def with_(self, node: Tree) -> ir.Node:
        items = []
        for clause in node.named_children:
            if clause.type != "with_clause":
                continue
            for item in clause.named_children:
                if item.type != "with_item":
                    continue
                value = item.named_children[0]
                named = bound_by(value)
                alias = None if named is None else named.named_children[-1]
                target = self.expression(alias.named_children[0]) if alias and alias.named_children else None
                items.append((self.expression(value), target))
        is_async = node.children[0].type == "async"
        return (
            ir.WITH,
            *self.extent(node),
            tuple(items),
            self.block(node.child_by_field_name("body")),
            is_async,
        )

    def try_(self, node: Tree) -> ir.Node:
        handlers = []
        orelse: tuple[ir.Node, ...] = ()
        final: tuple[ir.Node, ...] = ()
        for clause in node.named_children:
            if clause.type in {"except_clause", "except_group_clause"}:
                handlers.append(self.handler(clause))
            elif clause.type == "else_clause":
                orelse = self.block(clause.child_by_field_name("body"))
            elif clause.type == "finally_clause":
                final = self.block(clause.named_children[-1])
        body = self.block(node.child_by_field_name("body"))
        return (ir.TRY, *self.extent(node), body, tuple(handlers), orelse, final)

    def handler(self, clause: Tree) -> tuple[ir.Node | None, str | None, tuple[ir.Node, ...]]:
        parts = [c for c in clause.named_children if c.type not in EXTRAS]
        body = self.block(parts[-1]) if parts and parts[-1].type == "block" else ()
        values = [p for p in parts if p.type != "block"]
        if not values:
            return (None, None, body)
        value, name = values[0], values[1] if len(values) > 1 else None
        if value.type == "as_pattern":
            inner = value.named_children
            value, alias = inner[0], inner[-1]
            name = alias.named_children[0] if alias.named_children else None
        return (self.expression(value), None if name is None else self.text(name), body)

    def function(self, node: Tree, decorators: tuple[ir.Node, ...] = ()) -> ir.Node:
        name = node.child_by_field_name("name")
        returns = node.child_by_field_name("return_type")
        outer, self.yields = self.yields, False
        params = self.parameters(node.child_by_field_name("parameters"))
        body = self.block(node.child_by_field_name("body"))
        flags = (ir.ASYNC if node.children[0].type == "async" else 0) | (ir.GENERATOR if self.yields else 0)
        self.yields = outer
        line, end = self.extent(node)
        hint = None if returns is None else self.annotation(returns)
        return (
            ir.DEF,
            line,
            end,
            "" if name is None else self.text(name),
            params,
            decorators,
            body,
            hint,
            flags,
        )

    def class_(self, node: Tree, decorators: tuple[ir.Node, ...] = ()) -> ir.Node:
        name = node.child_by_field_name("name")
        bases: list[ir.Node] = []
        keywords: list[tuple[str | None, ir.Node]] = []
        superclasses = node.child_by_field_name("superclasses")
        for child in superclasses.named_children if superclasses is not None else ():
            if child.type == "keyword_argument":
                parts = child.named_children
                keywords.append((self.text(parts[0]), self.expression(parts[-1])))
            elif child.type not in EXTRAS:
                bases.append(self.expression(child))
        body = self.block(node.child_by_field_name("body"))
        label = "" if name is None else self.text(name)
        return (ir.CLASS, *self.extent(node), label, tuple(bases), tuple(keywords), decorators, body)

    def decorated(self, node: Tree) -> ir.Node | None:
        decorators = tuple(
            self.expression(c.named_children[0])
            for c in node.named_children
            if c.type == "decorator" and c.named_children
        )
        definition = node.child_by_field_name("definition")
        if definition is None:
            return None
        if definition.type == "class_definition":
            return self.class_(definition, decorators)
        return self.function(definition, decorators)

    def import_(self, node: Tree) -> ir.Node:
        names = tuple(
            self.imported(c) for c in node.named_children if c.type in {"dotted_name", "aliased_import"}
        )
        return (ir.IMPORT, *self.span(node), names)

    def imported(self, node: Tree) -> tuple[str, str | None]:
        if node.type == "aliased_import":
            parts = node.named_children
            return self.dotted(parts[0]), self.text(parts[-1])
        return self.dotted(node), None

    def dotted(self, node: Tree) -> str:
        """A dotted name, without what may stand between its parts."""
        text = self.text(node)
        return text if text.isidentifier() else "".join(text.replace("\\", " ").split())

    def from_(self, node: Tree) -> ir.Node:
        source = node.child_by_field_name("module_name")
        dotted = "" if source is None else self.dotted(source)
        level = len(dotted) - len(dotted.lstrip("."))
        names = tuple(
            self.imported(c) if c.type != "wildcard_import" else ("*", None)
            for c in node.named_children
            if c != source and c.type in {"dotted_name", "aliased_import", "wildcard_import"}
        )
        module = dotted[level:]
        if module.startswith(_BEFORE_FLASK_1):
            module = "flask_" + module.removeprefix(_BEFORE_FLASK_1)
        return (ir.FROM, *self.span(node), level, module, names)

    def raise_(self, node: Tree) -> ir.Node:
        children = [c for c in node.named_children if c.type not in EXTRAS]
        return (ir.RAISE, *self.span(node), self.expression(children[0]) if children else None)

    def delete(self, node: Tree) -> ir.Node:
        targets = [c for c in node.named_children if c.type not in EXTRAS]
        if len(targets) == 1 and targets[0].type == "expression_list":
            targets = [c for c in targets[0].named_children if c.type not in EXTRAS]
        return (ir.DEL, *self.span(node), tuple(self.expression(c) for c in targets))

    def assert_(self, node: Tree) -> ir.Node:
        return (
            ir.ASSERT,
            *self.span(node),
            self.expression(next(c for c in node.named_children if c.type not in EXTRAS)),
        )

    def global_(self, node: Tree) -> ir.Node:
        return (
            ir.GLOBAL,
            *self.span(node),
            tuple(self.text(c) for c in node.named_children if c.type == "identifier"),
        )

    def match_(self, node: Tree) -> ir.Node:
        cases = []
        body = node.child_by_field_name("body")
        for case in body.named_children if body is not None else ():
            if case.type != "case_clause":
                continue
            guard = case.child_by_field_name("guard")
            bound = tuple(
                name for c in case.named_children if c.type == "case_pattern" for name in self.bound(c)
            )
            test = None if guard is None else self.expression(guard.named_children[-1])
            cases.append((bound, test, self.block(case.child_by_field_name("consequence"))))
        subjects = tuple(self.expression(c) for c in node.children_by_field_name("subject"))
        line = node.start_point[0] + 1
        subject = subjects[0] if len(subjects) == 1 else (ir.SEQ, line, "tuple", subjects, len(subjects))
        return (ir.MATCH, *self.extent(node), subject, tuple(cases))

    def bound(self, pattern: Tree) -> Iterable[str]:
        """Names that a pattern may bind: lone identifiers; a dotted or called name is a value or a class."""
        stack = [pattern]
        while stack:
            node = stack.pop()
            if node.type == "dotted_name" and len(node.named_children) == 1:
                yield self.text(node)
            elif node.type in {"class_pattern", "keyword_pattern"}:
                stack.extend(node.named_children[1:])
            else:
                stack.extend(c for c in node.named_children if c.type != "string")
                if node.type in {"splat_pattern", "as_pattern"} or node.type in STAR_KINDS:
                    yield from (self.text(c) for c in node.named_children if c.type == "identifier")

    def type_alias(self, node: Tree) -> ir.Node:
        left, right = node.named_children[0], node.named_children[-1]
        target = left.named_children[0] if left.type == "type" else left
        base, steps = target, 0
        while base.type in {"attribute", "subscript", "call"} and base.named_children:
            base, steps = base.named_children[0], steps + 1
        if base.type in {"parenthesized_expression", "tuple"}:
            # `type(x).name = value`: for the grammar the alias of a strange type.
            arguments = tuple(self.expression(c) for c in base.named_children if c.type not in EXTRAS)
            lowered = called_type(self.expression(target), arguments, steps)
            return (ir.ASSIGN, *self.span(node), (lowered,), self.annotation(right))
        while left.type != "identifier" and left.named_children:
            left = left.named_children[0]
        return (ir.ASSIGN, *self.span(node), (self.expression(left),), self.annotation(right))

    def printed(self, node: Tree) -> ir.Node:
        items = tuple(self.expression(c) for c in node.named_children)
        line, end = self.span(node)
        return (ir.EXPR, line, end, (ir.SEQ, line, "tuple", items, len(items)))


def bound_by(value: Tree) -> Tree | None:
    """The `… as name` of a `with`; the parser puts it below a condition or a lambda that stands before it."""
    while value.type in {"conditional_expression", "lambda"} and value.named_children:
        value = value.named_children[-1]
    return value if value.type == "as_pattern" else None


def called_type(node: ir.Node, arguments: tuple[ir.Node, ...], steps: int) -> ir.Node:
    """`node` with the operand that lies `steps` deep replaced by `type(*arguments)`."""
    if steps == 0:
        return (ir.CALL, node[1], (ir.NAME, node[1], "type"), arguments, ())
    return (node[0], node[1], called_type(node[2], arguments, steps - 1), *node[3:])


def lower(source: bytes) -> dict[str, Any]:
    """The summary of one UTF-8 source: marshal-able, `{"body", "lines", "error", "ignores"}`.

    `error` is the line of the first syntax error or 0; what could be read around it is still in `body`.
    `ignores` holds `(line, rules, reason)` of each `# auditor: ignore[...]`; no rules means all of them.
    Raises `TooDeep`.
    """
    root = _PARSER.parse(source).root_node
    body = Lowering(source).block(root)
    return {
        "body": body,
        "lines": source.count(b"\n") + (0 if source.endswith(b"\n") or not source else 1),
        "error": first_error(root) if root.has_error else 0,
        "ignores": tuple(ignores(source)) if b"auditor:" in source else (),
    }


def first_error(root: Tree) -> int:
    node = root
    while True:
        child = next((c for c in node.children if c.has_error), None)
        if child is None or node.type == "ERROR":
            return node.start_point[0] + 1
        node = child


def ignores(source: bytes) -> Iterable[tuple[int, tuple[str, ...], str]]:
    for match in _IGNORE.finditer(source):
        line = source.count(b"\n", 0, match.start()) + 1
        rules = (match[1] or b"").decode("utf-8", "replace")
        reason = match[2].decode("utf-8", "replace").strip()
        yield line, tuple(r.strip() for r in rules.split(",") if r.strip()), reason


_S = Lowering
STATEMENTS: Final[dict[str, Callable[[Lowering, Tree], ir.Node | None]]] = {
    "expression_statement": _S.expression_statement,
    "return_statement": _S.return_,
    "if_statement": _S.if_,
    "for_statement": _S.for_,
    "while_statement": _S.while_,
    "with_statement": _S.with_,
    "try_statement": _S.try_,
    "function_definition": lambda s, n: s.function(n),
    "class_definition": lambda s, n: s.class_(n),
    "decorated_definition": _S.decorated,
    "import_statement": _S.import_,
    "import_from_statement": _S.from_,
    "raise_statement": _S.raise_,
    "delete_statement": _S.delete,
    "assert_statement": _S.assert_,
    "global_statement": _S.global_,
    "nonlocal_statement": _S.global_,
    "match_statement": _S.match_,
    "type_alias_statement": _S.type_alias,
    "print_statement": _S.printed,
    "break_statement": lambda s, n: (ir.BREAK, *s.span(n)),
    "continue_statement": lambda s, n: (ir.CONTINUE, *s.span(n)),
}
