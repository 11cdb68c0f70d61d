"""A class that opens a session in `__enter__`, made to use one that it is given."""

import ast
import re
from typing import TYPE_CHECKING, Final

from auditor.codemods.places import parents
from auditor.codemods.session_callers import hand_over
from auditor.codemods.session_makers import definition_of, maker_of
from auditor.codemods.session_sharing import MANAGING, call_sites, sets_attributes, writes
from auditor.codemods.single_names import bindings

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.session_makers import Maker
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.symbols import Class
    from auditor.index.symbols import Function as Known

_GIVEN: Final = "_given_session"
_PARAMETER: Final = "session"
_LEAVING: Final = frozenset({"__exit__", "__aexit__"})


def share(known: "Known", spans: "Spans", edited: "dict[str, Spans]", source: "Source") -> str:
    """Edits the class of an `__enter__` and the callers that have a session; the reason where it can't."""
    assert source.scene is not None
    owner = known.owner
    cls = None if owner is None else _class_at(spans.tree, owner.line)
    if owner is None or cls is None or cls.bases or cls.keywords or cls.decorator_list:
        return "it is a method, which others may override"
    if source.scene.project.subclasses(owner):
        return "its class has others below it"
    methods = {
        node.name: node for node in cls.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    if _GIVEN in spans.text or "__slots__" in spans.source(cls):
        return "a session is handed to it already"
    opened = _opened(methods[known.name])
    if opened is None:
        return "how it opens its session is not plain to see"
    attribute, call = opened
    maker = maker_of(call, known.module, source)
    if maker is None:
        return "how it opens its session is not plain to see"
    closing = _closing(methods, attribute)
    if closing is None:
        return "it does more at its end than close its session"
    if reason := _odd(cls, attribute, call, closing) or _odd_start(methods.get("__init__"), spans):
        return reason
    for method in known.module.functions:
        if method.owner is owner:
            if writing := writes(method, source.scene):
                return f"it writes (`{writing}`), which may be meant to be committed on its own"
            if setting := sets_attributes(method, source.scene):
                return f"`{setting}` is set, which would be stored with what the caller commits"
    reasons = [
        hand_over(site, _PARAMETER, maker, name=cls.name, gives="object", edited=edited, source=source)
        for site in call_sites(known, source.scene)
    ]
    if "" not in reasons:
        return reasons[0] if reasons else "no caller of it has a session"
    _write(cls, methods, call, closing, spans=spans)
    return ""


def _class_at(tree: ast.Module, line: int) -> ast.ClassDef | None:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and line in {
            node.lineno,
            *(one.lineno for one in node.decorator_list),
        }:
            return node
    return None


def _opened(enter: "Function") -> tuple[str, ast.Call] | None:
    """`self.x = new_session()` of `__enter__`, where it is the only assignment: the attribute and the call."""
    found = [node for node in ast.walk(enter) if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign))]
    match found:
        case [
            ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=ast.Call() as call
            )
        ] if found[0] in enter.body:
            return name, call
        case _:
            return None


def _closing(methods: "dict[str, Function]", attribute: str) -> ast.Expr | None:
    """`self.x.close()` of `__exit__`, where that is all that it does with the session."""
    leaving = next((methods[name] for name in sorted(_LEAVING) if name in methods), None)
    if leaving is None:
        return None
    reads = [node for node in ast.walk(leaving) if isinstance(node, ast.Attribute) and node.attr == attribute]
    wanted = {f"self.{attribute}.close()", f"await self.{attribute}.close()"}
    closing = [node for node in leaving.body if isinstance(node, ast.Expr) and ast.unparse(node) in wanted]
    return closing[0] if len(closing) == 1 == len(reads) else None


def _odd(cls: ast.ClassDef, attribute: str, call: ast.Call, closing: ast.Expr) -> str:
    """What the class does with its session beyond asking it."""
    above = parents(cls)
    closed = {id(node) for node in ast.walk(closing)}
    for node in ast.walk(cls):
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return "part of it may run later than the call"
        if isinstance(node, (ast.Try, ast.TryStar)) and node.handlers:
            return "it catches exceptions, after which the caller's transaction may be lost"
        if not isinstance(node, ast.Attribute) or node.attr != attribute or id(node) in closed:
            continue
        parent = above.get(node)
        if isinstance(parent, ast.Assign) and parent.value is call:
            continue
        if not isinstance(parent, (ast.Attribute, ast.Call)) or not isinstance(node.ctx, ast.Load):
            return f"its session is used in another way (`{ast.unparse(parent) if parent else attribute}`)"
        if isinstance(parent, ast.Attribute) and parent.attr in MANAGING:
            return f"it does more with its session than ask (`{ast.unparse(parent)}`)"
    return ""


def _odd_start(start: "Function | None", spans: "Spans") -> str:
    """Why `__init__` can't take a session."""
    if start is None:
        return ""
    arguments = start.args
    names = {one.arg for one in ast.walk(arguments) if isinstance(one, ast.arg)}
    if (
        _PARAMETER in names
        or arguments.kwarg is not None
        or arguments.vararg is not None
        or arguments.posonlyargs
    ):
        return "its `__init__` leaves no room for an argument"
    if any(isinstance(node, ast.Return) for node in ast.walk(start)) or start.lineno == start.body[-1].lineno:
        return "its `__init__` is not plain to see"
    return "" if spans.indent(start.body[-1]).strip() == "" else "its `__init__` is not plain to see"


