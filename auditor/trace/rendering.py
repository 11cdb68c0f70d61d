"""Rendering a template: its statements are evaluated where the view renders it, over the view's context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from auditor.frameworks.jinja_filters import OWN_FILTER
from auditor.frameworks.templates import ABOUT, CACHED, FILTER, TAG, Template, compile_template
from auditor.index import ir
from auditor.index.symbols import Function, Module
from auditor.index.values import (
    UNKNOWN,
    Const,
    Dictionary,
    Ext,
    Func,
    Inst,
    Items,
    OneOf,
    Row,
    Sym,
    Text,
    Value,
    options,
)
from auditor.trace import access, calls, forms, hints, joining, macros, walk
from auditor.trace.macros import Hook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from auditor.frameworks.django_template_tags import TemplateTags
    from auditor.frameworks.jinja_own_filters import JinjaFilters
    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

_MAX_NESTING: Final = 12
_ASKED: Final = frozenset({"items", "keys", "values", "all", "count", "exists", "first", "last"})
"""Methods of collections that templates name without calling them."""


class Templates:
    """The templates of a tree, compiled when first rendered. `sources` maps paths to a way of reading them."""

    def __init__(
        self,
        sources: Mapping[str, Callable[[], str]],
        *,
        jinja: bool,
        applications: Mapping[str, bool] | None = None,
        tags: TemplateTags | None = None,
        filters: JinjaFilters | None = None,
        processors: Callable[[], tuple[Function, ...]] = tuple,
    ) -> None:
        self.sources = sources
        self.jinja = jinja
        self.tags = tags
        """The project's own tags and filters; None where its templates know none."""
        self.filters = filters
        """The filters that the project gives Jinja's templates."""
        self.processors = processors
        """Finds the functions that give every template more to show; what they do themselves stands around the endpoints."""
        self.found_processors: tuple[Function, ...] | None = None
        self.applications = dict(applications or {})
        """Where several kinds of applications share the tree: folder → whether its templates are Jinja's."""
        self.compiled: dict[str, tuple[Template, Function] | None] = {}
        self.by_name: dict[str, list[str]] = {}
        for path in sorted(sources):
            parts = path.split("/")
            for n in range(len(parts)):
                self.by_name.setdefault("/".join(parts[n:]), []).append(path)
        self.depth = 0
        self.running: set[int] = set()
        """Identities of the macros being called."""
        self.open_blocks: list[Any] = []
        """Names of the blocks being filled: one that names itself inside would never end."""

    def intrinsics(self) -> dict[str, Any]:
        """What the machine calls by name."""
        return {"render_template": self.render, "template_response": self.respond}

    def home(self, path: str) -> str:
        """The folder of the application that a file belongs to; empty where the tree holds but one."""
        around = (folder for folder in self.applications if path.startswith(f"{folder}/"))
        return max(around, key=len, default="")

    def find(self, name: str, near: str = "") -> str | None:
        """The path of a template name: the shortest path that ends with it below a folder of templates.

        `near` is the file that asks: the templates of its own application come before others'. A name may begin
        with a package, as Pyramid's do: `shop.pages:templates/cart.html`.
        """
        package, is_below, rest = name.partition(":")
        name = f"{package.replace('.', '/')}/{rest}" if is_below else name
        found = self.by_name.get(name.lstrip("/"), [])
        if self.applications:
            home = self.home(near)
            found = [path for path in found if self.home(path) == home] or found
        rooted = [
            p
            for p in found
            if p == name or p.removesuffix(name).rstrip("/").endswith(("templates", "jinja2"))
        ]
        return min(rooted or found, key=lambda p: (p.count("/"), p), default=None)

    def template(self, path: str) -> tuple[Template, Function] | None:
        if path not in self.compiled:
            self.compiled[path] = None
            try:
                source = self.sources[path]()
            except OSError:
                return None
            made = compile_template(
                source,
                jinja=is_jinja(path, source, default=self.applications.get(self.home(path), self.jinja)),
            )
            lines = source.count("\n") + 1
            module = Module(path, path, "template", "", is_package=False, body=made.body, lines=lines)
            node: Node = (ir.DEF, 1, lines, path, (), (), made.body, None, 0)
            function = Function(module, None, None, path.rpartition("/")[2], path, node)
            module.functions.append(function)
            self.compiled[path] = (made, function)
        return self.compiled[path]

    def render(self, m: Machine, args: list[Value], kwargs: dict[str, Value], node: Node | None) -> Value:
        """`render_template(name or names, context)`."""
        name = args[0] if args else UNKNOWN
        context = args[1] if len(args) > 1 else kwargs.get("context", UNKNOWN)
        if is_open(name) or isinstance(context, Sym):
            made = Sym("call", Ext("auditor_intrinsics.render_template"), None)
            m.residual(
                "call", made, Ext("auditor_intrinsics.render_template"), (None, (name, context), {}), node
            )
            return made
        for text in names(name):
            path = self.find(text, m.cx.module.path)
            if path is not None:
                self.evaluate(m, path, {**self.given(m), **environment(context)})
                break
        return UNKNOWN

    def respond(self, m: Machine, args: list[Value], kwargs: dict[str, Value], node: Node | None) -> Value:
        """`template_response(first, second, third, name, context)`: the name is a keyword, the first or the second."""
        first, second, third, name, context = (*args, *[UNKNOWN] * 5)[:5]
        if is_named(name):
            return self.render(m, [name, context], kwargs, node)
        for at, after in ((first, second), (second, third)):
            if is_named(at):
                given = context if isinstance(after, Const) and after.value is None else after
                return self.render(m, [at, given], kwargs, node)
        if any(isinstance(one, Sym) for one in (first, second, name)):
            intrinsic = Ext("auditor_intrinsics.template_response")
            made = Sym("call", intrinsic, None)
            m.residual("call", made, intrinsic, (None, tuple(args), {}), node)
            return made
        return UNKNOWN

    def given(self, m: Machine) -> dict[str, Value]:
        """What context processors hand to every template."""
        if self.jinja:
            return {}
        request = hints.request_value(m) or UNKNOWN
        given = {"request": request, "user": access.get_attribute(m, request, "user", None)}
        if self.found_processors is None:
            self.found_processors = self.processors()
        for function in self.found_processors:
            made = hints.quietly(m, lambda f=function: m.call_function(f, None, [request], {}, None))  # type: ignore[misc]  # bound as default
            given.update(environment(made or UNKNOWN))
        return given

    def evaluate(
        self,
        m: Machine,
        path: str,
        env: dict[str, Value],
        blocks: dict[str, tuple[tuple[Node, ...], Function]] | None = None,
    ) -> None:
        """Evaluates one template and those that it extends, with the blocks its children fill."""
        found = self.template(path)
        if found is None or self.depth >= _MAX_NESTING or m.quiet:
            return
        made, function = found
        filled = {name: (body, function) for name, body in made.blocks.items()}
        filled.update(blocks or {})
        if (
            made.parent is not None
            and (parent := self.find(made.parent, path)) is not None
            and parent != path
        ):
            self.evaluate(m, parent, env, filled)
            return
        self.run(m, made.body, function, env, filled)

    def run(
        self,
        m: Machine,
        body: tuple[Node, ...],
        function: Function,
        env: dict[str, Value],
        blocks: dict[str, tuple[tuple[Node, ...], Function]],
    ) -> None:
        cx = m.cx
        before = (cx.env, cx.function, cx.module, cx.frames, cx.line, cx.start, cx.end)
        if cx.function is not None:
            cx.frames = (*cx.frames, (cx.function, cx.line or cx.start))
        cx.function, cx.module = function, function.module
        found = self.compiled.get(function.module.path)
        loaded = frozenset[str]() if found is None else found[0].loaded
        known = macros.in_sight(self, function.module.path) if found is not None else {}
        cx.env = {**env, **known, **self.helpers(blocks, loaded)}
        self.depth += 1
        try:
            walk.block(m, body)
        finally:
            self.depth -= 1
            (cx.env, cx.function, cx.module, cx.frames, cx.line, cx.start, cx.end) = before

    def helpers(
        self, blocks: dict[str, tuple[tuple[Node, ...], Function]], loaded: frozenset[str]
    ) -> dict[str, Value]:
        return {
            TAG: Hook(lambda m, a, k, n: self.tag(m, a, k, n, loaded)),
            FILTER: Hook(lambda m, a, k, n: self.filter(m, a, k, n, loaded)),
            OWN_FILTER: Hook(self.own_filter),
            "__template_get__": Hook(self.get),
            "__template_include__": Hook(self.include),
            CACHED: Hook(asks_cache),
            "__template_block__": Hook(lambda m, a, k, n: self.block(m, a, k, n, blocks)),
        }

    def get(self, m: Machine, args: list[Value], told: dict[str, Value], node: Node | None) -> Value:
        """`a.b` in a Django template: an attribute, an item, or what calling it gives."""
        value, name = args
        if not isinstance(name, Const):
            return UNKNOWN
        if isinstance(value, Dictionary):
            if name.value in {"items", "keys", "values"}:
                return calls.call_method(m, value, str(name.value), [], {}, node)
            return value.entries.get(name.value, value.other or UNKNOWN)
        if isinstance(name.value, str) and name.value.isdigit():
            return access.item(m, value, Const(int(name.value)), node or (0, 0, ""))
        return self.called(m, value, str(name.value), node, shows=ABOUT not in told)

    def called(self, m: Machine, value: Value, name: str, node: Node | None, *, shows: bool) -> Value:
        if isinstance(value, OneOf):
            return joining.join_all([self.called(m, o, name, node, shows=shows) for o in value.options])
        if isinstance(value, Inst) and forms.shows_field(m, value, name, node, shows=shows):
            return UNKNOWN
        if isinstance(value, (Row, Inst)):
            found = access.get_attribute(m, value, name, node)
            if isinstance(found, Func):
                return calls.call_value(m, found, [], {}, node)
            if found is not UNKNOWN or name not in _ASKED:
                return found
        if isinstance(value, Sym):
            return access.get_attribute(m, value, name, node)
        if name in _ASKED:
            return calls.call_method(m, value, name, [], {}, node)
        return access.get_attribute(m, value, name, node)

    def include(self, m: Machine, args: list[Value], kwargs: dict[str, Value], _: Node | None) -> Value:
        for text in names(args[0]):
            path = self.find(text, m.cx.module.path)
            if path is not None:
                self.evaluate(m, path, {**m.cx.env, **kwargs})
        return UNKNOWN

    def tag(
        self,
        m: Machine,
        args: list[Value],
        kwargs: dict[str, Value],
        node: Node | None,
        loaded: frozenset[str],
    ) -> Value:
        """A tag of the project's own; of any other, only its arguments are read."""
        name = args[0].value if isinstance(args[0], Const) else None
        found = None if self.tags is None else self.tags.named(str(name), loaded, is_filter=False)
        if found is None or self.depth >= _MAX_NESTING:
            return UNKNOWN
        given = [Dictionary(shown_of(m.cx.env))] if found.takes_context else []
        result = m.call_function(found.function, None, [*given, *args[1:]], kwargs, node)
        path = None if found.template is None else self.find(found.template, found.function.module.path)
        if path is None:
            return result
        self.evaluate(m, path, {**self.given(m), **environment(result)})
        return UNKNOWN

    def filter(
        self,
        m: Machine,
        args: list[Value],
        _: dict[str, Value],
        node: Node | None,
        loaded: frozenset[str],
    ) -> Value:
        """What a filter of the project's own makes of a value; any other passes it on."""
        name = args[0].value if isinstance(args[0], Const) else None
        found = None if self.tags is None else self.tags.named(str(name), loaded, is_filter=True)
        return args[1] if found is None else m.call_function(found.function, None, args[1:], {}, node)

    def own_filter(self, m: Machine, args: list[Value], kwargs: dict[str, Value], node: Node | None) -> Value:
        """The same of Jinja's templates."""
        name = args[0].value if isinstance(args[0], Const) else None
        found = None if self.filters is None else self.filters.named(str(name))
        if found is None or self.depth >= _MAX_NESTING:
            return args[1]
        given = [UNKNOWN] if found.takes_context else []
        return m.call_function(found.function, None, [*given, *args[1:]], kwargs, node)

    def block(
        self,
        m: Machine,
        args: list[Value],
        _: dict[str, Value],
        __: Node | None,
        blocks: dict[str, tuple[tuple[Node, ...], Function]],
    ) -> Value:
        name = args[0].value if isinstance(args[0], Const) else ""
        if name in blocks and name not in self.open_blocks and self.depth < 2 * _MAX_NESTING:
            body, function = blocks[name]
            self.open_blocks.append(name)
            self.run(m, body, function, dict(m.cx.env), blocks)
            self.open_blocks.pop()
        return UNKNOWN


