"""Values that a set finds exactly where a list finds them: they can be hashed, and those that are equal have one hash."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.single_names import assignment, bindings
from auditor.rules import turns
from auditor.rules.declared import models

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.codemods.places import Function
    from auditor.rules.scene import Scene

_PLAIN_COLUMNS: Final = frozenset(
    "String Text Unicode UnicodeText VARCHAR TEXT Integer BigInteger SmallInteger INTEGER BIGINT SMALLINT Boolean Date "
    "DateTime Time DATE Uuid UUID CharField TextField IntegerField BigIntegerField SmallIntegerField SlugField EmailField "
    "PositiveIntegerField PositiveBigIntegerField PositiveSmallIntegerField BooleanField DateField DateTimeField "
    "TimeField UUIDField AutoField BigAutoField SmallAutoField URLField int str bool".split()
)
_MAKING: Final = frozenset({"str", "int", "len", "bool", "repr", "ord", "chr", "hash"})
_TEXT_METHODS: Final = frozenset(
    "strip lstrip rstrip lower upper title casefold capitalize isoformat strftime format hexdigest".split()
)
_ANNOTATED: Final = frozenset(
    {"str", "int", "bool", "date", "datetime", "UUID", "datetime.date", "uuid.UUID"}
)
_MIXED: Final = frozenset({"StrEnum", "IntEnum", "IntFlag", "TextChoices", "IntegerChoices"})
_DEEP: Final = 5


@dataclass(frozen=True, slots=True)
class Looked:
    """What is looked at."""

    scene: "Scene"
    only_certain: bool = False
    """No member of an enumeration will do: keys of rows, and what was made a text or number just then."""


def is_hashed_alike(scene: "Scene", /) -> bool:
    """Whether no enumeration of the project equals a text or a number without having its hash."""
    for module in scene.project.modules:
        for cls in module.classes if module.role != "library" else ():
            names = {turns.name_of(base) for base in cls.bases}
            if names & _MIXED or (len(names) > 1 and any("Enum" in name for name in names)):
                return False
    return True


def is_hashable(node: ast.expr, function: "Function", looked: "Looked", /, depth: int = 0) -> bool:
    """Whether an expression gives a text, a whole number, a day, an identifier, or a tuple of such; never in doubt."""

    def again(one: ast.expr) -> bool:
        return depth < _DEEP and is_hashable(one, function, looked, depth + 1)

    match node:
        case ast.Constant() | ast.JoinedStr() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Tuple(elts=elts):
            return all(again(one) for one in elts)
        case ast.IfExp(body=first, orelse=second):
            return again(first) and again(second)
        case ast.BinOp(
            op=ast.Add() | ast.Sub() | ast.Mult() | ast.Mod() | ast.FloorDiv(), left=left, right=right
        ):
            return again(left) and again(right)
        case ast.Call(func=ast.Name(id=name), args=[_]):
            return name in _MAKING
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in _TEXT_METHODS
        case ast.Attribute(value=ast.Name(), attr=name):
            return _is_plain(name, looked)
        case ast.Name(id=name):
            return depth < _DEEP and _is_hashable_name(name, function, looked, depth + 1)
        case _:
            return False


def are_hashable(function: "Function", name: str, looked: "Looked", /, depth: int = 0) -> bool:
    """Whether a name stands for one list, all of whose items are hashable, as far as the function's own text fills it."""
    bound = assignment(function, name)
    if bound is None or depth >= _DEEP or not _items_are(bound.value, function, looked, depth):
        return False
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr="append"), args=[item]) if (
                found == name
            ):
                if not is_hashable(item, function, looked, depth + 1):
                    return False
            case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr="extend"), args=[items]) if (
                found == name
            ):
                if not _items_are(items, function, looked, depth):
                    return False
            case _:
                pass
    return True


