"""A query that a function asks with values it was given, taken apart so that it can be asked for many of them at once."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from auditor.codemods.places import parents
from auditor.codemods.single_names import assignment, loads

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.index.values import Query

Terminal = Literal["rows", "first", "count"]
_NARROWING: Final = frozenset({"filter", "where"})
_LEGACY: Final = frozenset({"filter", "filter_by", "where", "order_by", "options"})
_DJANGO: Final = frozenset({"all", "filter", "exclude", "order_by", "select_related", "prefetch_related"})
_RUNNING: Final = frozenset({"scalars", "execute"})
_TERMINALS: Final[dict[str, Terminal]] = {"all": "rows", "first": "first", "count": "count"}
_REDUCING: Final = frozenset({"sum", "min", "max", "any", "all", "len"})
_CONSUMING: Final = frozenset({"list", "tuple", "set", "frozenset", "dict", "sorted"})


@dataclass(frozen=True, slots=True)
class Condition:
    """`Model.column == value`, `column=value`, or the same with a collection of values."""

    column: str
    """Attribute of the model."""
    value: ast.expr
    is_many: bool
    node: ast.AST
    """The comparison; of a keyword argument the keyword."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The query, from its root to where its rows are all there."""

    orm: Literal["sqlalchemy", "django"]
    whole: ast.expr
    """The expression that gives the answer, where it is used."""
    query: ast.expr
    """The same as rows that can be walked over: without its last call, if that takes one of them or counts."""
    inlined: dict[ast.AST, ast.AST]
    """What names in it stand for that hold parts of the query."""
    terminal: Terminal
    model: str
    """The model, as the source names it; "" for Django."""
    selected: tuple[ast.expr, ...]
    """Columns, where the rows are no entities."""
    conditions: tuple[Condition, ...]
    is_ordered: bool
    statement: ast.stmt
    """The statement that runs the query."""
    named: str
    """What the running statement binds the result to, when it does nothing else."""
    is_inline: bool = False
    """Nothing can be put before `whole` alone: it stands in a comprehension, or behind a condition of its expression."""
    needs: tuple[str, ...] = ()
    """Names of `sqlalchemy` that `query` uses and the source may not."""

    def is_finished_by(self, whole: ast.expr, /) -> bool:
        """Whether an expression in the place of `whole` gives a list of its own."""
        called = whole.func if isinstance(whole, ast.Call) else None
        return self.orm != "django" and isinstance(called, ast.Attribute) and called.attr == "all"


def asking_of(function: "Function", query: "Query", /) -> Asking | str:
    """Takes the one query apart that `query` stands for in `function`; a reason where its shape is not known."""
    lines = range(query.site.start, query.site.end + 1)
    find = _django_roots if query.orm == "django" else _sqlalchemy_roots
    roots = [node for node in find(function) if node.lineno in lines and _may_ask(node, query)]
    got = [] if query.orm == "django" else [one for one in _got(function, query) if one.whole.lineno in lines]
    if len(roots) + len(got) != 1 and not (
        len(got) == 1 and len(roots) == 1 and roots[0] in ast.walk(got[0].whole)
    ):
        return "the query is not written as one chain of calls"
    if got:
        return _asking_of_got(function, query, got[0])
    return _Climb(function, query.orm).from_root(roots[0])


@dataclass(frozen=True, slots=True)
class _Got:
    """`session.get(M, key)`, `session.query(M).get(key)` or `M.query.get(key)`, whose rows a query by the key gives too."""

    whole: ast.expr
    model: ast.expr
    key: ast.expr
    on: ast.expr
    """The session, or the query."""


def _got(function: "Function", query: "Query") -> list[_Got]:
    found: list[_Got] = []
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=on, attr="get"), args=[model, key], keywords=[]) if (
                _is_class(model)
            ):
                found.append(_Got(node, model, key, on))
            case ast.Call(
                func=ast.Attribute(
                    attr="get",
                    value=ast.Call(func=ast.Attribute(attr="query"), args=[model], keywords=[])
                    | ast.Attribute(attr="query", value=model) as on,
                ),
                args=[key],
                keywords=[],
            ) if _is_class(model):
                found.append(_Got(node, model, key, on))
            case _:
                pass
    return [one for one in found if ast.unparse(one.model).rpartition(".")[2] == query.model.cls.name]


