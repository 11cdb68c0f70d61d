"""Asks before a loop, once for all its turns, what functions called in the loop ask one by one

## What it does
A query that a function asks with values it was given, called on each turn of a loop, directly or through other
functions, gets a sibling that asks it for many keys at once (`IN`, at most 500 values a time). The loop's function calls
the sibling before the loop, and hands the rows down the calls in a parameter that is None by default. The function
takes its rows out of it where its key is among them, and asks as before where it is not, or where nobody hands it any.

## What it never does
It acts only where every key is said before the loop by reading names and columns, where nothing in the loop, or in
what it calls, writes to the database, commits, or opens a session, where the loop runs to its end, and where the key's
columns are whole numbers, dates, or refer to such. Queries that are cut, grouped or locked are left alone.

## What it leaves to a person
How many rows there are for all keys together: they are in memory at the same time.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.asked_rows import asking_of
from auditor.codemods.asking import Asking
from auditor.codemods.batching import Plan
from auditor.codemods.column_kinds import column_of
from auditor.codemods.handing_down import Handing
from auditor.codemods.key_columns import kind_of
from auditor.codemods.lifting import Lifting
from auditor.codemods.loop_items import Unliftable, statement_of, whole
from auditor.codemods.many_asked import Dimension, singular
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.places import free_name, names_bound
from auditor.codemods.reads_only import below, write_in
from auditor.codemods.repeatable import items_of
from auditor.codemods.ways import Stage, stages_of, ways_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.codemods.asking import Condition
    from auditor.codemods.source import Source
    from auditor.codemods.ways import Hops
    from auditor.index.values import Column, Model
    from auditor.model.report import Finding
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

NAME: Final = "batch_across_calls"
RULES: Final = ("query-in-loop",)
AFTER_OTHERS: Final = True
"""It alters functions that others call: what is mended in one place is better mended there."""
_MOST_LOOPS: Final = 8
_ATTRIBUTE_KINDS: Final = {"int": "isinstance({}, int)", "date": "type({}) is date"}


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """One query before the outermost loop that allows it, for the first query of the finding that can be asked so."""
    if source.scene is None:
        return Declined(NAME, "what the loop asks for is not known")
    reasons: list[str] = []
    for effect, way in _asked(finding, source.scene):
        for n in range(_MOST_LOOPS):
            attempt = _attempt(effect, way, n, source)
            if isinstance(attempt, Written):
                return attempt
            if attempt is None:
                break
            reasons.append(attempt)
    return Declined(NAME, reasons[0] if reasons else "no query that the loop asks is known to the trace")


def _attempt(effect: "Effect", way: "Hops", number: int, source: "Source") -> Written | str | None:
    """The patch for one of the loops on a way, outermost first; why there is none; None where there is no such loop.

    Each attempt reads the files anew: one that fails leaves edits behind.
    """
    assert effect.query is not None, "only such effects are looked at"
    stages = stages_of(way, source)
    if isinstance(stages, str):
        return stages if number == 0 else None
    asking = asking_of(stages[-1].node, effect.query)
    if isinstance(asking, str):
        return asking if number == 0 else None
    loops = list(_loops(stages, asking))
    if number >= len(loops):
        return None
    at, loop = loops[number]
    try:
        return _written(stages[at:], loop, asking, effect.query.model, source)
    except Unliftable as reason:
        return str(reason)


def _asked(finding: "Finding", scene: "Scene") -> "Iterator[tuple[Effect, Hops]]":
    """The reads that the finding's statements lead to, each place once, with every way through those statements."""
    places = [(finding.file, range(finding.line, finding.end_line + 1))]
    places += [(one.file, range(one.line, one.end_line + 1)) for one in finding.related if one.role == "call"]
    for path, lines in places:
        called = below(scene, path, lines[0], lines[-1])
        reached = frozenset(
            (one.module.path, one.line) for one in called
        )  # variants are functions of their own
        found: dict[tuple[str, int, str], Effect] = {}
        for _, effect in scene.effects():
            home, line = effect.site.function, effect.site.line
            is_read = effect.kind == "sql" and effect.operation != "write" and effect.cause == "query"
            is_inside = home is not None and (home.module.path, home.line) in reached
            is_here = effect.site.module.path == path and line in lines
            if is_read and (is_inside or is_here) and not effect.remembered and effect.query is not None:
                found.setdefault((effect.site.module.path, line, effect.query.model.key), effect)
        for key in sorted(found):
            for way in ways_to(found[key], scene):
                if any(known.module.path == path and at in lines for known, at in way):
                    yield found[key], way


