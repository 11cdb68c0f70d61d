"""What a call does, for every kind of value that can be called or have methods."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from auditor.index import ir
from auditor.index.symbols import Class, External, Function
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Dictionary,
    Ext,
    ExtInst,
    Func,
    Inst,
    Items,
    Lambda,
    ManagerValue,
    Many,
    ModelValue,
    ModuleValue,
    OneOf,
    Query,
    Row,
    SuperOf,
    Sym,
    Text,
    Value,
    altered,
    stepped,
)
from auditor.trace import (
    access,
    arguments,
    awaiting,
    builtin_methods,
    declarations,
    delegating,
    dispatch,
    expressions,
    hints,
    joining,
    libraries,
    members,
    naming,
    open_queries,
    picked_fields,
    plain,
    response_models,
    statement_texts,
)
from auditor.trace.context import REPLAY_BUDGET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

_UNNAMED: Final[Mapping[str, Value]] = MappingProxyType({})
"""The keyword arguments of most calls that wait for a caller."""


def call_value(
    m: Machine, value: Value, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """`value(*args, **kwargs)`."""
    if isinstance(value, Func):
        if value.offloaded:
            return libraries.offloaded(m, altered(value, offloaded=False), args, kwargs, node)
        given = [*value.args, *args]
        named = {**(value.kwargs or {}), **kwargs}
        resolved(m)
        call = m.call_plain if value.bare else m.call_function
        return call(value.function, value.receiver, given, named, node, value.env)
    if isinstance(value, ClassValue):
        return construct(m, value.cls, args, kwargs, node)
    if isinstance(value, Sym):
        return call_symbolic(m, value, None, args, kwargs, node)
    if isinstance(value, OneOf):
        return alternatives(m, value, lambda o: call_value(m, o, args, kwargs, node), node)
    if isinstance(value, Inst):
        return call_method(m, value, "__call__", args, kwargs, node)
    if isinstance(value, Ext):
        return libraries.call_external(m, value.name, args, kwargs, node)
    if isinstance(value, ModelValue):
        resolved(m)
        init = m.project.method(value.model.cls, "__init__")
        row = m.orm(value.model.orm).construct(m, value.model, *arguments.flattened(m, args, kwargs))
        if init is not None:
            m.call_function(init, row, args, kwargs, node)
        return row
    args, kwargs = arguments.flattened(m, args, kwargs)
    if isinstance(value, Lambda):
        resolved(m)
        return call_lambda(m, value, args, kwargs)
    if isinstance(value, (ExtInst, ManagerValue, Query)):
        return call_method(m, value, "__call__", args, kwargs, node)
    hook = getattr(value, "call", None)
    if hook is not None:
        return hook(m, args, kwargs, node)  # type: ignore[no-any-return]  # a Hook of rendering
    unresolved(m, node)
    libraries.callbacks(m, [*args, *kwargs.values()], node)
    return UNKNOWN


def resolved(m: Machine) -> None:
    if not m.quiet and not m.cx.frames:
        m.cx.summary.resolved_count += 1


def unresolved(m: Machine, node: Node | None) -> None:
    if node is None or node[0] != ir.CALL:
        return
    if plain.is_plain(m, node):
        resolved(m)
    else:
        m.unresolved(naming.source_name(node[2]) or "(expression)", node)


def alternatives(m: Machine, value: OneOf, evaluate: Any, node: Node | None) -> Value:
    cx = m.cx
    branch = cx.branch
    outcomes = []
    for n, option in enumerate(value.options):
        cx.branch = (*branch, (id(node or value), n))
        outcomes.append(evaluate(option))
    cx.branch = branch
    return joining.join_all(outcomes)


def call_lambda(m: Machine, value: Lambda, args: list[Value], kwargs: dict[str, Value]) -> Value:

    cx = m.cx
    cx.spent += 1  # a lambda has no summary: each call reads its body again, those of its body's lambdas too
    if cx.spent >= REPLAY_BUDGET:
        cx.summary.truncated = True
        return UNKNOWN
    before = cx.env, cx.function, cx.module, cx.frames, cx.line, cx.start, cx.end
    if cx.function is not None and cx.function is not value.function:
        cx.frames = (*cx.frames, (cx.function, cx.line or cx.start))
    env = dict(value.env)
    given = list(args)
    for name, kind, _, default in value.node[2]:
        if kind == "pos" and given:
            env[name] = given.pop(0)
        elif kind == "*":
            env[name] = Items("tuple", given, len(given))
        elif name in kwargs:
            env[name] = kwargs[name]
        else:
            env[name] = fallback(value.env, default)
    cx.env, cx.function, cx.module = env, value.function, value.module
    if cx.module is not before[2] or value.function is not before[1]:
        cx.line = cx.start = cx.end = value.node[1]
    m.depth += 1
    try:
        return UNKNOWN if m.depth > 150 else expressions.expression(m, value.node[3])
    finally:
        cx.env, cx.function, cx.module, cx.frames, cx.line, cx.start, cx.end = before
        m.depth -= 1


def fallback(env: dict[str, Value], default: Node | None) -> Value:
    """The default of a lambda's parameter: a constant or a name of where it stands."""
    if default is not None and default[0] == ir.CONST:
        return Const(default[2])
    return env.get(default[2], UNKNOWN) if default is not None and default[0] == ir.NAME else UNKNOWN


