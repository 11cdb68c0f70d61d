"""What kind of value an expression of a function has, where its source says so."""

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.column_kinds import Kind, column_of, kind_of
from auditor.codemods.places import parents
from auditor.codemods.single_names import assignment, bindings
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.index.symbols import Module

_NAMES: Final[dict[str, Kind]] = {
    "int": "int",
    "bool": "bool",
    "date": "date",
    "datetime.date": "date",
    "PositiveInt": "int",
    "NonNegativeInt": "int",
}
_CONVERTED: Final = re.compile(r"<int(?:\([^>]*\))?:(\w+)>")
_ARITHMETIC: Final = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)
_DEEP: Final = 6


@dataclass(frozen=True, slots=True)
class Valued:
    """An expression's value: of one kind, or else None where `optional`."""

    kind: Kind
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Values:
    """The expressions of one function."""

    function: "Function"
    module: "Module"
    source: "Source"

    def of(self, node: ast.expr, depth: int = 0, /) -> Valued | None:
        """The value of an expression that reads nothing but names bound once; None where it isn't known."""
        if depth > _DEEP:
            return None
        match node:
            case ast.Constant(value=bool()):
                return Valued("bool")
            case ast.Constant(value=int()):
                return Valued("int")
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=inner):
                return self._number([inner], depth)
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _ARITHMETIC):
                return self._number([left, right], depth)
            case ast.BoolOp(op=ast.Or(), values=values):
                return self._either(values, depth)
            case ast.Call():
                return self._of_call(node, depth)
            case ast.Name(id=name):
                return self._of_name(name, depth)
            case ast.Attribute(value=ast.Name(id=name), attr=attr):
                return self._of_attribute(name, attr)
            case _:
                return None

    def _number(self, nodes: list[ast.expr], depth: int) -> Valued | None:
        found = [self.of(node, depth + 1) for node in nodes]
        return Valued("int") if all(one == Valued("int") for one in found) else None

    def _either(self, values: list[ast.expr], depth: int) -> Valued | None:
        """`a or b`: None only where the last may be."""
        found = [self.of(node, depth + 1) for node in values]
        kinds = {None if one is None else one.kind for one in found}
        last = found[-1]
        return last if len(kinds) == 1 and last is not None else None

    def _of_call(self, call: ast.Call, depth: int) -> Valued | None:
        text = ast.unparse(call.func)
        if text in {"int", "len"} and len(call.args) == 1 and not call.keywords:
            return Valued("int")
        if text in {"date.today", "datetime.date.today"} and not call.args:
            return Valued("date")
        if text in {"min", "max"} and len(call.args) > 1 and not call.keywords:
            return self._number(call.args, depth)
        given = {word.arg: word.value for word in call.keywords}
        kind = given.get("type")
        if text.endswith("args.get") and isinstance(kind, ast.Name) and kind.id == "int" and call.args:
            default = call.args[1] if len(call.args) > 1 else given.get("default")
            is_set = default is not None and self.of(default, depth + 1) == Valued("int")
            return Valued("int", optional=not is_set) if is_set or default is None else None
        return None

    def _of_name(self, name: str, depth: int) -> Valued | None:
        bound = assignment(self.function, name)
        if bound is not None:
            return self.of(bound.value, depth + 1)
        one = self._parameter(name)
        if one is None:
            return None
        if one.annotation is None:
            converted = any(
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and name in _CONVERTED.findall(node.value)
                for decorator in self.function.decorator_list
                for node in ast.walk(decorator)
            )
            return Valued("int") if converted else None
        found = annotated(one.annotation)
        return (
            found if found is None or not self._defaults_to_none(one) else Valued(found.kind, optional=True)
        )

    def _parameter(self, name: str) -> ast.arg | None:
        """The parameter that is all that binds a name."""
        bound = bindings(self.function, name)
        above = parents(self.function)
        is_own = (
            len(bound) == 1 and isinstance(bound[0], ast.arg) and above.get(bound[0]) is self.function.args
        )
        return bound[0] if is_own and isinstance(bound[0], ast.arg) else None

    def _defaults_to_none(self, one: ast.arg) -> bool:
        arguments = self.function.args
        positional = [*arguments.posonlyargs, *arguments.args]
        pairs: list[tuple[ast.arg, ast.expr | None]] = [
            *zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]
        return any(
            argument is one and isinstance(default, ast.Constant) and default.value is None
            for argument, default in pairs
        )

    def _of_attribute(self, name: str, attr: str) -> Valued | None:
        """An annotated attribute of a parameter whose class is known; of a row, what its column holds."""
        one = self._parameter(name)
        match None if one is None else one.annotation:
            case ast.Name(id=named):
                pass
            case ast.Constant(value=str() as named):
                pass
            case _:
                return None
        if one is not None and self._defaults_to_none(one):
            return None
        scene = self.source.scene
        assert scene is not None
        found = scene.project.resolve(self.module, named)
        if not isinstance(found, Class):
            return None
        model = scene.trace.machine.model_of(found)
        if model is not None:
            column = column_of(model, attr)
            kind = None if column is None else kind_of(column, scene)
            return None if kind is None or column is None else Valued(kind, optional=column.nullable)
        return self._declared(found, attr)

    def _declared(self, cls: "Class", attr: str) -> Valued | None:
        spans = self.source.spans(cls.module.path)
        for node in ast.walk(spans.tree) if spans is not None else ():
            if isinstance(node, ast.ClassDef) and node.name == cls.name and node.lineno <= cls.end_line:
                stated = [
                    one
                    for one in node.body
                    if isinstance(one, ast.AnnAssign)
                    and isinstance(one.target, ast.Name)
                    and one.target.id == attr
                ]
                if len(stated) == 1:
                    found = annotated(stated[0].annotation)
                    empty = isinstance(stated[0].value, ast.Constant) and stated[0].value.value is None
                    return found if found is None or not empty else Valued(found.kind, optional=True)
        return None


def annotated(node: ast.expr, /) -> Valued | None:
    """What an annotation says: `int`, `date | None`, `Optional[int]`, in quotes or not."""
    match node:
        case ast.Constant(value=str() as text):
            try:
                return annotated(ast.parse(text, mode="eval").body)
            except SyntaxError:
                return None
        case ast.Name() | ast.Attribute():
            kind = _NAMES.get(ast.unparse(node))
            return None if kind is None else Valued(kind)
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            inner = annotated(left)
        case ast.BinOp(left=ast.Constant(value=None), op=ast.BitOr(), right=right):
            inner = annotated(right)
        case ast.Subscript(value=ast.Name(id="Optional"), slice=one):
            inner = annotated(one)
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[first, *_])):
            return annotated(first)
        case _:
            return None
    return None if inner is None else Valued(inner.kind, optional=True)
