"""What a value deep in a chain of calls is, said where the chain begins: before the loop around it."""

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from auditor.codemods.early_reads import check_row, is_computed, is_read_before
from auditor.codemods.loading import hops
from auditor.codemods.loop_items import (
    Loop,
    Unliftable,
    binds,
    bound_by_loops,
    is_settled,
    item_of,
    statement_of,
    whole,
)
from auditor.codemods.places import free_name, names_bound
from auditor.codemods.single_names import assignment, bindings, values_of
from auditor.codemods.turning import is_list, picked_from
from auditor.index.values import Many, Query, Row, Sym, options
from auditor.rules.row_paths import gives_rows

if TYPE_CHECKING:
    from auditor.codemods.ways import Stage
    from auditor.index.values import Model, Value
    from auditor.rules.scene import Scene

_REPEATABLE: Final = frozenset({"list", "tuple", "set", "dict", "frozenset", "items"})


@dataclass(slots=True, eq=False)
class Clause:
    """`for name in items`: a loop on the way, as a comprehension before the outermost one has it."""

    loop: ast.AST
    stage: int
    name: str
    items: ast.expr
    model: "Model | None" = None


@dataclass(slots=True)
class Lifting:
    """Lifts values of one way; the first stage is that of the loop before which they are said."""

    stages: "tuple[Stage, ...]"
    scene: "Scene"
    loop: ast.AST
    """The loop of the first stage before which everything is to stand."""
    rows: ast.expr
    """What that loop walks over, as it can be said twice."""
    clauses: list[Clause] = field(default_factory=list)
    _reading: list[ast.AST] = field(default_factory=list)

    def value(self, node: ast.expr, stage: int, around: ast.AST, /) -> ast.expr:
        """`node` of a stage, at its place `around`, with nothing but names that stand before the loop, and clauses'.

        Raises:
            Unliftable: it can't be said there, or reading it there might do more than reading a value.
        """
        match node:
            case ast.Constant():
                return node
            case ast.Name():
                return self._name(node, stage, around)
            case ast.Attribute(value=owner, attr=attr):
                lifted = self.value(owner, stage, around)
                self._check(owner, attr, stage, lifted)
                return ast.Attribute(lifted, attr, ast.Load())
            case _:
                raise Unliftable(f"`{ast.unparse(node)}` is made on each turn")

    def test(self, node: ast.expr, stage: int, around: ast.AST, /) -> ast.expr:
        """A condition on the way, of comparisons of what `value` can say.

        Raises:
            Unliftable: as `value`.
        """
        match node:
            case ast.BoolOp(op=op, values=values):
                return ast.BoolOp(op, [self.test(one, stage, around) for one in values])
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return ast.UnaryOp(ast.Not(), self.test(operand, stage, around))
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                return ast.Compare(
                    self.value(left, stage, around),
                    ops,
                    [self.value(one, stage, around) for one in comparators],
                )
            case _:
                return self.value(node, stage, around)

    def each(self, node: ast.expr, stage: int, around: ast.AST, /) -> ast.expr:
        """One item of a collection of a stage; its loop becomes a clause."""
        match node:
            case ast.ListComp(elt=item, generators=[clause]) | ast.SetComp(elt=item, generators=[clause]) if (
                not clause.ifs and not clause.is_async
            ):
                self._clause(clause, stage)
                return self.value(item, stage, item)
            case ast.Call(func=ast.Name(id="list" | "set" | "tuple"), args=[inner], keywords=[]):
                return self.each(inner, stage, around)
            case ast.Name(id=name):
                function = self.stages[stage].node
                bound = assignment(function, name)
                if bound is not None:
                    return self.each(bound.value, stage, bound)
                given = self._given(name, stage)
                if given is not None:
                    return self.each(given, stage - 1, self._call(stage - 1))
                raise Unliftable(f"`{name}` is not bound once")
            case _:
                raise Unliftable(f"`{ast.unparse(node)}` is collected on each turn")

    def model_of(self, node: ast.expr, stage: int, /) -> "Model | None":
        """The model of the rows that a name stands for, where the trace knows it."""
        if not isinstance(node, ast.Name):
            return self._related(node, stage)
        loop = self._loop_of(node.id, stage, node)
        if loop is not None:
            known = next((one.model for one in self.clauses if one.loop is loop and one.model), None)
            return known or self._walked(loop, stage) or self._hinted(node.id, stage)
        position = self.stages[stage].parameter(node.id)
        if position is not None:
            hint = self._hint(self.stages[stage], position)
            if hint is not None:
                return hint
            given = self._given(node.id, stage)
            return None if given is None or stage == 0 else self.model_of(given, stage - 1)
        bound = assignment(self.stages[stage].node, node.id)
        return None if bound is None else self.model_of(bound.value, stage)

    def _related(self, node: ast.expr, stage: int) -> "Model | None":
        if not isinstance(node, ast.Attribute):
            return None
        holder = self.model_of(node.value, stage)
        steps = None if holder is None else hops(self.scene, holder, node.attr)
        return None if not steps else steps[0].target

    def _name(self, node: ast.Name, stage: int, around: ast.AST) -> ast.expr:
        function = self.stages[stage].node
        loop = self._loop_of(node.id, stage, around)
        if loop is not None and (stage or self._is_inside(loop)):
            named, _ = item_of(loop)
            if named != node.id:
                raise Unliftable(f"`{node.id}` counts the turns")
            return self._clause(loop, stage)
        if stage == 0 and not self._is_bound_inside(node.id):
            if bindings(function, node.id) and not self._is_bound_before(node.id):
                raise Unliftable(f"`{node.id}` may not be bound before the loop")
            return node
        if stage and (given := self._given(node.id, stage)) is not None:
            return self.value(given, stage - 1, self._call(stage - 1))
        bound = assignment(function, node.id)
        if bound is None:
            raise Unliftable(f"`{node.id}` of `{function.name}` is not bound once")
        return self.value(bound.value, stage, bound)

    def _call(self, stage: int) -> ast.Call:
        call = self.stages[stage].call
        assert call is not None, "only the last stage calls nothing"
        return call

    def _given(self, name: str, stage: int) -> ast.expr | None:
        """What the caller passes for a parameter that the function leaves alone."""
        at = self.stages[stage]
        if at.parameter(name) is None or stage == 0:
            return None
        if len(bindings(at.node, name)) != 1:
            raise Unliftable(f"`{name}` of `{at.node.name}` is bound anew")
        call = self._call(stage - 1)
        return argument(call, at, name)

    def _loop_of(self, name: str, stage: int, around: ast.AST) -> ast.AST | None:
        """The loop around a place that binds a name."""
        at = self.stages[stage]
        child: ast.AST = around
        node = at.above.get(around)
        while node is not None:
            if (
                isinstance(node, (ast.For, ast.AsyncFor))
                and child is not node.iter
                and binds(node.target, name)
            ):
                return node
            if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
                for clause in reversed(node.generators):
                    if binds(clause.target, name) and clause is not child:
                        return clause
            child, node = node, at.above.get(node)
        return None

    def _is_inside(self, loop: ast.AST) -> bool:
        """Whether it is the loop before which everything is said, or one in it; those around it are as they are."""
        return loop is self.loop or any(node is loop for node in ast.walk(whole(self.loop, self.stages[0])))

    def _clause(self, loop: ast.AST, stage: int) -> ast.Name:
        """The name of a loop's items, its clause made on the first time."""
        for one in self.clauses:
            if one.loop is loop:
                return ast.Name(one.name, ast.Load())
        if not isinstance(loop, (ast.For, ast.comprehension)):
            raise Unliftable("a loop on the way has no known end")
        named, walked = item_of(loop)
        model = self._walked(loop, stage)
        if loop is self.loop:
            items = self.rows
        else:
            items = self.value(walked, stage, loop)
            if not self._is_list(items) and not self._is_repeatable(loop, stage):
                raise Unliftable(f"`{ast.unparse(loop.iter)}` may be walked over only once")
            if isinstance(walked, (ast.Name, ast.Attribute)):
                model = model or self._items_of(walked, stage)
        function = self.stages[stage].node
        if bound_by_loops(function, named) != len(bindings(function, named)):
            raise Unliftable(f"`{named}` is bound elsewhere too")
        name = named
        if loop is not self.loop:
            taken = names_bound(self.stages[0].node) | {one.name for one in self.clauses}
            name = free_name(name, taken)
        made = Clause(loop, stage, name, items, model)
        if not self.clauses and loop is not self.loop:
            self._clause(self.loop, 0)
        self.clauses.append(made)
        return ast.Name(name, ast.Load())

    def _items_of(self, node: ast.expr, stage: int) -> "Model | None":
        """The model of the rows that a relation gives."""
        if isinstance(node, ast.Name):
            bound = assignment(self.stages[stage].node, node.id)
            if bound is not None:
                return self._items_of(bound.value, stage)
            given = self._given(node.id, stage) if stage else None
            return None if given is None else self._items_of(given, stage - 1)
        return self._related(node, stage)

    def _is_list(self, items: ast.expr) -> bool:
        """Whether the first function makes a list of what a name stands for there."""
        bound = assignment(self.stages[0].node, items.id) if isinstance(items, ast.Name) else None
        return bound is not None and is_list(bound.value)

    def _is_repeatable(self, loop: Loop, stage: int) -> bool:
        """Whether what a loop below walks over is a collection in memory."""
        if self._items_of(item_of(loop)[1], stage) is not None:
            return True
        path, line = self.stages[stage].path, loop.iter.lineno
        seen = False
        for scope in self.scene.scopes:
            for effect in scope.effects:
                for one in effect.loops:
                    if one.site.module.path != path or one.site.line != line or one.over is None:
                        continue
                    for value in options(one.over):
                        if not isinstance(value, Many) or value.lazy or value.kind not in _REPEATABLE:
                            return False
                        seen = True
        return seen

    def _check(self, owner: ast.expr, attr: str, stage: int, lifted: ast.expr) -> None:
        """Reading an attribute earlier must give the same and do nothing else."""
        model = self.model_of(owner, stage)
        if model is not None:
            check_row(model, attr, self.scene, self.stages[0])
            return
        if isinstance(lifted, ast.Name) and lifted.id in {"self", "cls"}:
            if is_computed(attr, self.scene):
                raise Unliftable(f"`{ast.unparse(owner)}.{attr}` may be computed")
            return
        text = f"{ast.unparse(lifted)}.{attr}"
        if any(
            one.name == name.id
            for one in self.clauses
            for name in ast.walk(lifted)
            if isinstance(name, ast.Name)
        ):
            raise Unliftable(f"what `{ast.unparse(owner)}` is, is not known")
        if is_computed(attr, self.scene) or not is_read_before(text, self.loop, self.stages[0]):
            raise Unliftable(f"`{text}` is not read before the loop")

    def _is_bound_inside(self, name: str) -> bool:
        return any(
            isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
            for node in ast.walk(whole(self.loop, self.stages[0]))
        )

    def _is_bound_before(self, name: str) -> bool:
        """Bound as a parameter, or by a statement of the function's own block before the loop's."""
        first = self.stages[0]
        arguments = first.node.args
        every = [
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        ]
        if any(one is not None and one.arg == name for one in every):
            return True
        return is_settled(first.node.body, name, statement_of(self.loop, first))

    def _walked(self, loop: ast.AST, stage: int) -> "Model | None":
        if not isinstance(loop, (ast.For, ast.comprehension)):
            return None
        path, line = self.stages[stage].path, loop.iter.lineno
        walked = [
            value
            for _, use in self.scene.uses()
            if use.how == "iterate" and use.site.module.path == path and use.site.line == line
            for value in options(use.value)
        ]
        models = [_model_of(value) for value in walked or self._walked_over(path, line)]
        found = {id(model): model for model in models}
        if len(found) == 1 and (only := models[0]) is not None:
            return only
        return self._fetched(item_of(loop)[1], stage)

    def _walked_elsewhere(self, name: str, stage: int) -> "Model | None":
        """The model of the rows of a name whose every value is them or some of them, where something else walks over it."""
        at = self.stages[stage]
        lines = {
            one.iter.lineno
            for one in ast.walk(at.node)
            if isinstance(one, (ast.For, ast.comprehension))
            and isinstance(one.iter, ast.Name)
            and one.iter.id == name
        }
        models = [
            _model_of(value)
            for _, use in self.scene.uses()
            if use.how == "iterate" and use.site.module.path == at.path and use.site.line in lines
            for value in options(use.value)
        ]
        return models[0] if models and all(model is models[0] for model in models) else None

    def _walked_over(self, path: str, line: int) -> "list[Value]":
        """What the loop at a place was seen to walk over, each of several that it may be."""
        return [
            value
            for scope in self.scene.scopes
            for effect in scope.effects
            for one in effect.loops
            if one.site.module.path == path and one.site.line == line and one.over is not None
            for value in options(one.over)
            if not isinstance(value, Sym)
        ]

    def _fetched(self, node: ast.expr, stage: int) -> "Model | None":
        """The model of the one query that an expression runs, or that a name's assignments run, left out of or sorted then."""
        at = self.stages[stage]
        if isinstance(node, ast.Name):
            values = [picked_from(value) for value in values_of(at.node, node.id)]
            own = [one for one in values if not (isinstance(one, ast.Name) and one.id == node.id)]
            if len(own) != 1:
                return None
            return self._fetched(own[0], stage) or self._walked_elsewhere(node.id, stage)
        if (below := picked_from(node)) is not node:
            return self._fetched(below, stage)
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        found = {
            id(effect.query.model): effect.query.model
            for _, effect in self.scene.effects()
            if effect.query is not None
            and effect.cause == "query"
            and gives_rows(effect.query)
            and effect.site.module.path == at.path
            and effect.site.line in lines
        }
        return next(iter(found.values())) if len(found) == 1 and isinstance(node, ast.Call) else None

    def _hinted(self, name: str, stage: int) -> "Model | None":
        """By what the function called on the way declares, where the name is handed on as it is."""
        if stage + 1 >= len(self.stages):
            return None
        call = self._call(stage)
        for position, one in enumerate(self.stages[stage + 1].node.args.args):
            given = argument(call, self.stages[stage + 1], one.arg)
            if isinstance(given, ast.Name) and given.id == name:
                return self._hint(self.stages[stage + 1], position)
        return None

    def _hint(self, stage: "Stage", position: int) -> "Model | None":
        summary = self.scene.trace.machine.summaries.get(id(stage.known))
        if summary is None or position >= len(summary.params):
            return None
        hint = summary.params[position].hint
        return hint.model if isinstance(hint, Row) else None