def _write(
    cls: ast.ClassDef, methods: "dict[str, Function]", call: ast.Call, closing: ast.Expr, *, spans: "Spans"
) -> None:
    start = methods.get("__init__")
    if start is None:
        first = next(node for node in cls.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
        inner = spans.indent(first.body[0])[len(spans.indent(first)) :]
        spans.insert_lines_before(
            first,
            [f"def __init__(self, *, {_PARAMETER}=None):", f"{inner}self.{_GIVEN} = {_PARAMETER}", ""],
        )
    else:
        arguments = start.args
        keyword = f"{_PARAMETER}=None" if arguments.kwonlyargs else f"*, {_PARAMETER}=None"
        last = [
            *arguments.args,
            *arguments.defaults,
            *arguments.kwonlyargs,
            *(d for d in arguments.kw_defaults if d),
        ]
        spans.insert(max(spans.span(one)[1] for one in last), f", {keyword}")
        spans.insert_after(start.body[-1], f"\n{spans.indent(start.body[-1])}self.{_GIVEN} = {_PARAMETER}")
    spans.insert_after(call, f" if self.{_GIVEN} is None else self.{_GIVEN}")
    indent = spans.indent(closing)
    spans.insert(spans.span(closing)[0], f"if self.{_GIVEN} is None:\n{indent}    ")


def attribute_given(owner: "Class", source: "Source") -> str | None:
    """The attribute in which a class keeps the session that it is given, if opening and closing do nothing then."""
    spans = source.spans(owner.module.path)
    cls = None if spans is None else _class_at(spans.tree, owner.line)
    if cls is None or cls.bases or source.scene is None or source.scene.project.subclasses(owner):
        return None
    methods = {node.name: node for node in cls.body if isinstance(node, ast.FunctionDef)}
    start, enter, leave = (methods.get(name) for name in ("__init__", "__enter__", "__exit__"))
    if start is None or enter is None or leave is None:
        return None
    keeps = f"self.{_GIVEN} = {_PARAMETER}"
    lines = [ast.unparse(one) for one in enter.body]
    opened = re.fullmatch(
        rf"self\.(\w+) = .+ if self\.{_GIVEN} is None else self\.{_GIVEN}", lines[0] if lines else ""
    )
    if opened is None or lines[1:] != ["return self"] or [ast.unparse(one) for one in start.body] != [keeps]:
        return None
    closing = f"if self.{_GIVEN} is None:\n    self.{opened[1]}.close()"
    return opened[1] if [ast.unparse(one) for one in leave.body] == [closing] else None


def key_of_desk(call: ast.Call, function: "Function", known: "Known", source: "Source") -> str:
    """The session in which a helper works: its name in the caller, or the key of its maker; "" where nobody knows."""
    if known.owner is None:
        defined = definition_of(known, source)
        asked = [
            node.func.value.id
            for node in ([] if defined is None else ast.walk(defined))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "execute"
            and isinstance(node.func.value, ast.Name)
        ]
        names = [] if defined is None else [one.arg for one in defined.args.args]
        at = names.index(asked[0]) if len(asked) == 1 and asked[0] in names else len(call.args)
        return ast.unparse(call.args[at]) if at < len(call.args) else ""
    desk = _desk(call, function)
    opened = None if desk is None else desk.items[0].context_expr
    if not isinstance(opened, ast.Call) or opened.args:
        return ""
    match opened.keywords:
        case [ast.keyword(arg="session", value=ast.Name(id=session))] if attribute_given(known.owner, source):
            return session
        case []:
            maker = _own_maker(known.owner, source)
            return "" if maker is None else maker.key
        case _:
            return ""


def idle_desk(call: ast.Call, function: "Function", known: "Known", source: "Source") -> ast.With | None:
    """The `with` of the desk whose method is called, if opening and closing it do nothing that anybody would miss."""
    if known.owner is None or not key_of_desk(call, function, known, source):
        return None
    desk = _desk(call, function)
    if desk is None or desk.body[0].lineno == desk.lineno:
        return None
    texts = [
        node
        for part in desk.body
        for node in ast.walk(part)
        if isinstance(node, (ast.Constant, ast.JoinedStr)) and node.lineno != node.end_lineno
    ]
    return None if texts else desk


def _desk(call: ast.Call, function: "Function") -> ast.With | None:
    """`with Desk(…) as desk:` of `desk.method(…)`."""
    name = call.func.value if isinstance(call.func, ast.Attribute) else None
    found = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.With)
        and len(node.items) == 1
        and isinstance(node.items[0].optional_vars, ast.Name)
        and isinstance(name, ast.Name)
        and node.items[0].optional_vars.id == name.id
        and any(call is one for part in node.body for one in ast.walk(part))
    ]
    return found[0] if len(found) == 1 and len(bindings(function, name.id)) == 1 else None  # type: ignore[union-attr]  # it has a name then


def _own_maker(owner: "Class", source: "Source") -> "Maker | None":
    """What makes the session of a class that opens it in `__enter__`, closes it in `__exit__`, and does no more there."""
    spans = source.spans(owner.module.path)
    cls = None if spans is None else _class_at(spans.tree, owner.line)
    if cls is None or cls.bases or source.scene is None or source.scene.project.subclasses(owner):
        return None
    methods: dict[str, Function] = {node.name: node for node in cls.body if isinstance(node, ast.FunctionDef)}
    enter, leave = methods.get("__enter__"), methods.get("__exit__")
    if (
        enter is None
        or leave is None
        or "__init__" in methods
        or len(enter.body) != 2
        or len(leave.body) != 1
    ):
        return None
    opened = _opened(enter)
    if opened is None or ast.unparse(enter.body[1]) != "return self" or _closing(methods, opened[0]) is None:
        return None
    return maker_of(opened[1], owner.module, source)
