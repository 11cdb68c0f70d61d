"""Edits the function that asks for one key: it takes its rows out of those that are handed to it, if they are there."""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.loop_items import Unliftable
from auditor.codemods.places import free_name, name_given, names_bound
from auditor.codemods.rewriting import in_quotes_of, laid_out, rewritten

if TYPE_CHECKING:
    from auditor.codemods.asking import Asking
    from auditor.codemods.many_asked import Dimension, Sibling
    from auditor.codemods.spans import Spans
    from auditor.codemods.ways import Stage

_SHORT: Final = 80
_WIDE: Final = 100


def take_rows(spans: "Spans", leaf: "Stage", sibling: "Sibling", known: str, /, *, always: bool) -> None:
    """Puts the look-up before the query, which is left for what is not there; `always`: something is handed to it.

    Raises:
        Unliftable: the query stands where nothing can be put before it.
    """
    asking = sibling.asking
    statement = asking.statement
    if not asking.is_inline and spans.lines[statement.lineno - 1][: statement.col_offset].strip():
        raise Unliftable("the query shares its line with something else")
    taken = names_bound(leaf.node)
    condition, lines, answer = _looked_up(sibling, leaf, known)
    if always:
        condition = condition.removeprefix(f"{known} is not None and ")
    if asking.is_inline:
        if lines:
            raise Unliftable("the query stands where nothing can be put before it")
        as_was = spans.source(asking.whole)
        if asking.terminal == "rows":
            as_was = ast.unparse(_otherwise(asking, set()))
        parts = (answer, f"if {condition}", f"else {as_was}")
        spans.replace(asking.whole, _either(spans, asking.whole, parts))
        return
    if isinstance(statement, ast.Return) and statement.value is asking.whole:
        body = [*lines, f"return {answer}"]
        spans.insert_lines_before(statement, [*_if(condition), *(f"    {line}" for line in body)])
        return
    if spans.comments(asking.whole):
        raise Unliftable("a comment stands inside the query")
    bound = name_given(asking.statement, asking.whole)
    built = None if asking.named or bound else _built_just_before(leaf, asking)
    if built is not None and spans.comments(built):
        built = None
    name = asking.named or bound or _result_name(taken, is_rows=asking.terminal == "rows")
    if built is not None and asking.terminal == "rows" and isinstance(built.targets[0], ast.Name):
        name = built.targets[0].id
    indent = spans.indent(statement)
    asked = _otherwise(asking, {asking.named, "" if built is None else ast.unparse(built.targets[0])})
    first, *rest = f"{name} = {laid_out(asked, f'{name} = ', f'{indent}    ')}".split("\n")
    otherwise = [f"    {first}", *(line.removeprefix(indent) for line in rest)]
    body = [f"    {line}" for line in [*lines, f"{name} = {answer}"]]
    otherwise = in_quotes_of(spans.text, "\n".join(otherwise)).split("\n")
    spans.insert_lines_before(statement, [*_if(condition), *body, "else:", *otherwise])
    if asking.named or bound:
        spans.remove_lines(statement)
    if built is not None:
        spans.remove_lines(built)
    if not bound and not (asking.named and isinstance(asking.whole, ast.Name)):
        spans.replace(asking.whole, name)


def _either(spans: "Spans", place: ast.expr, parts: tuple[str, ...]) -> str:
    """A conditional expression in the place of another one, a line for each part where one line is too long."""
    line = spans.lines[place.lineno - 1]
    text = f"({' '.join(parts)})"
    if len(line) - len(spans.source(place)) + len(text) <= _WIDE and "\n" not in text:
        return text
    indent = line[: len(line) - len(line.lstrip())]
    return "(\n" + "".join(f"{indent}    {part}\n" for part in parts) + f"{indent})"


def _looked_up(sibling: "Sibling", leaf: "Stage", known: str) -> tuple[str, list[str], str]:
    """The condition under which the rows are there, what is to be done first, and the rows."""
    many = next((one for one in sibling.dimensions if one.condition.is_many), None)
    values = [one.name if one.condition.is_many else _value(one) for one in sibling.dimensions]
    inner = ", ".join(values)
    key = inner if len(values) == 1 else f"({inner})"
    if many is None:
        answers = {
            "rows": f"list({known}[{inner}])",
            "first": f"next(iter({known}[{inner}]), None)",
            "one": f"{known}[{inner}][0]",
            "count": f"{known}[{inner}]",
        }
        if sibling.asking.terminal == "one":  # without it the query says so, as it did
            return f"{known} is not None and {known}.get({key})", [], answers["one"]
        return f"{known} is not None and {key} in {known}", [], answers[sibling.asking.terminal]
    taken = names_bound(leaf.node)
    if many.name in taken:
        raise Unliftable(f"`{many.name}` stands for something in `{leaf.node.name}` already")
    collection = _value(many)
    numbered = free_name("numbered", taken)
    walked = f"one for {many.name} in set({collection}) for one in {known}[{inner}]"
    lines = [f"{numbered} = [{walked}]"]
    if len(lines[0]) > _SHORT:
        lines = [f"{numbered} = [", f"    {walked}", "]"]
    condition = f"{known} is not None and all({key} in {known} for {many.name} in {collection})"
    return condition, lines, f"[row for _, row in sorted({numbered}, key=lambda one: one[0])]"


def _value(one: "Dimension") -> str:
    """How the function says a part of the key."""
    text = ast.unparse(one.condition.value)
    is_row = isinstance(one.condition.node, ast.keyword) and one.attribute == f"{one.condition.column}_id"
    return f"{text}.pk" if is_row else text


def _built_just_before(leaf: "Stage", asking: "Asking") -> ast.Assign | None:
    """The statement right before the one that runs the query, if it does nothing but begin it under a name."""
    block = next(
        (
            part
            for node in ast.walk(leaf.node)
            for _, part in ast.iter_fields(node)
            if isinstance(part, list) and asking.statement in part
        ),
        [],
    )
    before = block[block.index(asking.statement) - 1] if block and block[0] is not asking.statement else None
    match before:
        case ast.Assign(targets=[ast.Name(id=name)]) if any(
            isinstance(read, ast.Name) and read.id == name for read in asking.inlined
        ):
            return before
        case _:
            return None


def _otherwise(asking: "Asking", written_out: set[str]) -> ast.expr:
    """The query as it was, giving a list where it gives rows; what these names hold is written out."""
    running: dict[ast.AST, ast.AST] = {
        name: value
        for name, value in asking.inlined.items()
        if isinstance(name, ast.Name) and name.id in written_out
    }
    whole = rewritten(asking.whole, running)
    if asking.terminal != "rows" or asking.is_finished_by(whole):
        return whole
    if asking.orm == "django":
        return ast.Call(ast.Name("list", ast.Load()), [whole], [])
    return ast.Call(ast.Attribute(whole, "all", ast.Load()), [], [])


def _result_name(taken: frozenset[str], *, is_rows: bool) -> str:
    names = ("rows", "found", "fetched") if is_rows else ("found", "fetched")
    return next((name for name in names if name not in taken), free_name(names[0], taken))


def _if(condition: str) -> list[str]:
    """`if condition:`, broken where it is long."""
    before, found, rest = condition.partition("all(")
    if len(condition) <= _SHORT or not found:
        return [f"if {condition}:"]
    return [f"if {before}all(", f"    {rest.removesuffix(')')}", "):"]
