"""Connexion: functions that an OpenAPI description in the tree names as what answers its operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks import openapi_text, url_path
from auditor.frameworks.entry import http_entry
from auditor.frameworks.flask_authentication import guarded, guards
from auditor.frameworks.wiring import wire
from auditor.index import ir
from auditor.index.symbols import Class, Function, ImportedName

if TYPE_CHECKING:
    from auditor.frameworks.entry import EntryPoint
    from auditor.index.ir import Node
    from auditor.index.project import Project

_LIBRARY: Final = "connexion"
_ADDING: Final = "add_api"


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """One endpoint per operation of which a function of the project is named, where the project uses Connexion."""
    if not project.interfaces or not uses(project):
        return
    wiring = wire(project)
    known = guards(wiring)
    added = list(additions(project))
    for path, text in project.interfaces:
        described = openapi_text.read(text)
        fitting = [a for a in added if path == a[0] or path.endswith(f"/{a[0]}")]
        given = max(fitting, key=lambda a: len(a[0]), default=("", None, ""))
        base = described.base if given[1] is None else given[1]
        for operation in described.operations:
            function = named(project, f"{given[2]}.{operation.function}" if given[2] else operation.function)
            if function is not None:
                place = url_path.rooted(url_path.under(base, operation.path))
                entry = http_entry(_LIBRARY, operation.verb, place, function, None)
                yield guarded(project, wiring, entry, known)


def uses(project: Project) -> bool:
    """Whether a module of the application imports Connexion."""
    return any(
        isinstance(b, ImportedName) and b.module.partition(".")[0] == _LIBRARY
        for module in project.modules
        if module.role in {"app", "script", "config"}
        for bindings in module.scope.values()
        for b in bindings
    )


def additions(project: Project) -> Iterator[tuple[str, str | None, str]]:
    """`(file, base path, package)` of each `add_api("shop/api.yaml", base_path="/v1", resolver=RelativeResolver("shop"))`."""
    for module in project.modules:
        for node in ir.walk(module.body) if module.role in {"app", "script", "config"} else ():
            if node[0] != ir.CALL or node[2][0] != ir.ATTR or node[2][3] != _ADDING:
                continue
            file = written(node[3][0]) if node[3] else written(ir.argument(node, "specification"))
            if file and file.endswith((".yaml", ".yml")):
                resolver = ir.argument(node, "resolver")
                relative = (
                    written(resolver[3][0])
                    if resolver is not None and resolver[0] == ir.CALL and resolver[3]
                    else ""
                )
                yield file.removeprefix("./"), written(ir.argument(node, "base_path")), relative or ""


def written(node: Node | None) -> str | None:
    """A text as it stands in the code."""
    return node[2] if node is not None and node[0] == ir.CONST and isinstance(node[2], str) else None


def named(project: Project, dotted: str) -> Function | None:
    """The function of the project that a dotted name means: of a module, or a method that a class has for itself."""
    home, _, name = dotted.rpartition(".")
    if (module := project.module(home) if home else None) is not None:
        found = project.exported(module, name)
        return found if isinstance(found, Function) and found.module.role != "library" else None
    place, _, owner = home.rpartition(".")
    if (module := project.module(place) if place else None) is not None:
        cls = project.exported(module, owner)
        method = project.method(cls, name) if isinstance(cls, Class) else None
        return method if method is not None and method.static in {"static", "class"} else None
    return None