def argument(call: ast.Call, callee: "Stage", name: str, /) -> ast.expr | None:
    """What a call passes for a parameter; its default where it passes nothing."""
    if any(isinstance(one, ast.Starred) for one in call.args) or any(
        one.arg is None for one in call.keywords
    ):
        raise Unliftable(f"`{callee.node.name}` is called with unpacked arguments")
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    names = [one.arg for one in callee.node.args.args]
    position = names.index(name)
    if callee.owner is not None:
        if position == 0:
            if not isinstance(call.func, ast.Attribute):
                raise Unliftable(f"`{callee.node.name}` is called in a way that is not known")
            return call.func.value
        position -= 1
    if position < len(call.args):
        return call.args[position]
    defaults = callee.node.args.defaults
    left = names.index(name) - (len(names) - len(defaults))
    return defaults[left] if 0 <= left < len(defaults) and isinstance(defaults[left], ast.Constant) else None


def _model_of(value: "Value") -> "Model | None":
    """The model of the rows that a value gives when it is walked over."""
    query = value.source if isinstance(value, Many) else value
    if isinstance(query, Query):
        return query.model if gives_rows(query) else None
    row = value.elem if isinstance(value, Many) else None
    return row.model if isinstance(row, Row) and not row.path and not row.guessed else None
