"""Whether what a call gives may be used again, in place of calling again."""

import ast
from typing import TYPE_CHECKING, Final, Literal

from auditor.codemods.batch_helpers import callee
from auditor.codemods.single_names import assignment, bindings
from auditor.rules.declared import models

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source

Reuse = Literal["value", "object", ""]
"""`value` can't be changed, `object` is the same one for all who use it, "" may be used up by its first use."""

_VALUES: Final = frozenset({"int", "str", "float", "bool", "len", "repr", "any", "all", "bytes"})
_COLLECTIONS: Final = frozenset({"list", "dict", "set", "tuple", "sorted", "frozenset"})
_NUMBERS: Final = frozenset({"count", "exists", "acount", "aexists"})
_KEPT: Final = frozenset(
    "first one one_or_none get all fetchone fetchall scalar scalar_one scalar_one_or_none json filter exclude "
    "order_by select_related prefetch_related distinct annotate values values_list aggregate in_bulk get_or_404 "
    "first_or_404 get_object_or_404 last latest earliest aget afirst alast aaggregate".split()
)
"""Methods that give a row, a list, or a queryset, which keeps its rows."""
_USED_UP: Final = frozenset(
    "open execute scalars stream stream_scalars iter map filter zip reader urlopen iterator cursor enumerate "
    "reversed yield_per partitions iterdir scandir glob rglob iter_content iter_lines mappings tuples columns".split()
)
_PLAIN: Final = frozenset(
    "String Text Unicode UnicodeText Integer BigInteger SmallInteger Boolean Date DateTime Time Float Numeric Enum "
    "Uuid UUID Interval CharField TextField IntegerField BigIntegerField SmallIntegerField PositiveIntegerField "
    "BooleanField DateField DateTimeField TimeField FloatField DecimalField UUIDField SlugField EmailField AutoField "
    "BigAutoField URLField DurationField str int bool float".split()
)
"""Types of columns whose values can't be changed in place."""
_DEEP: Final = 4


def reuse(value: ast.expr, function: "Function | None", /, *, source: "Source", path: str) -> Reuse:
    """What using an expression's value again would share; a call of a library is taken for an object."""
    call = value.value if isinstance(value, ast.Await) else value
    if isinstance(call, ast.Call):
        name = _name(call)
        known = callee(call, source, path) if source.scene is not None else None
        if known is not None:
            return reuse_of_function(known.module.path, known.line, source=source)
        if name not in _VALUES | _COLLECTIONS | _NUMBERS | _KEPT:
            return "" if name in _USED_UP else "object"
    return _of(value, function, source, 0)


def reuse_of_function(path: str, line: int, /, *, source: "Source") -> Reuse:
    """What the returns of a function of the project have in common."""
    spans = source.spans(path)
    defined = None if spans is None else _defined_at(spans.tree, line)
    if defined is None:
        return ""
    own = list(_own(defined))
    if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in own):
        return ""
    returned = [node.value for node in own if isinstance(node, ast.Return) and node.value is not None]
    return _least([_of(value, defined, source, 0) for value in returned] or ["value"])


def _defined_at(tree: ast.AST, line: int) -> "Function | None":
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and line in {
            node.lineno,
            *(decorator.lineno for decorator in node.decorator_list),
        }:
            return node
    return None


def _own(function: "Function") -> list[ast.AST]:
    """The nodes of a function, without those of functions inside it."""
    found: list[ast.AST] = []
    queue: list[ast.AST] = list(function.body)
    while queue:
        node = queue.pop()
        found.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            queue.extend(ast.iter_child_nodes(node))
    return found


def _of(node: ast.expr, function: "Function | None", source: "Source", depth: int) -> Reuse:
    def again(one: ast.expr) -> Reuse:
        return _of(one, function, source, depth)

    match node:  # what is not told apart here may be used up
        case ast.Constant() | ast.JoinedStr() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return "value"
        case ast.IfExp(body=first, orelse=second):
            return _least([again(first), again(second)])
        case ast.BoolOp(values=values):
            return _least([again(one) for one in values])
        case ast.Tuple(elts=elts):
            return _least([again(one) for one in elts] or ["value"])
        case ast.BinOp(left=left, right=right):
            return "value" if again(left) == "value" == again(right) else ""
        case ast.Await(value=inner):
            return again(inner)
        case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp() | ast.SetComp():
            return "object"
        case ast.Attribute(attr=name):
            return "value" if _is_plain_column(name, source) else ""
        case ast.Call():
            return _of_call(node)
        case ast.Name(id=name) if function is not None and depth < _DEEP:
            return _of_name(name, function, source, depth)
        case _:
            return ""


def _of_call(call: ast.Call) -> Reuse:
    name = _name(call)
    if isinstance(call.func, ast.Name):
        return "value" if name in _VALUES else "object" if name in _COLLECTIONS else ""
    if name in _NUMBERS:
        return "value"
    return "object" if name in _KEPT else ""


def _of_name(name: str, function: "Function", source: "Source", depth: int) -> Reuse:
    bound = assignment(function, name)
    if bound is not None:
        return _of(bound.value, function, source, depth + 1)
    if [type(one) for one in bindings(function, name)] == [ast.arg]:
        return "object"
    values = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
    ]
    if len(values) == len(bindings(function, name)):
        return _least([_of(value, function, source, depth + 1) for value in values])
    return ""


def _is_plain_column(name: str, source: "Source") -> bool:
    """Whether every model that has an attribute of this name keeps something there that can't be changed."""
    scene = source.scene
    if scene is None:
        return False
    found = [
        model.columns[name].type.rpartition(".")[2] in _PLAIN if name in model.columns else False
        for model in models(scene)
        if name in model.columns or name in model.relations
    ]
    return bool(found) and all(found)


def _least(found: "list[Reuse]") -> Reuse:
    for one in ("", "object"):
        if one in found:
            return one
    return "value"


def _name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