def asks_cache(m: Machine, _: list[Value], __: dict[str, Value], node: Node | None) -> Value:
    """`{% cache %}`: one read of the cache that fragments are kept in."""
    m.effect("cache", "template fragment", "read", cause="call", node=node)
    return UNKNOWN


def is_jinja(path: str, source: str, *, default: bool) -> bool:
    """Which of the two languages a template is in: by its name, by what only one of them has, else the project's."""
    if path.endswith((".jinja", ".jinja2", ".j2")) or "/jinja2/" in path:
        return True
    if "{% load " in source or "{% url '" in source or '{% url "' in source:
        return False
    return default or any(mark in source for mark in ("{% macro ", "{% set ", "{% import ", "{%- macro"))


def shown_of(env: dict[str, Value]) -> dict[str, Value]:
    """What a template's code sees, without our own helpers."""
    return {name: value for name, value in env.items() if not isinstance(value, Hook)}


def names(value: Value) -> list[str]:
    """The template names that a value can be, first choice first."""
    if isinstance(value, Const):
        return [value.value] if isinstance(value.value, str) else []
    if isinstance(value, Items):
        return [n for i in value.items for n in names(i)]
    return [n for o in value.options for n in names(o)] if isinstance(value, OneOf) else []


def is_named(value: Value) -> bool:
    """Whether it is the name of a template, as far as it is known."""
    return any(
        isinstance(one, Text) or (isinstance(one, Const) and isinstance(one.value, str))
        for one in options(value)
    )


def is_open(value: Value) -> bool:
    """Whether only a caller knows which names these are."""
    if isinstance(value, Items):
        return any(is_open(item) for item in value.items)
    return isinstance(value, Sym) or (isinstance(value, OneOf) and any(is_open(o) for o in value.options))


def environment(context: Value) -> dict[str, Value]:
    if isinstance(context, Dictionary):
        return {k: v for k, v in context.entries.items() if isinstance(k, str)}
    if isinstance(context, OneOf):
        merged: dict[str, Value] = {}
        for option in context.options:
            merged.update(environment(option))
        return merged
    return {}
