"""Asks a set, in place of a list, whether something is in it, where a loop asks

## What it does
Before the loop a set is built from the list, and the loop's `in` and `not in` ask the set. A list that is made by one
comprehension and used for nothing else becomes a set where it is made.

## What it never does
It acts only on texts, numbers, days, identifiers and tuples of them, on both sides; on lists that nothing changes while
the loop asks; and not where an enumeration of the project equals a text but has another hash.

## What it leaves to a person
Nothing: what was found is found, and what was not is not.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.hashed import Looked, are_hashable, changes, is_hashable, is_hashed_alike
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import free_name, function_at, names_bound, parents
from auditor.codemods.single_names import assignment, loads

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.model.report import Finding

NAME: Final = "look_up_in_set"
RULES: Final = ("list-membership",)
_LOOPS: Final = (ast.For, ast.AsyncFor, ast.While)
_DISPLAYS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_PLAINLY: Final = frozenset({"append", "extend", "sort", "reverse", "pop", "remove", "clear"})
"""Methods that change a list and put nothing into it that the function's own text does not show."""


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """The list that the finding names, asked as a set."""
    spans, scene, name = source.spans(finding.file), source.scene, finding.subject
    function = None if spans is None else function_at(spans.tree, finding.line)
    if spans is None or function is None or scene is None:
        return Declined(NAME, "the loop and what is known of it are not at hand")
    bound = assignment(function, name)
    tests = tests_of(function, name)
    mine = [one for one in tests if finding.line <= one.lineno <= finding.end_line]
    if bound is None or not mine:
        return Declined(NAME, f"`{name}` is not bound once, by a plain assignment of the function")
    if any(
        isinstance(one, _SCOPES) and name in _names(one) for one in ast.walk(function) if one is not function
    ):
        return Declined(NAME, f"a function inside may use `{name}` at any time")
    loop = _loop_around(function, mine[0], bound)
    if loop is None:
        return Declined(
            NAME, "no statement begins between the list and the test, before which a set could be built"
        )
    inside = [
        one for one in tests if loop.lineno <= one.lineno and (one.end_lineno or 0) <= (loop.end_lineno or 0)
    ]
    if any(_is_put_off(function, one) for one in inside):
        return Declined(NAME, f"a generator asks for `{name}`, and may do so later")
    if reason := _changed(function, name, loop):
        return Declined(NAME, reason)
    looked = Looked(scene, only_certain=not scene.once(is_hashed_alike))
    doubt = ", as an enumeration of the project may" if looked.only_certain else ""
    if not are_hashable(function, name, looked):
        return Declined(NAME, f"what `{name}` holds may have no hash, or another than what it equals{doubt}")
    for one in inside:
        if not is_hashable(one.left, function, looked):
            return Declined(
                NAME, f"`{ast.unparse(one.left)}` may have no hash, or another than what it equals{doubt}"
            )
    _ask(spans, function, bound, loop, inside)
    return Written(
        codemod=NAME,
        title=f"Ask a set whether something is in `{name}`",
        files={finding.file: spans.result()},
    )


def tests_of(function: "Function", name: str, /) -> list[ast.Compare]:
    """Every `… in name` and `… not in name`."""
    found = []
    for node in ast.walk(function):
        match node:
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[ast.Name(id=listed)]) if (
                listed == name
            ):
                found.append(node)
            case _:
                pass
    return found


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _loop_around(function: "Function", test: ast.Compare, bound: ast.Assign) -> ast.stmt | None:
    """The outermost statement that asks on every turn, among those behind the list in its own block, or in one of that."""
    above = parents(function)
    found: ast.stmt | None = None
    at: ast.AST | None = test
    while at is not None and at is not function:
        holder = above.get(at)
        if isinstance(at, _LOOPS) or (isinstance(at, ast.stmt) and _asks_in_display(at, test)):
            found = at if bound not in set(ast.walk(at)) else found
        at = holder
    if found is None:
        return None
    at = found
    while at is not None:
        block = _block(above, at)
        if bound in block and isinstance(at, ast.stmt):
            return found if block.index(bound) < block.index(at) and _stands_free(above, found) else None
        at = above.get(at)
    return None


def _asks_in_display(statement: ast.stmt, test: ast.Compare) -> bool:
    return any(
        isinstance(one, _DISPLAYS) and not isinstance(one, ast.GeneratorExp) and test in set(ast.walk(one))
        for one in ast.walk(statement)
        if not isinstance(statement, (*_LOOPS, ast.If, ast.With, ast.AsyncWith, ast.Try, ast.TryStar))
    )


def _stands_free(above: dict[ast.AST, ast.AST], statement: ast.stmt) -> bool:
    """Whether a line can be put before it: it is no `elif`."""
    holder = above.get(statement)
    is_elif = isinstance(holder, ast.If) and holder.orelse == [statement] and isinstance(statement, ast.If)
    return not is_elif


def _block(above: dict[ast.AST, ast.AST], at: ast.AST) -> list[ast.stmt]:
    holder = above.get(at)
    for field in ("body", "orelse", "finalbody"):
        block = getattr(holder, field, None)
        if isinstance(block, list) and at in block:
            return block
    return []


def _changed(function: "Function", name: str, loop: ast.stmt) -> str:
    """Why the set might not hold what the list does while the loop asks."""
    last = loop.end_lineno or loop.lineno
    for one in changes(function, name):
        line = getattr(one, "lineno", 0)
        if loop.lineno <= line <= last:
            return f"the loop may change `{name}` (`{ast.unparse(one)}`)"
        is_plain = isinstance(one, ast.Attribute) and one.attr in _PLAINLY
        if not (is_plain or (line > last and isinstance(one, (ast.Call, ast.Return, ast.keyword)))):
            return f"`{name}` may be changed under another name"
    return ""


def _is_put_off(function: "Function", test: ast.Compare) -> bool:
    """Whether it stands in a generator that is kept: it may ask when the list is another one."""
    above = parents(function)
    at: ast.AST | None = test
    while at is not None and at is not function:
        if isinstance(at, ast.GeneratorExp) and not isinstance(above.get(at), ast.Call):
            return True
        at = above.get(at)
    return False


def _ask(
    spans: "Spans", function: "Function", bound: ast.Assign, loop: ast.stmt, tests: list[ast.Compare]
) -> None:
    target = bound.targets[0]
    assert isinstance(target, ast.Name), "a plain assignment"
    if isinstance(bound.value, ast.ListComp) and len(loads(function, target.id)) == len(tests):
        start, end = spans.span(bound.value)
        spans.replace_span(start, start + 1, "{")
        spans.replace_span(end - 1, end, "}")
        return
    taken = names_bound(function) | _names(function)
    name = free_name(f"{target.id}_set", taken)
    spans.insert_lines_before(loop, [f"{name} = set({target.id})"])
    for one in tests:
        spans.replace(one.comparators[0], name)
