"""A query written as one chain of calls, followed from its root to where its rows are used."""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.asking import Asking, Condition, Terminal
from auditor.codemods.places import parents
from auditor.codemods.put_before import CONSUMING, is_used_up, place_before
from auditor.codemods.single_names import assignment, loads

if TYPE_CHECKING:
    from auditor.codemods.places import Function

_NARROWING: Final = frozenset({"filter", "where"})
_LEGACY: Final = frozenset({"filter", "filter_by", "where", "order_by", "options"})
_DJANGO: Final = frozenset({"all", "filter", "exclude", "order_by", "select_related", "prefetch_related"})
_RUNNING: Final = frozenset({"scalars", "execute"})
_TERMINALS: Final[dict[str, Terminal]] = {
    "all": "rows",
    "first": "first",
    "one_or_none": "first",
    "one": "one",
    "count": "count",
}
_OF_TUPLES: Final[dict[str, Terminal]] = {"scalar_one_or_none": "first", "scalar_one": "one"}
"""What takes the entity out of the only tuple that `execute` gives."""


class Climb:
    """From the root of a query upwards to where its rows are used."""

    def __init__(self, function: "Function", orm: str) -> None:
        self._function = function
        self._orm = orm
        self._above = parents(function)
        self._inlined: dict[ast.AST, ast.AST] = {}
        self._calls: list[tuple[str, ast.Call]] = []
        self._running: ast.expr | None = None
        self._named = ""

    def from_root(self, root: ast.expr, /) -> Asking | str:
        """The query that begins at `root`; a reason where it can't be taken apart."""
        top, context = self._top(root)
        if isinstance(context, str):
            return context
        terminal = self._terminal()
        last = self._calls[-1][1] if terminal is not None else None
        if last is not None and (last.args or last.keywords):
            return "the query ends in a call with arguments"
        if terminal is None and not self._is_walked(top):
            return "the query is handed on before it is run"
        steps = self._calls[:-1] if terminal is not None else self._calls
        names = [name for name, _ in steps if name not in _RUNNING]
        allowed = _DJANGO if self._orm == "django" else _LEGACY | ({"unique"} if self._running else set())
        if odd := [name for name in names if name not in allowed]:
            return f"the query has a `{odd[0]}`"
        running = [name for name, _ in steps if name in _RUNNING]
        of_tuple = last is not None and self._calls[-1][0] in _OF_TUPLES
        if running == ["execute", "scalars"] or (running == ["execute"] and of_tuple):
            running = ["scalars"]
        elif of_tuple:
            return "the statement is not run in a way that is known"
        is_select = isinstance(root, ast.Call) and isinstance(root.func, ast.Name)
        is_counted = (
            terminal == "count" and self._orm != "django" and (is_select or not isinstance(root, ast.Call))
        )
        if is_select != bool(running) or len(running) > 1 or is_counted:
            return "the statement is not run in a way that is known"
        entity = self._entity(root, running)
        if isinstance(entity, str):
            return entity
        model, selected = entity
        conditions = self._conditions(steps, model)
        if isinstance(conditions, str):
            return conditions
        takes = terminal in {"first", "one", "count"}
        below = last.func.value if takes and isinstance(last, ast.Call) else top  # type: ignore[attr-defined]  # a method call
        if of_tuple:
            below = ast.Call(ast.Attribute(below, "scalars", ast.Load()), [], [])
        placed = place_before(self._running or top, self._above)
        if placed is None or (placed[1] and self._inlined):
            return "the query stands where nothing can be put before it"
        statement, is_inline = placed
        return Asking(
            orm="django" if self._orm == "django" else "sqlalchemy",
            whole=top,
            query=below,
            inlined=self._inlined,
            terminal=terminal or "rows",
            model=model,
            selected=selected,
            conditions=conditions,
            is_ordered="order_by" in names,
            statement=statement,
            named=self._named,
            is_inline=is_inline,
        )

    def _top(self, root: ast.expr) -> tuple[ast.expr, str | None]:
        """The last expression of the chain; a reason where it leads nowhere."""
        node = root
        while True:
            parent = self._above.get(node)
            match parent:
                case ast.Attribute(value=value) if value is node:
                    called = self._above.get(parent)
                    if not isinstance(called, ast.Call) or called.func is not parent:
                        return node, "the query is used in a way that is not known"
                    self._calls.append((parent.attr, called))
                    node = called
                case ast.Call(func=ast.Attribute(attr=attr), args=[only], keywords=[]) if (
                    only is node and attr in _RUNNING and self._running is None and self._orm != "django"
                ):
                    self._calls.append((attr, parent))
                    self._running = node = parent
                case ast.Await():
                    node = parent
                case ast.Assign(targets=[ast.Name(id=name)]) if self._terminal() is None:
                    read = loads(self._function, name)
                    if assignment(self._function, name) is not parent or len(read) != 1:
                        return node, f"`{name}` is more than the query"
                    self._inlined[read[0]] = node
                    if self._running is not None:
                        self._named = name
                    node = read[0]
                case _:
                    return node, None

    def _terminal(self) -> Terminal | None:
        name = self._calls[-1][0] if self._calls else ""
        if self._orm == "django":
            return _TERMINALS[name] if name in {"first", "count"} else None
        return _TERMINALS.get(name) or _OF_TUPLES.get(name)

    def _is_walked(self, top: ast.expr) -> bool:
        """Whether it is only walked over, at once."""
        match self._above.get(top):
            case ast.comprehension(iter=walked) as clause if walked is top and not clause.is_async:
                around = self._above.get(clause)
                is_first = getattr(around, "generators", [None])[0] is clause
                if isinstance(around, ast.GeneratorExp):
                    return is_first and is_used_up(around, self._above.get(around))
                return is_first and isinstance(around, (ast.ListComp, ast.SetComp, ast.DictComp))
            case ast.For(iter=walked):
                return walked is top
            case ast.Call(func=ast.Name(id=name), args=[first, *_]):
                return first is top and name in CONSUMING
            case _:
                return False

    def _entity(self, root: ast.expr, running: list[str]) -> tuple[str, tuple[ast.expr, ...]] | str:
        if not isinstance(root, ast.Call):
            named = root.value if isinstance(root, ast.Attribute) and self._orm != "django" else None
            return "" if named is None else ast.unparse(named), ()
        if root.keywords or not root.args or any(isinstance(one, ast.Starred) for one in root.args):
            return "what the query selects is not known"
        if len(root.args) == 1 and running != ["execute"] and is_class(root.args[0]):
            return ast.unparse(root.args[0]), ()
        owners = {ast.unparse(one.value) for one in root.args if isinstance(one, ast.Attribute)}
        is_plain = all(isinstance(one, ast.Attribute) and is_class(one.value) for one in root.args)
        if not is_plain or len(owners) != 1 or running == ["scalars"]:
            return "the query selects more than one model, or computes something"
        return owners.pop(), tuple(root.args)

    def _conditions(self, steps: list[tuple[str, ast.Call]], model: str) -> tuple[Condition, ...] | str:
        found: list[Condition] = []
        for name, call in steps:
            if name in _NARROWING and self._orm != "django":
                if call.keywords:
                    return "a condition is not written as a comparison"
                found += [one for given in call.args if (one := _compared(given, model))]
            elif name in {"filter", "filter_by"}:
                if any(keyword.arg is None for keyword in call.keywords):
                    return "a condition is not written out"
                found += [
                    one for keyword in call.keywords if (one := _keyword(keyword, django=name == "filter"))
                ]
        columns = [one.column for one in found]
        if len(set(columns)) != len(columns):
            return "a column is compared twice"
        return tuple(found)


def is_class(node: ast.expr, /) -> bool:
    """`Book` or `models.Book`, going by the capital."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name[:1].isupper()


def _compared(node: ast.expr, model: str) -> Condition | None:
    match node:
        case ast.Compare(
            left=ast.Attribute(value=owner, attr=column), ops=[ast.Eq()], comparators=[value]
        ) if ast.unparse(owner) == model:
            return Condition(column, value, is_many=False, node=node)
        case ast.Call(
            func=ast.Attribute(attr="in_", value=ast.Attribute(value=owner, attr=column)),
            args=[value],
            keywords=[],
        ) if ast.unparse(owner) == model:
            return Condition(column, value, is_many=True, node=node)
        case _:
            return None


def _keyword(keyword: ast.keyword, *, django: bool) -> Condition | None:
    assert keyword.arg is not None
    name, _, lookup = keyword.arg.partition("__")
    if not lookup:
        return Condition(name, keyword.value, is_many=False, node=keyword)
    if django and lookup == "in":
        return Condition(name, keyword.value, is_many=True, node=keyword)
    return None
