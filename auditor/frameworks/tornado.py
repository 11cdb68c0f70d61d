"""Tornado: handler classes at regular expressions, in the lists that applications are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks import url_path
from auditor.frameworks.callbacks import method_value, unique, wrappers
from auditor.frameworks.django_pattern import from_regex
from auditor.frameworks.entry import Around, EntryPoint, http_entry
from auditor.frameworks.verb_methods import verbs_of
from auditor.frameworks.wiring import Instance, Value, Wiring, wire
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from auditor.index.project import Project

_APPLICATION: Final = ("tornado.web.Application",)
_ROUTERS: Final = ("tornado.routing.RuleRouter", "tornado.web._ApplicationRouter")
_RULES: Final = ("tornado.web.url", "tornado.web.URLSpec", "tornado.routing.URLSpec", "tornado.routing.Rule")
_PATHS: Final = ("tornado.routing.PathMatches",)
_HANDLER: Final = "tornado.web.RequestHandler"
_SOCKET: Final = "tornado.websocket.WebSocketHandler"
_AROUND: Final = (("initialize", "before"), ("prepare", "before"), ("on_finish", "after"))
_MAX_DEPTH: Final = 8


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """One endpoint per rule and HTTP method that its handler class defines."""
    wiring = wire(project)
    routed: set[int] = set()
    for app in wiring.made_from(*_APPLICATION, *_ROUTERS):
        given = [app.argument(0, "handlers", "rules")]
        given += [call.argument(1, "host_handlers") for call in app.calls if call.method == "add_handlers"]
        given += [call.argument(0, "rules") for call in app.calls if call.method == "add_rules"]
        for listing in given:
            routed.add(id(listing))
            for path, cls in rules(project, listing, 0):
                routed.add(id(cls))
                yield from handlers(project, wiring, cls, path)
    yield from elsewhere(project, wiring, routed)


def elsewhere(project: Project, wiring: Wiring, routed: set[int]) -> Iterator[EntryPoint]:
    """Lists of rules at the top of a module that reach an application out of sight, by way of an import by name."""
    if wiring.interpreter is None:
        return
    for frame in wiring.interpreter.names.frames.values():
        for value in frame.env.values():
            if isinstance(value, list) and id(value) not in routed:
                for path, cls in rules(project, value, 0):
                    if id(cls) not in routed:
                        yield from handlers(project, wiring, cls, path)


def rules(project: Project, listing: Value, depth: int) -> Iterator[tuple[str, Class]]:
    """`(pattern, handler class)` of a list of rules; a nested application's or list's rules with them."""
    if not isinstance(listing, list | tuple) or depth > _MAX_DEPTH:
        return
    for item in listing:
        if isinstance(item, Instance):
            if set(item.libraries).isdisjoint(_RULES):
                continue
            pattern, target = item.argument(0, "pattern", "matcher"), item.argument(1, "handler", "target")
        elif isinstance(item, tuple | list) and len(item) > 1:
            pattern, target = item[0], item[1]
        else:
            continue
        if isinstance(pattern, Instance) and not set(pattern.libraries).isdisjoint(_PATHS):
            pattern = pattern.argument(0, "path_pattern")
        if isinstance(target, Class) and is_handler(project, target):
            yield url_path.text(pattern), target
        elif isinstance(target, list | tuple):
            yield from rules(project, target, depth + 1)
        elif isinstance(target, Instance) and not set(target.libraries).isdisjoint(
            (*_APPLICATION, *_ROUTERS)
        ):
            yield from rules(project, target.argument(0, "handlers", "rules"), depth + 1)


def is_handler(project: Project, cls: Class) -> bool:
    """Whether a class is one of Tornado's handlers."""
    bases = project.external_bases(cls)
    return _HANDLER in bases or _SOCKET in bases


def handlers(project: Project, wiring: Wiring, cls: Class, pattern: str) -> Iterator[EntryPoint]:
    """The endpoints of one handler class at one pattern."""
    path = url_path.rooted(from_regex(pattern))
    around = unique(own_around(project, cls))
    if _SOCKET in project.external_bases(cls):
        for name in ("on_message", "open"):
            function = project.method(cls, name)
            if function is not None:
                yield http_entry("tornado", "CONSUMER", path, function, cls, around)
                return
    for verb, function in verbs_of(project, cls):
        wrapped = wrappers(method_value(wiring, cls, function))
        yield http_entry("tornado", verb, path, function, cls, unique((*around, *wrapped)))


def own_around(project: Project, cls: Class) -> Iterable[Around]:
    """What a handler class does before and after each request."""
    for name, role in _AROUND:
        function = project.method(cls, name)
        if function is not None:
            yield Around(function, cls, role)  # type: ignore[arg-type]  # the roles are listed above
    user = project.method(cls, "get_current_user")
    if user is not None:
        yield Around(user, cls, "authentication")
