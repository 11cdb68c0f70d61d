"""What calls of Django, DRF and the standard library mean in a URL configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import django_admin, django_apps
from auditor.frameworks.django_values import (
    HOLE,
    PREFIX,
    UNKNOWN,
    Bound,
    Called,
    Defaults,
    Frame,
    Include,
    Instance,
    Route,
    Router,
    Value,
    Wrapped,
    is_routes,
    is_view,
)
from auditor.frameworks.rest_framework_routers import expand, is_router_name, new_router
from auditor.index.symbols import Class, External, Module

if TYPE_CHECKING:
    from auditor.frameworks.django_evaluate import Evaluation

_ROUTE: Final = {"path": "route", "re_path": "regex", "url": "regex"}
_LAZY_TEXT: Final = frozenset({
    "gettext_lazy", "ugettext_lazy", "gettext", "ugettext", "pgettext_lazy", "gettext_noop", "escape",
})  # fmt: skip
_SAME: Final = frozenset({"copy.copy", "copy.deepcopy", "typing.cast"})


class Library:
    """The table of library calls of one evaluation."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.project = evaluation.project

    def call(self, name: str, args: list[Value], kwargs: dict[str, Value], frame: Frame, line: int) -> Value:
        """What calling a function of a library by its dotted name gives."""
        tail = name.rpartition(".")[2]
        if tail in django_admin.METHODS and (site := django_admin.site_named(name)) is not None:
            return django_admin.call(self.evaluation, site[0], tail, args, kwargs, where=(frame.module, line))
        if (
            name.startswith("django.")
            and (found := self._django(tail, args, kwargs, frame, line)) is not None
        ):
            return found
        if is_router_name(name):
            return new_router(External(name), args, kwargs, self.project)
        if name in {"os.getenv", "os.environ.get"} or "default" in kwargs:
            self.evaluation.open_reads += 1
            return kwargs.get("default", args[1] if len(args) > 1 else UNKNOWN)
        if tail in _LAZY_TEXT and args and isinstance(args[-1], str):
            return args[-1]
        if (plain := self._standard(name, args)) is not None:
            return plain
        if args and is_view(args[0]):
            return Wrapped(args[0], External(name), tuple(args[1:]))
        if args and is_routes(args[0]):
            return args[0]
        return Called(name, tuple(args), kwargs)

    def _standard(self, name: str, args: list[Value]) -> Value | None:
        if name == "collections.defaultdict":
            made = Defaults()
            made.factory = args[0] if args else UNKNOWN
            return made
        if name == "collections.OrderedDict":
            return dict(args[0]) if args and isinstance(args[0], dict) else {}
        if name in _SAME and args:
            return args[-1] if name == "typing.cast" else args[0]
        if name == "itertools.chain":
            return [item for arg in args if isinstance(arg, list | tuple) for item in arg]
        if name == "itertools.chain.from_iterable" and args and isinstance(args[0], list | tuple):
            return [item for arg in args[0] if isinstance(arg, list | tuple) for item in arg]
        if name == "importlib.import_module" and args and isinstance(args[0], str):
            return self.project.module(args[0]) or UNKNOWN
        return None

    def _django(
        self, tail: str, args: list[Value], kwargs: dict[str, Value], frame: Frame, line: int
    ) -> Value | None:
        match tail:
            case "path" | "re_path" | "url":
                return self._route(tail, args, kwargs, frame, line)
            case "include":
                return self.include(args[0] if args else kwargs.get("arg", UNKNOWN), frame)
            case "i18n_patterns":
                prefix = (
                    "" if kwargs.get("prefix_default_language") is False else f"{PREFIX}language{PREFIX}/"
                )
                return [Route(prefix, "route", list(args), frame.module, line)]
            case "URLResolver" | "URLPattern" if len(args) > 1:
                pattern, syntax = self.pattern(args[0])
                return Route(pattern, syntax, args[1], frame.module, line)  # type: ignore[arg-type]  # one of the two
            case "patterns" if args:
                return self.old_patterns(args, frame, line)
            case "static" | "staticfiles_urlpatterns":
                return []
            case "import_string" if args and isinstance(args[0], str):
                return self.evaluation.names.dotted(args[0], frame.module)
            case "get_app_config" if args and isinstance(args[0], str):
                return self.app_config(args[0])
        return None

    def _route(
        self, tail: str, args: list[Value], kwargs: dict[str, Value], frame: Frame, line: int
    ) -> Route:
        pattern = args[0] if args else kwargs.get("route", kwargs.get("regex"))
        view = args[1] if len(args) > 1 else kwargs.get("view", UNKNOWN)
        text = pattern if isinstance(pattern, str) else HOLE
        if isinstance(view, list) and not is_routes(view):
            view = list(view)
        return Route(text, _ROUTE[tail], view, frame.module, line)  # type: ignore[arg-type]  # literals of the table

    def include(self, what: Value, frame: Frame) -> Value:
        """The target that `include(what)` gives; a name that is not of this tree stays a `Called`."""
        if isinstance(what, tuple) and what and not is_routes(what):
            what = what[0]
        if isinstance(what, str):
            found = self.evaluation.names.dotted(what, frame.module)
            if found is UNKNOWN or isinstance(found, External):
                return Called("include", (what,), {})
            what = found
        if isinstance(what, Module):
            return Include(what) if what.role != "library" else Called("include", (what.name,), {})
        if isinstance(what, Router):
            return self.evaluation.names.attribute(what, "urls")
        if django_admin.included_site(what, self.project) is not None:
            return what
        if isinstance(what, External):
            return Called("include", (what.name,), {})
        return list(what) if isinstance(what, list | tuple) else UNKNOWN

    def pattern(self, value: Value) -> tuple[str, str]:
        """Text and syntax of a pattern object."""
        if isinstance(value, Called):
            tail = value.name.rpartition(".")[2]
            text = value.args[0] if value.args and isinstance(value.args[0], str) else HOLE
        elif isinstance(value, Instance) and isinstance(value.cls, Class):
            tails = [base.name.rpartition(".")[2] for base in self.project.mro(value.cls)]
            tail = next((t for t in reversed(tails) if t.endswith("Pattern")), "")
            text = HOLE
        else:
            return (value, "route") if isinstance(value, str) else (HOLE, "route")
        if tail == "LocalePrefixPattern":
            return f"{PREFIX}language{PREFIX}/", "route"
        return text, "regex" if tail == "RegexPattern" else "route"

    def old_patterns(self, args: list[Value], frame: Frame, line: int) -> list[Route]:
        """`patterns(prefix, ...)` of Django before 1.10: string views stand below the prefix."""
        prefix = f"{args[0]}." if isinstance(args[0], str) and args[0] else ""
        routes: list[Route] = []
        for item in args[1:]:
            if isinstance(item, tuple) and len(item) > 1 and isinstance(item[0], str):
                item = Route(item[0], "regex", item[1], frame.module, line)  # noqa: PLW2901  # the same entry, spelt out
            if isinstance(item, Route):
                target = prefix + item.target if isinstance(item.target, str) else item.target
                routes.append(Route(item.pattern, item.syntax, target, item.module, item.line))
        return routes

    def app_config(self, label: str) -> Value:
        """The configuration of an application, by label, after `ready()`; there is one object of each."""
        return django_apps.config_object(self.evaluation, label)

    # -- routers ---------------------------------------------------------------------------------------------

    def router_attribute(self, router: Router, name: str) -> Value:
        """A router's own attribute; `urls` are its routes."""
        if name == "urls":
            method = self.project.method(router.cls, "get_urls") if isinstance(router.cls, Class) else None
            if method is not None and method.module.role != "library":
                return self.evaluation.function(method, [], {}, router)
            return expand(router, self.evaluation)
        return Bound(router, name, None)

    def router_call(
        self,
        router: Router,
        name: str,
        args: list[Value],
        kwargs: dict[str, Value],
        *,
        where: tuple[Module, int],
    ) -> Value:
        """A method that a router has from its library, called at `where`."""
        if name == "register":
            prefix = args[0] if args else kwargs.get("prefix", HOLE)
            viewset = args[1] if len(args) > 1 else kwargs.get("viewset", UNKNOWN)
            router.attributes["registry"].append((prefix, viewset, where))
            return router
        return expand(router, self.evaluation) if name == "get_urls" else UNKNOWN
