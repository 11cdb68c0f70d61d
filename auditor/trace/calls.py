"""What a call does, for every kind of value that can be called or have methods."""

from __future__ import annotations

from dataclasses import replace
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
    Size,
    Star,
    SuperOf,
    Sym,
    Text,
    Value,
)
from auditor.trace import access, arguments, builtin_calls, hints, intrinsics, walk
from auditor.trace.remembering import FROM_CACHE
from auditor.trace.summary import LibraryCall

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.knowledge.facts import Callback, CallFact
    from auditor.trace.machine import Machine


def call_value(
    m: Machine, value: Value, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """`value(*args, **kwargs)`."""
    if isinstance(value, Func):
        if value.offloaded:
            return offloaded(m, replace(value, offloaded=False), args, kwargs, node)
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
        return call_external(m, value.name, args, kwargs, node)
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
    if isinstance(value, ExtInst | ManagerValue | Query):
        return call_method(m, value, "__call__", args, kwargs, node)
    hook = getattr(value, "call", None)
    if hook is not None:
        return hook(m, args, kwargs, node)  # type: ignore[no-any-return]  # a Hook of rendering
    unresolved(m, node)
    callbacks(m, [*args, *kwargs.values()], node)
    return UNKNOWN


def resolved(m: Machine) -> None:
    if not m.quiet and not m.cx.frames:
        m.cx.summary.resolved_count += 1


def unresolved(m: Machine, node: Node | None) -> None:
    if node is not None and node[0] == ir.CALL:
        m.unresolved(walk.source_name(node[2]) or "(expression)")


def alternatives(m: Machine, value: OneOf, evaluate: Any, node: Node | None) -> Value:
    cx = m.cx
    branch = cx.branch
    outcomes = []
    for n, option in enumerate(value.options):
        cx.branch = (*branch, (id(node or value), n))
        outcomes.append(evaluate(option))
    cx.branch = branch
    return walk.join_all(outcomes)


def call_lambda(m: Machine, value: Lambda, args: list[Value], kwargs: dict[str, Value]) -> Value:
    cx = m.cx
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
        return UNKNOWN if m.depth > 150 else walk.expression(m, value.node[3])
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
    made = Sym("call", sym, (name, args, kwargs))
    hint = sym.hint
    if hint is not None:
        made.hint = hints.quietly(m, lambda: _hinted(m, hint, name, args, kwargs, node))
        if made.hint is UNKNOWN:
            made.hint = None
    plain = name is not None and hint is None and not interesting(m, name, args)
    if not plain:
        m.residual("call", made, sym, (name, tuple(args), kwargs), node)
    if plain or hint is not None:
        resolved(m)
    else:
        unresolved(m, node)
    return made


def _hinted(
    m: Machine, hint: Value, name: str | None, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    if name is None:
        return call_value(m, hint, args, kwargs, node)
    return call_method(m, hint, name, args, kwargs, node)


def interesting(m: Machine, name: str, args: list[Value]) -> bool:
    """False for methods that can only be a plain container's or string's."""
    if name in m.method_names or name in ORM_NAMES:
        return True
    if name in PLAIN:
        return any(isinstance(a, Func | Lambda) for a in args)
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
    special = hints.query_class(m, cls)
    if special is not None:
        return hints.fresh(special)
    cx = m.cx
    at_import = cx.function is None and cx.summary.function is None and m.quiet > 0
    made = Inst(cls, built=True, loops=cx.loops, home=cx.summary.function, shared=at_import)
    init = m.project.method(cls, "__init__")
    if init is not None:
        m.call_function(init, made, args, kwargs, node)
    else:
        declared_fields(m, cls, made, args, kwargs)
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
            default = hints.factory_default(m, cls, name)
            if default is not None:
                made.fields[name] = default


# -- methods ---------------------------------------------------------------------------------------------------


def call_method(
    m: Machine, receiver: Value, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """`receiver.name(*args, **kwargs)`."""
    if isinstance(receiver, Sym):
        return symbolic_method(m, receiver, name, args, kwargs, node)
    if isinstance(receiver, Row):
        return row_method(m, receiver, name, args, kwargs, node)
    if isinstance(receiver, Inst):
        return instance_method(m, receiver, name, args, kwargs, node)
    if isinstance(receiver, ClassValue | ModelValue | ModuleValue | Ext):
        return call_value(m, access.get_attribute(m, receiver, name, node), args, kwargs, node)
    if isinstance(receiver, SuperOf):
        return super_method(m, receiver, name, args, kwargs, node)
    if isinstance(receiver, OneOf):
        return alternatives(m, receiver, lambda o: call_method(m, o, name, args, kwargs, node), node)
    args, kwargs = arguments.flattened(m, args, kwargs)
    if isinstance(receiver, Query | ManagerValue):
        return query_method(m, receiver, name, args, kwargs, node)
    if isinstance(receiver, ExtInst):
        return library_method(m, receiver, name, args, kwargs, node)
    if isinstance(receiver, Many | Items | Dictionary | Const | Text):
        return builtin_calls.method(m, receiver, name, args, kwargs, node)
    if isinstance(receiver, Func):
        return function_method(m, receiver, name, args, kwargs, node)
    located = locate(m, name, args, kwargs, node)
    if located is not None:
        return located
    unresolved(m, node)
    callbacks(m, [*args, *kwargs.values()], node)
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
    stored = sym.memo.get(name)
    if stored is not None:
        return call_value(m, stored, args, kwargs, node)
    located = locate(m, name, args, kwargs, node)
    if located is not None:
        return located
    if isinstance(sym.hint, ExtInst) and has_effect(m, sym.hint, name):
        return library_method(m, sym.hint, name, args, kwargs, node)
    function = hints.declared_method(m, sym.hint, name)
    if function is not None and "property" not in function.static:
        if hints.is_overridden(m, sym.hint, name):
            return call_symbolic(m, sym, name, args, kwargs, node)
        resolved(m)
        return m.call_function(function, receiver_of(function, sym), args, kwargs, node)
    return call_symbolic(m, sym, name, args, kwargs, node)


def has_effect(m: Machine, value: ExtInst, name: str) -> bool:
    """Whether a method of a declared library type costs something, whatever the caller passes."""
    kind = m.knowledge.types.get(value.type)
    fact = None if kind is None else kind.method(name)
    return fact is not None and fact.effect is not None


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
    if (
        function is not None
        and not any(f is function for f, _ in m.cx.frames)
        and m.cx.function is not function
    ):
        resolved(m)
        return m.call_function(function, receiver_of(function, value), args, kwargs, node)
    given = m.orm(value.model.orm).query_method(m, value, name, args, kwargs, node)
    if given is not None:
        resolved(m)
        return given
    unresolved(m, node)
    return UNKNOWN


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
            return dispatched(m, value, name, function, args, kwargs, node)
        return m.call_function(function, receiver_of(function, value), args, kwargs, node)
    found = access.get_attribute(m, value, name, node)
    if found is not UNKNOWN and not (isinstance(found, Ext)):
        return call_value(m, found, args, kwargs, node)
    args, kwargs = arguments.flattened(m, args, kwargs)
    for base in m.project.external_bases(value.cls):
        fact = m.knowledge.calls.get(f"{base}.{name}")
        if fact is not None:
            return apply_fact(m, fact, f"{base}.{name}", args, kwargs, node)
    if name in {"__getitem__", "__contains__", "__call__"}:
        return UNKNOWN
    unresolved(m, node)
    callbacks(m, [*args, *kwargs.values()], node)
    return UNKNOWN


def dispatched(
    m: Machine,
    value: Inst,
    name: str,
    function: Function,
    args: list[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value:
    """A method of an instance that may be of any class below the declared one: each override is an alternative."""
    found = hints.implementations(m, value.cls, name)
    if m.quiet:
        found = found[:1]
    if not found:
        return m.call_function(function, receiver_of(function, value), args, kwargs, node)
    cx = m.cx
    branch = cx.branch
    outcomes = []
    for n, (cls, override) in enumerate(found):
        own = value if cls is value.cls else replace(value, cls=cls)
        if len(found) > 1:
            cx.branch = (*branch, (id(node or value), n))
        outcomes.append(m.call_function(override, receiver_of(override, own), args, kwargs, node))
    cx.branch = branch
    return walk.join_all(outcomes)


def above(m: Machine, value: SuperOf, name: str) -> Function | None:
    """The method that `super().name` is: the next one after `owner` in the receiver's MRO."""
    receiver = value.receiver.hint if isinstance(value.receiver, Sym) else value.receiver
    cls = (
        receiver.cls
        if isinstance(receiver, Inst | ClassValue)
        else receiver.model.cls
        if isinstance(receiver, Row | ModelValue)
        else getattr(receiver, "cls", None)
    ) or value.owner
    mro = m.project.mro(cls)
    if value.owner not in mro:
        mro = m.project.mro(value.owner)
    position = mro.index(value.owner) if value.owner in mro else 0
    for base in mro[position + 1 :]:
        if isinstance(base, Class) and name in base.scope:
            symbol = m.project.pick(base.module, base.scope[name])
            return symbol if isinstance(symbol, Function) else None
    return None


def super_method(
    m: Machine, value: SuperOf, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    function = above(m, value, name)
    receiver = value.receiver
    if isinstance(receiver, Sym) and (
        depends_on_receiver(m, value, name) or (function is None and _library_super(receiver))
    ):
        declared = SuperOf(value.owner, receiver.hint or UNKNOWN)
        return call_symbolic(m, Sym("super", receiver, value.owner, declared), name, args, kwargs, node)
    if function is not None:
        resolved(m)
        return m.call_function(function, receiver_of(function, receiver), args, kwargs, node)
    args, kwargs = arguments.flattened(m, args, kwargs)
    if isinstance(receiver, Row):
        return m.orm(receiver.model.orm).row_method(m, receiver, name, args, kwargs, node) or UNKNOWN
    if isinstance(receiver, Query | ManagerValue):
        return m.orm(receiver.model.orm).query_method(m, receiver, name, args, kwargs, node) or UNKNOWN
    return UNKNOWN


def depends_on_receiver(m: Machine, value: SuperOf, name: str) -> bool:
    """True where classes below put something else between `owner` and what it inherits, as mixins do."""
    key = (id(value.owner), name)
    if key not in m.super_varies:
        targets = {
            id(above(m, SuperOf(value.owner, Inst(cls)), name))
            for cls in (value.owner, *m.project.subclasses(value.owner))
        }
        m.super_varies[key] = len(targets) > 1
    return m.super_varies[key]


def _library_super(receiver: Sym) -> bool:
    return isinstance(receiver.hint, Row | Query | ManagerValue)


def function_method(
    m: Machine, value: Func, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """A method of a decorated function: `task.delay(...)`."""
    for decorator in hints.decorator_names(m.project, value.function):
        fact = m.knowledge.calls.get(decorator)
        if fact is not None and fact.decorates is not None:
            method = m.knowledge.types[fact.decorates].method(name)
            if method is not None:
                return apply_fact(m, method, f"{decorator}.{name}", args, kwargs, node)
    if (
        name
        in {"delay", "apply_async", "send", "send_with_options", "enqueue", "kiq", "defer", "apply_later"}
        and value.function.decorators
    ):
        resolved(m)
        m.effect(
            "task",
            f"enqueue {value.function.name}",
            "write",
            cause="call",
            node=node,
            target=value.function.qualname,
        )
        return UNKNOWN
    return UNKNOWN


# -- libraries -------------------------------------------------------------------------------------------------


def call_external(
    m: Machine, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    if name == "asyncio.gather" and len(args) == 1 and isinstance(args[0], Star):
        resolved(m)
        return Many(access.element(m, args[0].value), access.size_of(m, args[0].value, ""))
    args, kwargs = arguments.flattened(m, args, kwargs)
    if name.startswith("builtins."):
        resolved(m)
        return builtin_calls.call(m, name[9:], args, kwargs, node)
    if name.startswith("auditor_intrinsics."):
        resolved(m)
        return intrinsics.call(m, name.partition(".")[2], args, kwargs, node)
    for orm in m.orms:
        given = orm.external(m, name, args, kwargs, node)
        if given is not None:
            resolved(m)
            return given
    if m.cx.loops and not m.quiet and not m.cx.frames and node is not None:
        found = LibraryCall(name, m.site(), m.cx.loops, m.cx.branch, node)
        m.cx.summary.library_calls.append(found)
    special = builtin_calls.standard(m, name, args, kwargs, node)
    if special is not None:
        resolved(m)
        return special
    fact = m.knowledge.calls.get(name)
    if fact is not None:
        return apply_fact(m, fact, name, args, kwargs, node)
    made = m.knowledge.made_by.get(name)
    resolved(m)
    callbacks(m, [*args, *kwargs.values()], node)
    return Ext(f"{name}()") if made is None else ExtInst(made)


def library_method(
    m: Machine, receiver: ExtInst, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    for orm in m.orms:
        hook = getattr(orm, "library_method", None)
        given = None if hook is None else hook(m, receiver, name, args, kwargs, node)
        if given is not None:
            resolved(m)
            return given  # type: ignore[no-any-return]  # the hook is optional, so it is not in the protocol
    kind = m.knowledge.types.get(receiver.type)
    fact = None if kind is None else kind.method(name)
    if fact is None:
        resolved(m)
        callbacks(m, [*args, *kwargs.values()], node)
        return UNKNOWN
    return apply_fact(m, fact, f"{receiver.type}.{name}", args, kwargs, node)


def apply_fact(
    m: Machine, fact: CallFact, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """What the knowledge says of a library call."""
    resolved(m)
    if fact.effect is not None:
        shown = label(name, fact, args)
        m.effect(
            fact.effect,
            shown,
            "write" if fact.write or writes(fact, shown) else "read",
            cause="call",
            node=node,
            fact=fact,
            target=name,
            arguments=(*args, *kwargs.values()),
        )
        if fact.effect == "log":
            for a in args:
                access.shown(m, a, node)
    if fact.callback is not None:
        hand_over(m, fact.callback, name, args, kwargs, node)
    if fact.returns is not None:
        return ExtInst(fact.returns)
    if fact.effect == "cache" and not fact.write:
        return FROM_CACHE
    return UNKNOWN if fact.effect is not None else Ext(f"{name}()")


def hand_over(
    m: Machine, callback: Callback, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> None:
    """A library calls what it was given, with the arguments that follow it; once per element for a `map`."""
    given = kwargs.get(callback.keyword or "")
    position = callback.position
    rest: list[Value] = []
    if given is None and position is not None and position < len(args):
        given, rest = args[position], args[position + 1 :]
    if not isinstance(given, Func | Lambda | Sym | OneOf | Inst | Ext):
        return
    cx = m.cx
    before = cx.loops, cx.deferred
    cx.deferred = cx.deferred or callback.runs_in == "later"
    if name.endswith(".map") and rest:
        source = node[3][1] if node is not None and node[0] == ir.CALL and len(node[3]) > 1 else (ir.OTHER, 0, ())
        loop, element = access.open_loop(m, rest[0], node, "call", walk.source_name(source), None)
        rest = [element, *(access.element(m, a) for a in rest[1:])]
        m.inside(loop)
    if callback.runs_in in {"thread", "process", "later"}:
        offloaded(m, given, rest, {}, node)
    else:
        call_value(m, given, rest, {}, node)
    cx.loops, cx.deferred = before


def offloaded(m: Machine, value: Value, args: list[Value], kwargs: dict[str, Value], node: Node | None) -> Value:
    """A call that another thread or process makes."""
    before, m.cx.offloaded = m.cx.offloaded, True
    try:
        return call_value(m, value, args, kwargs, node)
    finally:
        m.cx.offloaded = before


def label(name: str, fact: CallFact, args: list[Value]) -> str:
    short = ".".join(name.split(".")[-2:]) if fact.effect != "log" else f"log.{name.rpartition('.')[2]}"
    if fact.effect == "sql":
        for a in args[:2]:
            text = a.template if isinstance(a, Text) else a.value if isinstance(a, Const) else None
            if isinstance(text, str) and " " in text:
                return " ".join(text.split())[:80]
    return short


_WRITING: Final = frozenset(
    "INSERT UPDATE DELETE REPLACE MERGE UPSERT CREATE DROP ALTER TRUNCATE COPY GRANT REVOKE VACUUM REINDEX".split()
)


def writes(fact: CallFact, text: str) -> bool:
    """Whether a statement given as text changes something."""
    first, _, rest = text.partition(" ")
    return fact.effect == "sql" and bool(rest) and first.upper() in _WRITING


def callbacks(m: Machine, values: list[Value], node: Node | None) -> None:
    """Functions handed to code that is not known are assumed to be called, once."""
    for value in values:
        if isinstance(value, Lambda) or (isinstance(value, Func) and value.function.parent is not None):
            call_value(m, value, [], {}, node)


# -- protocols -------------------------------------------------------------------------------------------------


def enter(m: Machine, value: Value, node: Node | None) -> Value:
    """What `with value as x` binds."""
    if isinstance(value, Many) and value.kind in {"gen", "batches"}:
        return value.elem
    if isinstance(value, Inst):
        for name in ("__enter__", "__aenter__"):
            function = m.project.method(value.cls, name)
            if function is not None:
                return m.call_function(function, value, [], {}, node)
        return value
    if isinstance(value, ExtInst):
        for orm in m.orms:
            hook = getattr(orm, "library_method", None)
            given = None if hook is None else hook(m, value, "__enter__", [], {}, node)
            if given is not None:
                return given  # type: ignore[no-any-return]  # optional hook
        kind = m.knowledge.types.get(value.type)
        if kind is not None:
            fact = kind.methods.get("__enter__") or kind.methods.get("__aenter__")
            if fact is not None:
                apply_fact(m, fact, f"{value.type}.__enter__", [], {}, node)
            if kind.enters is not None:
                return ExtInst(kind.enters)
    return value


def leave(m: Machine, value: Value, node: Node | None) -> None:
    """What happens at the end of `with value`."""
    if isinstance(value, Inst):
        for name in ("__exit__", "__aexit__"):
            function = m.project.method(value.cls, name)
            if function is not None:
                m.call_function(function, value, [UNKNOWN] * 3, {}, node)
                return
    elif isinstance(value, ExtInst):
        for orm in m.orms:
            hook = getattr(orm, "library_method", None)
            if hook is not None and hook(m, value, "__exit__", [], {}, node) is not None:
                return
        kind = m.knowledge.types.get(value.type)
        if kind is not None:
            fact = kind.methods.get("__exit__") or kind.methods.get("__aexit__")
            if fact is not None and fact.effect is not None:
                apply_fact(m, fact, f"{value.type}.__exit__", [], {}, node)


def extended(m: Machine, before: Value, more: Value) -> Value:
    """A list with more added to it."""
    items = [before, more]
    if all(isinstance(i, Items) for i in items):
        joined = [x for i in items if isinstance(i, Items) for x in i.items]
        return Items("list", joined, len(joined))
    access.fetch(m, more, None, "materialise")
    elements = [access.element(m, i) for i in items]
    sizes = [i.size for i in items if isinstance(i, Many) and i.size is not None]
    size: Size | None = sizes[0] if sizes else None
    return Many(walk.join_all(elements), size)


def concatenated(left: Value, right: Value) -> Value:
    def text(v: Value) -> str:
        if isinstance(v, Text):
            return v.template
        return str(v.value) if isinstance(v, Const) and isinstance(v.value, str) else "{}"

    if (
        isinstance(left, Const)
        and isinstance(right, Const)
        and isinstance(left.value, str)
        and isinstance(right.value, str)
    ):
        return Const(left.value + right.value)
    return Text(text(left) + text(right))


__all__ = ["External", "call_method", "call_value", "replace"]