def _asking_of_got(function: "Function", query: "Query", got: _Got) -> Asking | str:
    """What is got by its key, as the query that would fetch it."""
    if isinstance(got.key, (ast.Tuple, ast.Dict, ast.List)) or not query.model.primary_key:
        return "the key has several parts"
    is_awaited = isinstance(parents(function).get(got.whole), ast.Await)
    whole = parents(function)[got.whole] if is_awaited else got.whole
    assert isinstance(whole, ast.expr), "a call, or what waits for it"
    column = ast.Attribute(got.model, query.model.primary_key, ast.Load())
    compared = ast.Compare(column, [ast.Eq()], [got.key])
    by_query = isinstance(got.whole, ast.Call) and len(got.whole.args) == 1
    if by_query:
        made: ast.expr = ast.Call(ast.Attribute(got.on, "filter", ast.Load()), [compared], [])
    else:
        chosen = ast.Call(ast.Name("select", ast.Load()), [got.model], [])
        narrowed = ast.Call(ast.Attribute(chosen, "where", ast.Load()), [compared], [])
        made = ast.Call(ast.Attribute(got.on, "scalars", ast.Load()), [narrowed], [])
    placed = _Climb(function, query.orm).placed(whole)
    if placed is None:
        return "the query stands where nothing can be put before it"
    statement, is_inline = placed
    return Asking(
        orm="sqlalchemy",
        whole=whole,
        query=ast.Await(made) if is_awaited else made,
        inlined={},
        terminal="first",
        model=ast.unparse(got.model),
        selected=(),
        conditions=(Condition(query.model.primary_key, got.key, is_many=False, node=compared),),
        is_ordered=False,
        statement=statement,
        named="",
        is_inline=is_inline,
        needs=() if by_query else ("select",),
    )


def _may_ask(root: ast.expr, query: "Query") -> bool:
    """Whether what stands at a root may be the query's model: another query may begin on the same line."""
    named = (
        root.args if isinstance(root, ast.Call) else [root.value] if isinstance(root, ast.Attribute) else []
    )
    words = {
        word
        for one in named
        for node in ast.walk(one)
        for word in (
            [node.id]
            if isinstance(node, ast.Name)
            else [node.attr]
            if isinstance(node, ast.Attribute)
            else []
        )
        if word[:1].isupper()
    }
    return not words or query.model.cls.name in words


def _sqlalchemy_roots(function: "Function") -> list[ast.expr]:
    """`session.query(…)`, `select(…)` and `Model.query`."""
    found: list[ast.expr] = []
    for node in ast.walk(function):
        match node:
            case (
                ast.Call(func=ast.Attribute(attr="query"), args=[_, *_])
                | ast.Call(func=ast.Name(id="select"))
            ):
                found.append(node)
            case ast.Attribute(attr="query", value=value) if _is_class(value):
                found.append(node)
            case _:
                pass
    return found


def _django_roots(function: "Function") -> list[ast.expr]:
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == "objects" and isinstance(node.value, ast.Name)
    ]