def changes(function: "Function", name: str, /) -> "Iterator[ast.AST]":
    """Whatever may change the list that a name stands for, or give it another name by which it may be changed."""
    above = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(function):
        if not (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)):
            continue
        holder = above.get(node)
        match holder:
            case ast.Compare() | ast.UnaryOp() | ast.BoolOp():
                continue
            case ast.For(iter=found) | ast.AsyncFor(iter=found) | ast.comprehension(iter=found) if (
                found is node
            ):
                continue
            case ast.If(test=found) | ast.IfExp(test=found) | ast.While(test=found) if found is node:
                continue
            case ast.Subscript(value=found, ctx=ast.Load()) if found is node:
                continue
            case ast.Call(func=ast.Name(id="len" | "sorted" | "set" | "sum" | "min" | "max" | "any" | "all")):
                continue
            case ast.Attribute(attr="index" | "count" | "copy"):
                continue
            case _:
                yield holder if holder is not None else node


def _items_are(node: ast.expr, function: "Function", looked: "Looked", depth: int) -> bool:
    match node:
        case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
            return all(is_hashable(one, function, looked, depth + 1) for one in elts)
        case ast.ListComp(elt=elt) | ast.GeneratorExp(elt=elt):
            return is_hashable(elt, function, looked, depth + 1)
        case ast.SetComp() | ast.DictComp() | ast.Dict():
            return True  # a set and the keys of a dictionary are hashed already
        case ast.Call(func=ast.Name(id="list" | "sorted" | "tuple" | "reversed"), args=[inner]):
            return _items_are(inner, function, looked, depth)
        case ast.Call(func=ast.Name(id="set" | "frozenset" | "range" | "dict")):
            return True
        case ast.Call(func=ast.Attribute(attr="split" | "splitlines" | "keys")):
            return True
        case ast.Call(
            func=ast.Attribute(attr="values_list"),
            args=[ast.Constant(value=str() as column)],
            keywords=[ast.keyword(arg="flat", value=ast.Constant(value=True))],
        ):
            return _is_plain(column, looked)
        case ast.Name(id=name):
            return depth < _DEEP and are_hashable(function, name, looked, depth + 1)
        case _:
            return False


def _is_hashable_name(name: str, function: "Function", looked: "Looked", depth: int) -> bool:
    """Whether everything that a name is bound to is hashable."""
    bound = bindings(function, name)
    if not bound:
        return False
    for one in bound:
        if isinstance(one, ast.arg):
            if one.annotation is None or ast.unparse(one.annotation) not in _ANNOTATED:
                return False
        elif not _bound_alike(one, function, looked, depth):
            return False
    return True


def _bound_alike(store: ast.AST, function: "Function", looked: "Looked", depth: int) -> bool:
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[target], value=value) if target is store:
                return is_hashable(value, function, looked, depth)
            case ast.For(target=target, iter=items) | ast.comprehension(target=target, iter=items) if (
                target is store
            ):
                return _items_are(items, function, looked, depth)
            case _:
                pass
    return False


def _is_plain(name: str, looked: "Looked") -> bool:
    return is_key(name, looked.scene) if looked.only_certain else is_plain_column(name, looked.scene)


def is_key(name: str, scene: "Scene", /) -> bool:
    """Whether every model that has an attribute of this name keeps its own key there, or another row's."""
    found = [
        name in model.columns and (name == model.primary_key or model.columns[name].foreign_key is not None)
        for model in models(scene)
        if name in model.columns or name in model.relations
    ]
    return bool(found) and all(found)


def is_plain_column(name: str, scene: "Scene", /) -> bool:
    """Whether every model that has an attribute of this name keeps a plain value there."""
    found = [
        name in model.columns and _is_plain_type(model.columns[name].type, model.columns[name].foreign_key)
        for model in models(scene)
        if name in model.columns or name in model.relations
    ]
    return bool(found) and all(found)


def _is_plain_type(type_: str, foreign_key: str | None) -> bool:
    return type_.rpartition(".")[2] in _PLAIN_COLUMNS or (not type_ and foreign_key is not None)
