"""Writes rows fetched before a loop, and hands them down the calls to the function that asked for them."""

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from auditor.codemods.import_ways import dotted_name, is_reached
from auditor.codemods.imports import add_names
from auditor.codemods.loop_items import Unliftable, item_of, statement_of
from auditor.codemods.many_asked import Sibling, singular
from auditor.codemods.mutating import changed
from auditor.codemods.parameter_lists import extend
from auditor.codemods.places import free_name, names_bound
from auditor.codemods.rewriting import in_quotes_of, laid_out, rewritten
from auditor.codemods.taking_rows import take_rows
from auditor.index import ir
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from auditor.codemods.batching import Plan
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.codemods.ways import Stage
    from auditor.index.symbols import Module
    from auditor.index.values import Model

_BY_NAME: Final = frozenset({"setattr", "getattr", "delattr", "hasattr", "patch", "object", "spy", "stub"})
_SESSIONS: Final = frozenset({"session", "db", "conn", "connection"})
"""What is asked by changing it: what writes in the loop was looked for before."""


class Handing:
    """All edits of one plan, made once."""

    def __init__(self, plan: "Plan", model: "Model", source: "Source") -> None:
        self._plan = plan
        self._source = source
        self._stages = plan.stages
        self._leaf = plan.stages[-1]
        self._changed: dict[str, Spans] = {}
        taken = set().union(*(names_bound(stage.node) for stage in plan.stages))
        self._known = f"known_{singular(model.cls.name)}s"
        self._is_free = False
        """Whether the sibling of a method needs no receiver, since the query reads it for its keys alone."""
        calls = [stage.call for stage in plan.stages if stage.call is not None]
        if any(word.arg == self._known for call in calls for word in call.keywords):
            raise Unliftable("what the loop asks for is fetched before it already")
        if self._known in taken:
            raise Unliftable(f"`{self._known}` stands for something on the way already")

    def files(self) -> dict[str, str]:
        """The new text of each file.

        Raises:
            Unliftable: something on the way can't be edited.
        """
        given = self._given()
        for stage in self._stages[1:]:
            self._only_called(stage)
        sibling = self._sibling(tuple(name for name, _ in given))
        called = self._called(sibling, [value for _, value in given])
        take_rows(self._spans(self._leaf), self._leaf, sibling, self._known, always=len(self._stages) == 1)
        for stage in self._stages[1:]:
            self._take(stage)
        for stage in self._stages[:-1]:
            self._pass(stage)
        self._before_loop(called)
        return {path: spans.result() for path, spans in self._changed.items()}

    def _spans(self, stage: "Stage") -> "Spans":
        self._changed[stage.path] = stage.spans
        return stage.spans

    def _given(self) -> list[tuple[str, ast.expr]]:
        """What the query reads beside its keys: names of the leaf, and what they are before the loop."""
        plan, leaf = self._plan, self._leaf
        marked = {one.condition.node: ast.Constant(None) for one in plan.dimensions}
        swaps: dict[ast.AST, ast.AST] = {**plan.asking.inlined}
        for node, nothing in marked.items():
            swaps[node] = ast.keyword(node.arg, nothing) if isinstance(node, ast.keyword) else nothing
        query = rewritten(plan.asking.query, swaps)
        bound = names_bound(leaf.node)
        names = [one.id for one in ast.walk(query) if isinstance(one, ast.Name) and one.id in bound]
        parameters = [one.arg for one in leaf.node.args.args]
        ordered = [name for name in parameters if name in names]
        is_here = len(self._stages) == 1
        odd = list(dict.fromkeys(name for name in names if name not in parameters))
        if is_here:
            ordered += odd
        elif odd:
            raise Unliftable(f"the query reads `{odd[0]}`, which `{leaf.node.name}` makes itself")
        if leaf.owner is not None and (leaf.known.static not in {"", "property"} or not parameters):
            raise Unliftable(f"`{leaf.node.name}` is no plain method")
        self._is_free = leaf.owner is not None and parameters[0] not in names and not is_here
        if leaf.owner is not None and not self._is_free:
            ordered = [parameters[0], *(name for name in ordered if name != parameters[0])]
        before = len(plan.lifting.clauses)
        found: list[tuple[str, ast.expr]] = []
        for name in ordered:
            place = ast.copy_location(ast.Name(name, ast.Load()), plan.asking.whole)
            lifted = plan.lifting.value(place, len(self._stages) - 1, plan.asking.whole)
            varying = {one.name for one in plan.lifting.clauses}
            if len(plan.lifting.clauses) > before or varying & {
                one.id for one in ast.walk(lifted) if isinstance(one, ast.Name)
            }:
                raise Unliftable(f"`{name}` changes with the turns")
            self._steady(name, lifted)
            found.append((name, lifted))
        if {"keys", "found", "start", "some"} & set(ordered):
            raise Unliftable("the query reads a name that its sibling needs")
        return found

    def _steady(self, name: str, lifted: ast.expr) -> None:
        """Declines where the loop may change what the query reads beside its keys."""
        at = lifted
        while isinstance(at, ast.Attribute):
            at = at.value
        is_own = isinstance(at, ast.Name) and at.id in {"self", "cls"}
        if isinstance(lifted, ast.Attribute) and not is_own:
            raise Unliftable(f"`{ast.unparse(lifted)}` may change with the turns")
        first = self._stages[0].node
        is_plain = isinstance(lifted, ast.Name) and not is_own and name not in _SESSIONS
        if is_plain and isinstance(lifted, ast.Name) and (how := changed(first, lifted.id)):
            raise Unliftable(f"the function changes `{lifted.id}` (`{how}`)")

    def _only_called(self, stage: "Stage") -> None:
        """Declines where a function is handed on as a value, or overridden: its new parameter might not fit."""
        name = stage.node.name
        scene = self._source.scene
        assert scene is not None, "asked with a trace only"
        owner = stage.known.owner
        same = [
            function
            for module in scene.project.modules
            if module.role != "library"
            for function in module.functions
            if function.name == name
            and function.owner is not None
            and (owner is None or self._are_related(owner, function.owner))
        ]
        if stage.owner is not None and len(same) > 1:
            raise Unliftable(f"several classes have a method `{name}`")
        for module in scene.project.modules:
            if module.role == "library":
                continue
            text = self._source.read(module.path)
            if text is None or name not in text:
                continue
            spans = stage.spans if module.path == stage.path else self._source.spans(module.path)
            if spans is None:
                raise Unliftable(f"`{module.path}` can't be read")
            called = {id(one.func) for one in ast.walk(spans.tree) if isinstance(one, ast.Call)}
            for node in ast.walk(spans.tree):
                if _names(node, name):
                    raise Unliftable(f"`{name}` is looked up by its name, as a test that exchanges it does")
                is_it = (isinstance(node, ast.Name) and node.id == name and stage.owner is None) or (
                    isinstance(node, ast.Attribute) and node.attr == name
                )
                if is_it and isinstance(node, ast.Attribute) and self._is_of_another(node, module, stage):
                    continue
                if is_it and isinstance(node.ctx, ast.Load) and id(node) not in called:  # type: ignore[attr-defined]  # both have it
                    raise Unliftable(f"`{name}` is handed on as a value")

    def _is_of_another(self, node: ast.Attribute, module: "Module", stage: "Stage") -> bool:
        """Whether it is `Class.name` of a class that has nothing to do with the method's own."""
        assert self._source.scene is not None, "asked with a trace only"
        if not isinstance(node.value, ast.Name) or stage.known.owner is None:
            return False
        named = self._source.scene.project.resolve_expression(module, (ir.NAME, node.lineno, node.value.id))
        return isinstance(named, Class) and not self._are_related(stage.known.owner, named)

    def _are_related(self, one: "Class", other: "Class") -> bool:
        """Whether a row of one class may be one of the other."""
        assert self._source.scene is not None, "asked with a trace only"
        project = self._source.scene.project
        return one in project.mro(other) or other in project.mro(one)

    def _sibling(self, given: tuple[str, ...]) -> Sibling:
        """Writes it behind the function that asks for one."""
        leaf, plan = self._leaf, self._plan
        spans = self._spans(leaf)
        dimensions = plan.dimensions
        if any(one.guard.endswith("is date") for one in dimensions):
            date = self._date(spans)
            dimensions = tuple(
                replace(one, guard=one.guard.replace("is date", f"is {date}")) for one in dimensions
            )
        if plan.asking.terminal == "count":
            module, name = (
                ("django.db.models", "Count") if plan.asking.orm == "django" else ("sqlalchemy", "func")
            )
            if add_names(spans, module, [name]) != [name]:
                raise Unliftable(f"`{name}` is the name of something else in `{leaf.path}`")
        for name in plan.asking.needs:
            if add_names(spans, "sqlalchemy", [name]) != [name]:
                raise Unliftable(f"`{name}` is the name of something else in `{leaf.path}`")
        owner = None if self._is_free else leaf.owner
        members = owner.body if owner is not None else spans.tree.body
        taken = {
            one.name
            for one in members
            if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        }
        everywhere = {one.id for one in ast.walk(spans.tree) if isinstance(one, ast.Name)}
        is_here = len(self._stages) == 1
        word = self._known.removeprefix("known_") if is_here or self._is_free else leaf.node.name
        name = free_name(f"{word}_batch", taken | everywhere)
        is_async = any(
            isinstance(one, ast.Await) for one in ast.walk(rewritten(plan.asking.query, plan.asking.inlined))
        )
        made = Sibling(
            name, leaf.node.name, plan.asking, dimensions, given, is_cut=self._is_cut(), is_async=is_async
        )
        behind: ast.stmt = leaf.owner if self._is_free and leaf.owner is not None else leaf.node
        indent = spans.indent(behind)
        gap = "\n" if owner is not None else "\n\n"
        spans.insert(
            spans.line_end(behind),
            ("" if spans.text.endswith("\n") else "\n") + gap + in_quotes_of(spans.text, made.text(indent)),
        )
        return made

    def _date(self, spans: "Spans") -> str:
        for node in spans.tree.body:
            if isinstance(node, ast.Import) and any(
                a.name == "datetime" and a.asname is None for a in node.names
            ):
                return "datetime.date"
        names = add_names(spans, "datetime", ["date"])
        if names is None:
            raise Unliftable(f"`date` is the name of something else in `{self._leaf.path}`")
        return names[0]

    def _is_cut(self) -> bool:
        """Whether rows of columns are unpacked, so that they may have no more than those; else read by name."""
        asking = self._plan.asking
        if not asking.selected:
            return False
        above = self._leaf.above
        at: ast.AST | None = above.get(asking.whole)
        if isinstance(at, ast.Assign) and asking.named:
            at = None
        match at:
            case ast.Call(func=ast.Name(id="dict")):
                return True
            case ast.For(target=target) | ast.comprehension(target=target):
                if isinstance(target, (ast.Tuple, ast.List)):
                    return not any(isinstance(one, ast.Starred) for one in target.elts)
                if isinstance(target, ast.Name) and self._read_by_name(target):
                    return False
            case _:
                pass
        raise Unliftable("what becomes of the rows of columns is not known")

    def _read_by_name(self, target: ast.Name) -> bool:
        above = self._leaf.above
        return all(
            isinstance(above.get(one), ast.Attribute) and not isinstance(above.get(above[one]), ast.Call)
            for one in ast.walk(self._leaf.node)
            if isinstance(one, ast.Name) and one.id == target.id and one is not target
        )

    def _called(self, sibling: Sibling, given: list[ast.expr]) -> ast.expr:
        """The call of the sibling before the loop."""
        plan, first = self._plan, self._stages[0]
        generators = [
            ast.comprehension(ast.Name(one.name, ast.Store()), one.items, [], 0)
            for one in plan.lifting.clauses
        ]
        generators[-1].ifs = list(plan.tests)
        key = plan.keys[0] if len(plan.keys) == 1 else ast.Tuple(list(plan.keys), ast.Load())
        keys = ast.ListComp(key, generators)
        if self._leaf.owner is not None and not self._is_free:
            func: ast.expr = ast.Attribute(given[0], sibling.name, ast.Load())
            given = given[1:]
        elif self._leaf.path == first.path:
            func = ast.Name(sibling.name, ast.Load())
        else:
            func = ast.Name(self._imported(sibling.name), ast.Load())
        call: ast.expr = ast.Call(func, [*given, keys], [])
        if sibling.is_async:
            if not isinstance(first.node, ast.AsyncFunctionDef):
                raise Unliftable("the loop's function does not wait for what it calls")
            call = ast.Await(call)
        return call

    def _imported(self, name: str) -> str:
        """Imports the sibling where the loop is; the module is one that this module's own imports lead to."""
        spans = self._spans(self._stages[0])
        module = self._leaf.known.module
        scene = self._source.scene
        assert scene is not None, "asked with a trace only"
        if not is_reached(self._stages):
            raise Unliftable(f"`{self._leaf.path}` can't be imported in `{self._stages[0].path}`")
        dotted = dotted_name(self._stages, module.name)
        if dotted is None:
            raise Unliftable(f"how `{self._leaf.path}` is imported is not known")
        names = add_names(spans, dotted, [name])
        if names is None:
            raise Unliftable(f"`{name}` is the name of something else in `{self._stages[0].path}`")
        return names[0]

    def _take(self, stage: "Stage") -> None:
        """Gives a function the parameter."""
        arguments = stage.node.args
        spans = self._spans(stage)
        own = arguments.args[1:] if stage.owner is not None else arguments.args
        is_typed = bool(own) and all(one.annotation is not None for one in own)
        text = f'{self._known}: "dict | None" = None' if is_typed else f"{self._known}=None"
        if arguments.kwonlyargs:
            last = (
                arguments.kw_defaults[-1] or arguments.kwonlyargs[-1].annotation or arguments.kwonlyargs[-1]
            )
            spans.insert_after(last, f", {text}")
            return
        defaults = [None] * (len(arguments.args) - len(arguments.defaults)) + list(arguments.defaults)
        parts = [
            (spans.span(one)[0], spans.span(default or one)[1])
            for one, default in zip(arguments.args, defaults, strict=True)
        ]
        if not parts:
            raise Unliftable(f"`{stage.node.name}` has no parameters")
        extend(spans, parts, text)

    def _pass(self, stage: "Stage") -> None:
        """Passes it on in a call."""
        call, spans = stage.call, self._spans(stage)
        assert call is not None, "only the leaf calls nothing"
        parts = sorted(spans.span(one) for one in [*call.args, *call.keywords])
        if not parts:
            spans.insert(spans.span(call)[1] - 1, f"{self._known}={self._known}")
            return
        extend(spans, parts, f"{self._known}={self._known}")

    def _before_loop(self, called: ast.expr) -> None:
        plan, first = self._plan, self._stages[0]
        spans = self._spans(first)
        statement = statement_of(plan.loop, first)
        if spans.lines[statement.lineno - 1][: statement.col_offset].strip():
            raise Unliftable("the loop shares its line with something else")
        indent = spans.indent(statement)
        lines: list[str] = []
        if plan.items.bound:
            _, walked = item_of(plan.loop)
            if "\n" in spans.source(walked) or spans.comments(walked) or plan.items.is_copied:
                made = (
                    ast.Call(ast.Name("list", ast.Load()), [walked], []) if plan.items.is_copied else walked
                )
                text = in_quotes_of(spans.text, laid_out(made, f"{plan.items.bound} = ", indent))
            else:
                text = spans.source(walked)
            lines += f"{plan.items.bound} = {text}".split("\n")
            spans.replace(walked, plan.items.bound)
        text = in_quotes_of(spans.text, laid_out(called, f"{self._known} = ", indent))
        lines += f"{self._known} = {text}".split("\n")
        spans.insert_lines_before(statement, [line.removeprefix(indent) for line in lines])


def _names(node: ast.AST, name: str) -> bool:
    """Whether a text names the function: dotted, or handed to what reads and sets attributes."""
    match node:
        case ast.Constant(value=str() as value):
            return value.endswith(f".{name}") and value.replace(".", "_").isidentifier()
        case ast.Call(func=ast.Attribute(attr=by) | ast.Name(id=by), args=given) if by in _BY_NAME:
            return any(isinstance(one, ast.Constant) and one.value == name for one in given)
        case _:
            return False