def call_symbolic(
    m: Machine, sym: Sym, name: str | None, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """A call on something that a parameter decides; replayed where it is known."""
    made = Sym("call", sym, None)
    hint = sym.hint
    if hint is not None:
        made.hint = hints.quietly(m, lambda: _hinted(m, hint, name, args, kwargs, node))
        if made.hint is UNKNOWN:
            made.hint = None
    silent = name is not None and hint is None and not interesting(m, name, args)
    if not silent:
        m.residual("call", made, sym, (name, tuple(args), kwargs or _UNNAMED), node)
    if silent or hint is not None or node is None or plain.is_plain(m, node):
        resolved(m)
    else:
        m.waiting(node, naming.source_name(node[2]) or "(expression)")
    return made


def _hinted(
    m: Machine, hint: Value, name: str | None, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    cx = m.cx
    before, cx.supposed = cx.supposed, True
    try:
        if name is None:
            return call_value(m, hint, args, kwargs, node)
        return call_method(m, hint, name, args, kwargs, node)
    finally:
        cx.supposed = before


def interesting(m: Machine, name: str, args: list[Value]) -> bool:
    """False for methods that can only be a plain container's or string's."""
    if name in m.method_names or name in ORM_NAMES:
        return True
    if name in PLAIN:
        return any(isinstance(a, (Func, Lambda)) for a in args)
    return True


PLAIN: Final = frozenset(
    "append extend strip lstrip rstrip lower upper split rsplit join format replace startswith endswith encode decode items "
    "keys pop setdefault title capitalize isdigit splitlines partition rpartition isoformat strftime total_seconds group "
    "groups match copy clear insert remove index sort reverse timestamp date time weekday as_dict find rfind zfill".split()
)
ORM_NAMES: Final = frozenset(
    "all filter exclude get first last count exists order_by values values_list update delete create save add commit execute "
    "scalars scalar one one_or_none query select_related prefetch_related flush refresh remove clear items".split()
)


def construct(
    m: Machine, cls: Class, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """`Class(...)`: an instance with the fields that its constructor sets."""
    resolved(m)
    special = declarations.query_class(m, cls)
    if special is not None:
        return joining.fresh(special)
    cx = m.cx
    at_import = cx.function is None and cx.summary.function is None and m.quiet > 0
    made = Inst(cls, built=True, loops=cx.loops, home=cx.summary.function, shared=at_import)
    init = m.project.method(cls, "__init__")
    if init is not None:
        m.call_function(init, made, args, kwargs, node)
        picked_fields.note(m, made, kwargs)
    else:
        declared_fields(m, cls, made, args, kwargs)
        if kwargs:
            response_models.filled(m, cls, kwargs, node)
    post = m.project.method(cls, "__post_init__")
    if post is not None:
        m.call_function(post, made, [], {}, node)
    return made


def declared_fields(m: Machine, cls: Class, made: Inst, args: list[Value], kwargs: dict[str, Value]) -> None:
    """Dataclasses, named tuples and pydantic models: annotated class attributes are the constructor's parameters."""
    args, kwargs = arguments.flattened(m, args, kwargs)
    names = [
        s[3][2]
        for base in reversed(m.project.mro(cls))
        if isinstance(base, Class)
        for s in base.body
        if s[0] == ir.ANN and s[3][0] == ir.NAME
    ]
    made.fields.update(zip(names, args, strict=False))
    made.fields.update(kwargs)
    for name in names:
        if name not in made.fields:
            default = members.factory_default(m, cls, name)
            if default is not None:
                made.fields[name] = default


# -- methods ---------------------------------------------------------------------------------------------------


def call_method(
    m: Machine, receiver: Value, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """`receiver.name(*args, **kwargs)`."""
    if name == awaiting.METHOD:
        return awaiting.awaited(m, receiver, node)
    if isinstance(receiver, Sym):
        return symbolic_method(m, receiver, name, args, kwargs, node)
    if isinstance(receiver, Row):
        return row_method(m, receiver, name, args, kwargs, node)
    if isinstance(receiver, Inst):
        return instance_method(m, receiver, name, args, kwargs, node)
    if isinstance(receiver, ClassValue) and name in response_models.BUILDING:
        made = response_models.built(m, receiver.cls, args, kwargs, node)
        if made is not None:
            resolved(m)
            return made
    if isinstance(receiver, (ClassValue, ModelValue, ModuleValue, Ext)):
        return call_value(m, access.get_attribute(m, receiver, name, node), args, kwargs, node)
    if isinstance(receiver, SuperOf):
        return dispatch.super_method(m, receiver, name, args, kwargs, node)
    if isinstance(receiver, OneOf):
        return alternatives(m, receiver, lambda o: call_method(m, o, name, args, kwargs, node), node)
    if isinstance(receiver, Query) and open_queries.is_put_off(receiver, name, kwargs):
        return put_off(m, receiver, name, args, kwargs, node)
    args, kwargs = arguments.flattened(m, args, kwargs)
    if isinstance(receiver, (Query, ManagerValue)):
        return query_method(m, receiver, name, args, kwargs, node)
    if isinstance(receiver, ExtInst):
        if open_queries.is_run_on(receiver, name, args):
            return put_off(m, receiver, name, args, kwargs, node)
        return libraries.library_method(m, receiver, name, args, kwargs, node)
    if isinstance(receiver, (Many, Items, Dictionary, Const, Text)):
        return builtin_methods.method(m, receiver, name, args, kwargs, node)
    if isinstance(receiver, Func):
        return libraries.function_method(m, receiver, name, args, kwargs, node)
    if hasattr(receiver, "members"):  # a Namespace of macros
        return call_value(m, access.get_attribute(m, receiver, name, node), args, kwargs, node)
    located = locate(m, name, args, kwargs, node)
    if located is None:
        located = statement_texts.ran(m, receiver, name, args, kwargs, node)
    if located is not None:
        return located
    unresolved(m, node)
    libraries.callbacks(m, [*args, *kwargs.values()], node)
    return UNKNOWN


def locate(
    m: Machine, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value | None:
    """What a service locator's method gives, whatever it is called on."""
    locator = m.locators.get(name)
    maker = None if locator is None else locator(args, kwargs)
    if maker is None:
        return None
    resolved(m)
    if isinstance(maker, Function):
        return m.call_function(maker, None, [UNKNOWN] * len(maker.params), {}, node)
    return construct(m, maker, [], {}, node)


def symbolic_method(
    m: Machine, sym: Sym, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    stored = sym.recalled(name)
    if stored is not None:
        return call_value(m, stored, args, kwargs, node)
    located = locate(m, name, args, kwargs, node)
    if located is not None:
        return located
    if isinstance(sym.hint, ExtInst) and libraries.has_effect(m, sym.hint, name):
        return libraries.library_method(m, sym.hint, name, args, kwargs, node)
    function = members.declared_method(m, sym.hint, name)
    if function is not None and "property" not in function.static:
        if members.is_overridden(m, sym.hint, name):
            return call_symbolic(m, sym, name, args, kwargs, node)
        resolved(m)
        return m.call_function(function, receiver_of(function, sym), args, kwargs, node)
    return call_symbolic(m, sym, name, args, kwargs, node)


def receiver_of(function: Function, value: Value) -> Value | None:
    return None if function.static == "static" else value


def row_method(
    m: Machine, row: Row, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    if name in row.extra:
        return call_value(m, row.extra[name], args, kwargs, node)
    function = m.project.method(row.model.cls, name)
    if function is not None and "property" not in function.static:
        resolved(m)
        return m.call_function(function, receiver_of(function, row), args, kwargs, node)
    args, kwargs = arguments.flattened(m, args, kwargs)
    given = m.orm(row.model.orm).row_method(m, row, name, args, kwargs, node)
    if given is not None:
        resolved(m)
        return given
    found = access.get_attribute(m, row, name, node)
    return UNKNOWN if found is UNKNOWN else call_value(m, found, args, kwargs, node)


def query_function(m: Machine, value: Query | ManagerValue | Value, name: str) -> Function | None:
    """A method that the project's manager or queryset class adds."""
    classes = (
        (value.cls, value.queryset_cls) if isinstance(value, ManagerValue) else (getattr(value, "cls", None),)
    )
    for cls in classes:
        found = None if cls is None else m.project.method(cls, name)
        if found is not None:
            return found
    return None


def query_method(
    m: Machine,
    value: Query | ManagerValue,
    name: str,
    args: list[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value:
    function = query_function(m, value, name)
    if function is not None:
        m.refrains.watch.asked.add(id(function))
    if (
        function is not None
        and not any(f is function for f, _ in m.cx.frames)
        and m.cx.function is not function
    ):
        resolved(m)
        made = m.call_function(function, receiver_of(function, value), args, kwargs, node)
        return going_on(m, made) if isinstance(made, Query) and made.model is value.model else made
    given = m.orm(value.model.orm).query_method(m, value, name, args, kwargs, node)
    if given is not None:
        resolved(m)
        return given
    unresolved(m, node)
    return UNKNOWN


def put_off(
    m: Machine, value: Value, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """A call that waits for the caller, who says of which entity the query is."""
    resolved(m)
    made = Sym("call", value, None)
    m.residual("call", made, value, (name, tuple(args), kwargs or _UNNAMED), node)
    return made


def going_on(m: Machine, made: Query) -> Query:
    """A query that a method of the project's own queryset made: as after `filter`, it goes on where that was called."""
    if made.orm != "django":
        return made
    site = m.site()
    return altered(made, site=site, steps=stepped(made, site))


def instance_method(
    m: Machine, value: Inst, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    if name in value.fields:
        return call_value(m, value.fields[name], args, kwargs, node)
    function = m.project.method(value.cls, name)
    if function is not None:
        if "property" in function.static:
            return call_value(m, access.get_attribute(m, value, name, node), args, kwargs, node)
        resolved(m)
        if value.declared:
            return dispatch.dispatched(m, value, name, function, args, kwargs, node)
        return m.call_function(function, receiver_of(function, value), args, kwargs, node)
    behind = None if m.project.member(value.cls, name) else delegating.delegate(m, value, name)
    if behind is not None:
        return call_method(m, behind, name, args, kwargs, node)
    found = access.get_attribute(m, value, name, node)
    if found is not UNKNOWN and not (isinstance(found, Ext)):
        return call_value(m, found, args, kwargs, node)
    args, kwargs = arguments.flattened(m, args, kwargs)
    for base in m.project.external_bases(value.cls):
        fact = m.knowledge.calls.get(f"{base}.{name}")
        if fact is not None:
            return libraries.apply_fact(m, fact, f"{base}.{name}", args, kwargs, node)
    if name in {"__getitem__", "__contains__", "__call__"}:
        return UNKNOWN
    told = statement_texts.ran(m, value, name, args, kwargs, node)
    if told is not None:
        return told
    unresolved(m, node)
    libraries.callbacks(m, [*args, *kwargs.values()], node)
    return UNKNOWN


# -- libraries -------------------------------------------------------------------------------------------------


# -- protocols -------------------------------------------------------------------------------------------------


__all__ = ["External", "call_method", "call_value"]