def _loops(stages: tuple[Stage, ...], asking: Asking) -> "Iterator[tuple[int, ast.AST]]":
    """The loops on the way, outermost first, each with the number of its stage."""
    for n, stage in enumerate(stages):
        found: list[ast.AST] = []
        for child, node in stage.around(stage.call or asking.whole):
            if isinstance(node, ast.For) and child is not node.iter:
                found.append(node)
            if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp)):
                found.append(node.generators[0])
        yield from ((n, one) for one in reversed(found))


def _written(
    stages: tuple[Stage, ...], loop: ast.AST, asking: Asking, model: "Model", source: "Source"
) -> Written:
    scene = source.scene
    assert scene is not None, "asked with a trace only"
    _plain(stages, loop, asking)
    items = items_of(stages[0], loop, scene)
    lifting = Lifting(stages, scene, loop, items.rows)
    dimensions, keys = _dimensions(asking, model, lifting, scene)
    _answerable(asking, model, dimensions)
    tests = tuple(_tests(stages, loop, asking, lifting))
    plan = Plan(stages, loop, asking, dimensions, keys, tests, lifting, items)
    held = statement_of(loop, stages[0])
    if len(stages) == 1 and held is asking.statement and not asking.is_inline:
        raise Unliftable("the query is asked in a comprehension")
    if writing := write_in(held, stages[0], source):
        raise Unliftable(f"the loop may write (`{writing}`), which a query before it would not see")
    return _patched(plan, model, source)


def _plain(stages: tuple[Stage, ...], loop: ast.AST, asking: Asking) -> None:
    """Declines where the loop may end early, or where what is on the way is more than plain functions."""
    first = stages[0]
    held = whole(loop, first)
    for node in ast.walk(held):
        if isinstance(node, (ast.Break, ast.Return, ast.Yield, ast.YieldFrom)):
            raise Unliftable("the loop may end before its last turn")
    for n, stage in enumerate(stages):
        if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(stage.node)):
            raise Unliftable(f"`{stage.node.name}` gives its results one by one")
        if n and stage.node.decorator_list:
            raise Unliftable(f"`{stage.node.name}` is decorated")
        arguments = stage.node.args
        if n and (arguments.vararg or arguments.kwarg or arguments.posonlyargs):
            raise Unliftable(f"`{stage.node.name}` takes its arguments in more than one way")
        for child, node in stage.around(stage.call or asking.whole):
            if isinstance(node, (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef, ast.GeneratorExp)):
                raise Unliftable("it is asked in a function inside the loop, or later")
            if isinstance(node, (ast.Try, ast.TryStar)) and child not in node.orelse:
                raise Unliftable("each turn catches what the query may raise")
            if isinstance(node, (ast.While, ast.AsyncFor)):
                raise Unliftable("a loop on the way has no known end")
            ends = (isinstance(one, (ast.Break, ast.Return)) for one in ast.walk(node))
            if n and isinstance(node, ast.For) and any(ends):
                raise Unliftable("a loop on the way may end before its last turn")
            if node is held:
                break


def _tests(
    stages: tuple[Stage, ...], loop: ast.AST, asking: Asking, lifting: Lifting
) -> "Iterator[ast.expr]":
    """The conditions under which the loop gets to the query; those that leave a function early are not among them."""
    held = whole(loop, stages[0])
    for n, stage in enumerate(stages):
        for child, node in stage.around(stage.call or asking.whole):
            if node is held:
                break
            match node:
                case ast.If(test=test) | ast.IfExp(test=test) if child is not test:
                    body = node.body if isinstance(node.body, list) else [node.body]
                    lifted = lifting.test(test, n, node)
                    yield lifted if child in body else ast.UnaryOp(ast.Not(), lifted)
                case ast.BoolOp(values=[first, *_]) if child is not first:
                    raise Unliftable("the query is asked only where a part of a condition holds")
                case ast.Match() | ast.ExceptHandler():
                    raise Unliftable("the query is asked in some cases only")
                case ast.ListComp() | ast.SetComp() | ast.DictComp() if any(
                    one.ifs for one in node.generators
                ):
                    raise Unliftable("the query is asked in some cases only")
                case _:
                    pass
    if isinstance(loop, ast.comprehension):
        for test in loop.ifs:
            yield lifting.test(test, 0, loop)


