"""Helpers that ask for one number, and the siblings that ask for the numbers of many keys."""

import ast
from typing import TYPE_CHECKING

from auditor.codemods.imports import add_names
from auditor.codemods.scalars import Scalar, scalar_of

if TYPE_CHECKING:
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.symbols import Function as Known


def write_sibling(
    known: "Known", helper: ast.FunctionDef, position: int, *, home: "Spans", source: "Source"
) -> str:
    """Writes the sibling of a function or method behind it, in `home`; its name, or behind `!` why there is none."""
    assert source.scene is not None
    cls = known.owner
    if cls is not None and (source.scene.project.subclasses(cls) or helper.decorator_list):
        return "!its class has others below it, which may do it in another way"
    arguments = helper.args.args
    parameter = arguments[position].arg
    keys, sibling = f"{parameter}s", f"{helper.name}_by_{parameter}"
    taken = {node.id for node in ast.walk(helper) if isinstance(node, ast.Name)} | {
        one.arg for one in arguments
    }
    if keys in taken or "found" in taken:
        return f"!`{keys}` or `found` is the name of something else in `{helper.name}`"
    if sibling in home.text:
        return f"!`{sibling}` is there already"
    made = scalar_of(helper, parameter, keys, spans=home, source=source)
    if isinstance(made, str):
        return f"!{made}"
    returned, scalar = made
    if scalar.constant is not None and (reason := _add_constant(scalar, home)):
        return f"!{reason}"
    home.insert_after(helper, _text(helper, position, returned, scalar, home=home, names=(keys, sibling)))
    return sibling


def _add_constant(scalar: Scalar, home: "Spans") -> str:
    """Writes the statement for many keys below the one for one; the reason where it can't."""
    assert scalar.constant is not None
    beside, name, text = scalar.constant
    if name in home.text:
        return f"`{name}` is there already"
    at = next(
        node
        for node in home.tree.body
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == beside for t in node.targets)
    )
    if add_names(home, "sqlalchemy", ["bindparam", "text"]) != ["bindparam", "text"]:
        return "`bindparam` is the name of something else in this module"
    home.insert_after(at, f"\n{text}")
    return ""


def _text(
    helper: ast.FunctionDef,
    position: int,
    returned: ast.Return,
    scalar: Scalar,
    *,
    home: "Spans",
    names: tuple[str, str],
) -> str:
    keys, sibling = names
    parameter = helper.args.args[position].arg
    parameters = ", ".join(keys if one.arg == parameter else ast.unparse(one) for one in helper.args.args)
    indent = home.indent(helper)
    inner = home.indent(helper.body[-1])
    docstring = ast.get_docstring(helper, clean=False) is not None
    above = helper.body[1 if docstring else 0 : -1]
    changed = {id(node): text for node, text in scalar.before}
    lines = [
        f'"""`{{{parameter}: …}}` for several, as `{helper.name}` gives it for one."""',
        f"if not {keys}:",
        f"{inner[len(indent) :]}return {{}}",
        *(changed.get(id(one)) or home.source(one) for one in above),
        f"found = {{key: value for key, value in {scalar.rows}}}",
        f"return {{{parameter}: {_value(returned, scalar, parameter, home)} for {parameter} in {keys}}}",
    ]
    gap = "\n\n" if indent else "\n\n\n"
    head = f"{gap}{indent}def {sibling}({parameters}):\n"
    return head + "\n".join(f"{inner}{line}" for line in lines)


def _value(returned: ast.Return, scalar: Scalar, parameter: str, home: "Spans") -> str:
    """What the helper makes of its number, on one line."""
    assert returned.value is not None
    start, _ = home.span(returned.value)
    text = home.source(returned.value)
    begin, end = (at - start for at in home.span(scalar.whole))
    made = f"{text[:begin]}found.get({parameter}, {scalar.missing}){text[end:]}"
    return ast.unparse(ast.parse(f"({made})", mode="eval")) if "\n" in made else made