class _Climb:
    """From the root of a query upwards to where its rows are used."""

    def __init__(self, function: "Function", orm: str) -> None:
        self._function = function
        self._orm = orm
        self._above = parents(function)
        self._inlined: dict[ast.AST, ast.AST] = {}
        self._calls: list[tuple[str, ast.Call]] = []
        self._running: ast.expr | None = None
        self._named = ""

    def from_root(self, root: ast.expr) -> Asking | str:
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
        if running == ["execute", "scalars"]:
            running = ["scalars"]
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
        below = last.func.value if terminal in {"first", "count"} and isinstance(last, ast.Call) else top  # type: ignore[attr-defined]  # a method call
        placed = self.placed(self._running or top)
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
        return None if self._orm == "django" and name == "all" else _TERMINALS.get(name)

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
                return first is top and name in _CONSUMING
            case _:
                return False

    def _entity(self, root: ast.expr, running: list[str]) -> tuple[str, tuple[ast.expr, ...]] | str:
        if not isinstance(root, ast.Call):
            named = root.value if isinstance(root, ast.Attribute) and self._orm != "django" else None
            return "" if named is None else ast.unparse(named), ()
        if root.keywords or not root.args or any(isinstance(one, ast.Starred) for one in root.args):
            return "what the query selects is not known"
        if len(root.args) == 1 and running != ["execute"] and _is_class(root.args[0]):
            return ast.unparse(root.args[0]), ()
        owners = {ast.unparse(one.value) for one in root.args if isinstance(one, ast.Attribute)}
        is_plain = all(isinstance(one, ast.Attribute) and _is_class(one.value) for one in root.args)
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

    def placed(self, node: ast.AST) -> tuple[ast.stmt, bool] | None:
        """The statement around a place, and whether the place is one that only an expression can be put in."""
        before = self._statement(node)
        if before is not None:
            return before, False
        at: ast.AST | None = node
        while at is not None and not isinstance(at, ast.stmt):
            above = self._above.get(at)
            is_late = isinstance(above, ast.GeneratorExp) and not is_used_up(above, self._above.get(above))
            if isinstance(above, ast.Lambda) or is_late:
                return None
            at = above
        return None if at is None else (at, True)

    def _statement(self, node: ast.AST) -> ast.stmt | None:
        """The statement around the place, if what is put before it comes before nothing else."""
        at: ast.AST | None = node
        while at is not None and not isinstance(at, ast.stmt):
            above = self._above.get(at)
            match above:
                case ast.Lambda() | ast.IfExp() | ast.BoolOp():
                    return None
                case ast.comprehension(iter=walked) if walked is not at:
                    return None
                case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp() if (
                    above.generators[0] is not at
                ):
                    return None
                case ast.Call() | ast.Dict() | ast.List() | ast.Tuple() | ast.Set() | ast.keyword():
                    if not all(_only_reads(one) for one in _before(above, at)):
                        return None
                case _:
                    pass
            at = above
        is_simple = isinstance(at, (ast.Assign, ast.Return, ast.For, ast.Expr, ast.AnnAssign))
        return at if is_simple and isinstance(at, ast.stmt) else None


_READING: Final = frozenset(
    "all filter exclude order_by values values_list count exists first get isoformat strftime date lower upper strip "
    "format join scalars scalar scalar_one one one_or_none query select items keys".split()
)
_PLAIN: Final = frozenset(
    "len str int float bool sum min max sorted list tuple set dict any all round abs select".split()
)


def _before(around: ast.AST, at: ast.AST) -> list[ast.AST]:
    """The parts of an expression that are worked out before one of them."""
    match around:
        case ast.Call(func=func, args=args, keywords=keywords):
            parts: list[ast.AST] = [func, *args, *keywords]
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            parts = [one for pair in pairs for one in pair if one is not None]
        case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
            parts = list(elts)
        case _:
            return []
    return parts[: parts.index(at)]


def _only_reads(node: ast.AST) -> bool:
    """Whether working something out changes nothing that a query would see: what it calls is known to read."""
    for one in ast.walk(node):
        if isinstance(one, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
            return False
        match one:
            case ast.Call(func=ast.Attribute(attr=name)) if name in _READING:
                pass
            case ast.Call(func=ast.Name(id=name)) if name in _PLAIN:
                pass
            case ast.Call():
                return False
            case _:
                pass
    return True


def is_used_up(made: ast.GeneratorExp, by: ast.AST | None, /) -> bool:
    """Whether what a generator gives is all taken, or no more wanted, where it is made."""
    match by:
        case ast.Call(func=ast.Name(id=name), args=[first, *_]):
            return first is made and name in _CONSUMING | _REDUCING
        case ast.Call(func=ast.Attribute(attr="join"), args=[first]):
            return first is made
        case _:
            return False


def _is_class(node: ast.expr) -> bool:
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