def _dimensions(
    asking: Asking, model: "Model", lifting: Lifting, scene: "Scene"
) -> tuple[tuple[Dimension, ...], tuple[ast.expr, ...]]:
    """The parts of the key, and each as it is said before the loop."""
    last = len(lifting.stages) - 1
    found: list[tuple[Dimension, ast.expr]] = []
    for condition in asking.conditions:
        if not _is_given(condition.value, lifting.stages[last]):
            continue
        column, compared, attribute, value = _column(condition, asking, model, lifting, last)
        clauses = len(lifting.clauses)
        if condition.is_many and _is_steady(value, lifting, last):
            continue
        place = condition.node if condition.node in lifting.stages[last].above else asking.whole
        lifted = lifting.each(value, last, value) if condition.is_many else lifting.value(value, last, place)
        names = {one.id for one in ast.walk(lifted) if isinstance(one, ast.Name)}
        varies = bool(names & {one.name for one in lifting.clauses})
        kind = kind_of(scene, column)
        if kind is None:
            if not varies and len(lifting.clauses) == clauses:
                continue  # it is the same on every turn, and stays a condition of the query
            raise Unliftable(f"`{column.name}` is compared by the database otherwise than by a dictionary")
        word = attribute if attribute not in {"id", "pk"} else f"{singular(model.cls.name)}_{attribute}"
        name = free_name(word, {one.name for one, _ in found})
        guard = _ATTRIBUTE_KINDS[kind].format(name)
        sure = _own_column(lifted, lifting)
        if sure is not None and not sure.nullable and kind_of(scene, sure) == kind == "int":
            guard = ""
        found.append((Dimension(condition, attribute, compared, name, guard, varies), lifted))
    if not any(one.varies for one, _ in found):
        raise Unliftable("no condition of the query changes with the turns")
    return tuple(one for one, _ in found), tuple(lifted for _, lifted in found)


def _is_steady(value: ast.expr, lifting: Lifting, last: int) -> bool:
    """Whether a collection is the same for all turns: it stays a condition of the query."""
    clauses = len(lifting.clauses)
    try:
        lifted = lifting.value(value, last, value)
    except Unliftable:
        return False
    names = {one.id for one in ast.walk(lifted) if isinstance(one, ast.Name)}
    return clauses == len(lifting.clauses) and not names & {one.name for one in lifting.clauses}


def _is_given(value: ast.expr, stage: Stage) -> bool:
    """Whether a condition compares with what the function was given, or a loop of it gives."""
    names = {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}
    return bool(names & names_bound(stage.node))


def _column(
    condition: "Condition", asking: Asking, model: "Model", lifting: Lifting, last: int
) -> "tuple[Column, str, str, ast.expr]":
    """The column of a condition; how a query compares it, how a row gives it, and the value."""
    value = condition.value
    if asking.orm != "django":
        column = model.columns.get(condition.column)
        if column is None:
            raise Unliftable(f"`{asking.model}.{condition.column}` is not known to be a column")
        return column, f"{asking.model}.{condition.column}", condition.column, value
    relation = model.relations.get(condition.column)
    if relation is not None:
        column = model.columns.get(condition.column)
        target = lifting.model_of(value, last)
        if (
            column is None
            or relation.many
            or condition.is_many
            or target is None
            or target.key != relation.target
        ):
            raise Unliftable(f"what `{condition.column}` is compared with is not known to be one row")
        attribute = f"{condition.column}_id"
        return column, attribute, attribute, ast.Attribute(value, "pk", ast.Load())
    column = column_of(model, condition.column)
    if column is None:
        raise Unliftable(f"`{condition.column}` is not known to be a column")
    return column, condition.column, condition.column, value


def _own_column(lifted: ast.expr, lifting: Lifting) -> "Column | None":
    """The column that a key reads from an item of a loop."""
    match lifted:
        case ast.Attribute(value=ast.Name(id=name), attr=attr):
            for clause in lifting.clauses:
                if clause.name == name and clause.model is not None:
                    return column_of(clause.model, attr)
    return None


def _answerable(asking: Asking, model: "Model", dimensions: tuple[Dimension, ...]) -> None:
    """Declines where the rows of one key can't be told out of those of many."""
    if asking.terminal in {"first", "one"}:
        columns = [column_of(model, one.attribute) for one in dimensions if not one.condition.is_many]
        if not any(one is not None and (one.unique or one.name == model.primary_key) for one in columns):
            raise Unliftable("which row is first is decided among many")
    many = [one for one in dimensions if one.condition.is_many]
    if len(many) > 1 or (many and asking.terminal != "rows"):
        raise Unliftable("the query is asked with several collections")
    first = next(one for one in dimensions if one.varies)
    if asking.is_ordered and first.condition.is_many:
        raise Unliftable("the order of rows for several collections at once is not that of each")
    if asking.terminal == "count" and asking.is_ordered:
        raise Unliftable("the rows that are counted are ordered")


def _patched(plan: Plan, model: "Model", source: "Source") -> Written:
    handing = Handing(plan, model, source)
    files = handing.files()
    loop = plan.loop
    walked = ast.unparse(loop.iter) if isinstance(loop, (ast.For, ast.comprehension)) else "the loop"
    return Written(
        codemod=NAME,
        title=f"Ask what `{plan.stages[-1].node.name}` asks for once before the loop over `{walked}`",
        files=files,
        promises=("sql",),
        constant_rise=("sql",),
        verify=(f"How many rows there are for all of `{walked}` together",),
    )
