"""CherryPy: trees of objects whose exposed methods answer, and classes that answer by HTTP method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks import url_path
from auditor.frameworks.callbacks import method_value, unique, wrappers
from auditor.frameworks.entry import EntryPoint, http_entry
from auditor.frameworks.handlers import class_option, decorated_with, methods_of
from auditor.frameworks.verb_methods import VERBS
from auditor.frameworks.wiring import Instance, Value, Wiring, as_function, unwrapped, wire
from auditor.index.symbols import Class, Function

if TYPE_CHECKING:
    from auditor.index.project import Project

_EXPOSE: Final = "cherrypy.expose"
_MOUNTS: Final = (
    "cherrypy.quickstart",
    "cherrypy.tree.mount",
    "cherrypy.tree.mount()",
    "cherrypy.Application",
)
_MAX_DEPTH: Final = 12


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """The exposed methods of every object below one that is mounted."""
    wiring = wire(project)
    mounts = wiring.made_from(*_MOUNTS)
    if not mounts:
        return
    tree = _Tree(project, wiring)
    for mount in mounts:
        path = mount.argument(1, "script_name", default="")
        yield from tree.below(mount.argument(0, "root"), url_path.text(path).rstrip("/"), 0)


class _Tree:
    def __init__(self, project: Project, wiring: Wiring) -> None:
        self.project = project
        self.wiring = wiring
        exposed = [made.args[0] for made in wiring.made_from(_EXPOSE) if made.args]
        exposed += [target for _, target in decorated_with(wiring, (_EXPOSE,))]
        self.marked = {
            id(found)
            for target in exposed
            if (found := target if isinstance(target, Class) else _function(target)) is not None
        }

    def below(self, value: Value, prefix: str, depth: int) -> Iterator[EntryPoint]:
        """The endpoints of one object at `prefix`, and of the objects that are its attributes."""
        made = value if isinstance(value, Instance) else None
        cls = value if isinstance(value, Class) else None if made is None else made.cls
        if cls is None or depth > _MAX_DEPTH:
            return
        if self.dispatches(cls):
            yield from self.by_method(cls, prefix)
        else:
            yield from self.exposed(cls, prefix)
        for name, child in self.attributes(cls, made):
            yield from self.below(child, f"{prefix}/{name}", depth + 1)

    def attributes(self, cls: Class, made: Instance | None) -> Iterator[tuple[str, Value]]:
        """Objects of the project among the attributes of an object and of its class."""
        names = dict.fromkeys(
            n for base in self.project.mro(cls) if isinstance(base, Class) for n in base.scope
        )
        found: dict[str, Value] = {}
        if self.wiring.interpreter is not None:
            for name in names:
                found[name] = self.wiring.interpreter.names.of_class(cls, name, cls)
        found.update({} if made is None else made.attributes)
        for name, value in found.items():
            if isinstance(value, Instance) and value.cls is not None:
                yield name, value

    def dispatches(self, cls: Class) -> bool:
        """Whether a class answers by HTTP method: exposed as a whole."""
        if any(id(base) in self.marked for base in self.project.mro(cls)):
            return True
        return class_option(self.project, self.wiring, cls, "exposed") is True

    def by_method(self, cls: Class, prefix: str) -> Iterator[EntryPoint]:
        """One endpoint for each method that is named after an HTTP method; what it must be given stands in the path."""
        for verb in VERBS:
            function = self.project.method(cls, verb)
            if function is not None:
                yield self.entry(verb, prefix + required(function), function, cls)

    def exposed(self, cls: Class, prefix: str) -> Iterator[EntryPoint]:
        """The exposed methods of a page handler: `index` answers the object's own path, `default` all below it."""
        for function in methods_of(self.project, cls):
            if id(function) not in self.marked:
                continue
            if function.name == "index":
                path = prefix
            elif function.name == "default":
                path = f"{prefix}/{{?}}"
            else:
                path = f"{prefix}/{function.name}{required(function)}"
            yield self.entry("ANY", path, function, cls)

    def entry(self, verb: str, path: str, function: Function, cls: Class) -> EntryPoint:
        """The endpoint of one method."""
        around = unique(wrappers(method_value(self.wiring, cls, function)))
        return http_entry("cherrypy", verb, url_path.rooted(path), function, cls, around)


def required(function: Function) -> str:
    """The parameters without default as further parts of the path: they may also come in the query."""
    names = [p[0] for p in function.params[1:] if p[1] == "pos" and p[3] is None]
    return "".join(f"/{{{name}}}" for name in names)


def _function(value: Value) -> Function | None:
    found = as_function(unwrapped(value))
    return None if found is None else found[0]
