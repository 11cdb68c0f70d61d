"""What a type expression says a value is."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.lower import lower
from auditor.index.lower_expressions import TooDeep
from auditor.index.symbols import Assigned, Class, External, Function, Module, tail_name
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Dictionary,
    ExtInst,
    Inst,
    Items,
    Many,
    ModelValue,
    Query,
    Row,
    Site,
    Value,
)

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

_COLLECTIONS: Final = frozenset(
    "list List Sequence Iterable Iterator Collection set Set frozenset FrozenSet tuple Tuple Generator AsyncIterator "
    "AsyncGenerator AsyncIterable MutableSequence deque Page ScalarResult InstrumentedList WriteOnlyMapped DynamicMapped "
    "KeysView ValuesView".split()
)
_QUERIES: Final = frozenset("QuerySet BaseManager Manager RelatedManager".split())
_TRANSPARENT: Final = frozenset(
    "Optional Annotated Awaitable Coroutine Mapped Final ClassVar Required NotRequired ReadOnly Union AsyncContextManager "
    "ContextManager".split()
)
_LONGEST_ANNOTATION: Final = 200
_MAPPINGS: Final = frozenset("dict Dict Mapping MutableMapping defaultdict DefaultDict OrderedDict".split())


def annotated(
    m: Machine, module: Module, node: Node | None, function: Function | None = None, depth: int = 0
) -> Value | None:
    """A value of the annotated type; None where the annotation says nothing we use."""
    if node is None or depth > 6:
        return None
    op = node[0]
    if op == ir.CONST:
        written = parsed(node[2]) if isinstance(node[2], str) else None
        return None if written is None else annotated(m, module, written, function, depth + 1)
    if op == ir.BIN:
        left = annotated(m, module, node[3], function, depth + 1)
        return left or annotated(m, module, node[4], function, depth + 1)
    if op == ir.SUB:
        return _generic(m, module, node, function, depth)
    if op in {ir.NAME, ir.ATTR}:
        symbol = m.project.lookup(function, module, node[2]) if op == ir.NAME else None
        if (
            isinstance(symbol, Assigned)
            and symbol.value is not None
            and symbol.value[0] in {ir.SUB, ir.BIN, ir.NAME, ir.ATTR, ir.CONST}
        ):
            return annotated(m, m.project.home(module, symbol), symbol.value, None, depth + 1)
        if isinstance(symbol, Assigned) and symbol.value is not None and is_new_type(symbol.value):
            return annotated(m, m.project.home(module, symbol), symbol.value[3][1], None, depth + 1)
        resolved = m.project.resolve_expression(module, node, function)
        return instance_of(m, resolved)
    return None


def is_new_type(node: Node) -> bool:
    """`NewType("X", Base)`: its values are those of the base."""
    return bool(node[0] == ir.CALL and len(node[3]) == 2 and tail_name(node[2]) == "NewType")


@lru_cache(maxsize=4096)
def parsed(text: str) -> Node | None:
    """The expression of an annotation that is written as a string; None where it is none."""
    if len(text) > _LONGEST_ANNOTATION or text[:1] in {"%", ""}:
        return None
    try:
        body = lower(f"_: {text.strip()}".encode())["body"]
    except TooDeep:
        return None
    return body[0][4] if len(body) == 1 and body[0][0] == ir.ANN else None


def _generic(m: Machine, module: Module, node: Node, function: Function | None, depth: int) -> Value | None:
    head = node[2][2] if node[2][0] == ir.NAME else node[2][3] if node[2][0] == ir.ATTR else ""
    inner = node[3]
    arguments: tuple[Node, ...] = inner[3] if inner[0] == ir.SEQ else (inner,)
    if not arguments:  # `tuple[()]`
        return None
    if head in _TRANSPARENT:
        found = (annotated(m, module, a, function, depth + 1) for a in arguments)
        return next((f for f in found if f is not None), None)
    if head in _COLLECTIONS:
        element = annotated(m, module, arguments[0], function, depth + 1)
        if head in {"tuple", "Tuple"} and len(arguments) > 1 and not _is_dots(arguments[-1]):
            items = [annotated(m, module, a, function, depth + 1) or UNKNOWN for a in arguments]
            return Items("tuple", items, len(items))
        return None if element is None else Many(element, None, "list")
    if head in _QUERIES:
        element = annotated(m, module, arguments[0], function, depth + 1)
        if isinstance(element, Row):
            return Query(element.model.orm, element.model, _site(module, node))
        return None
    if head in _MAPPINGS and len(arguments) == 2:
        value = annotated(m, module, arguments[1], function, depth + 1)
        key = annotated(m, module, arguments[0], function, depth + 1)
        return Dictionary({}, key, value, None, grown=True) if value is not None else None
    if head in {"type", "Type"}:
        element = annotated(m, module, arguments[0], function, depth + 1)
        if isinstance(element, Row):
            return ModelValue(element.model)
        return ClassValue(element.cls) if isinstance(element, Inst) else None
    resolved = m.project.resolve_expression(module, node[2], function)
    return instance_of(m, resolved)


def _is_dots(node: Node) -> bool:
    return bool(node[0] == ir.CONST and node[2] is None)


def _site(module: Module, node: Node) -> Site:
    return Site(None, module, node[1], node[1], node[1])


def instance_of(m: Machine, symbol: object) -> Value | None:
    """An instance of a resolved class."""
    if isinstance(symbol, Class):
        model = m.model_of(symbol)
        if model is not None:
            return Row(model, None)
        queryset = query_class(m, symbol)
        return Inst(symbol, declared=True) if queryset is None else queryset
    if isinstance(symbol, External):
        for orm in m.orms:
            maker = getattr(orm, "value_of_type", None)
            made = None if maker is None else maker(symbol.name)
            if isinstance(made, Value):
                return made
        if symbol.name in m.knowledge.types:
            return ExtInst(m.knowledge.types[symbol.name].name)
    return None


def query_class(m: Machine, cls: Class) -> Value | None:
    """A project manager or queryset class stands for a query of the model it serves, where one is known."""
    if id(cls) in m.plain_classes:
        return None
    for orm in m.orms:
        served = getattr(orm, "served_by", None)
        made = None if served is None else served(cls)
        if isinstance(made, Value):
            return made
    m.plain_classes.add(id(cls))
    return None
