"""An entry point as a framework declares it: what is called, under which name, and what runs around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from auditor.frameworks.graphql_types import GraphField
    from auditor.index.symbols import Class, Function

EntryKind: TypeAlias = Literal["http", "graphql", "task", "consumer", "command"]


@dataclass(frozen=True, slots=True)
class Around:
    """Code that runs before or after every request to an entry point."""

    function: Function
    receiver: Class | None
    """The concrete class whose instance is called, where `function` is a method."""
    role: Literal["middleware", "before", "after", "dependency", "permission", "authentication", "background"]


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """One endpoint of one method. `id` follows DESIGN section 6: `GET /books/{id}`."""

    kind: EntryKind
    method: str
    """`GET`, `ANY` where open; for other kinds `TASK`, `COMMAND`, `QUERY`, `MUTATION`, `CONSUMER`."""
    path: str
    """Parameters as `{name}`, converters dropped; for other kinds the dotted name."""
    framework: str
    handler: Function
    """What is called; a function of the library models (role "library") where the project only inherits it."""
    receiver: Class | None
    """The concrete class whose instance receives the call: a view, a view set, a resource."""
    name: str
    """Dotted name a person would look for: `app.views.BookViewSet.list`."""
    file: str
    line: int
    around: tuple[Around, ...] = ()
    home: str = ""
    """The application that serves it (a folder, `folder:module`), where its finder knows of several."""
    application: str = ""
    """The folder of the application that serves it, where another one of the tree serves the same path."""
    gives: GraphField | None = None
    """GraphQL: the field that the handler resolves, with the type whose fields are resolved for each of its results."""
    renderer: str = ""
    """The template that shows what the handler gives, where the framework renders it (Pyramid)."""
    resource: Class | Around | None = None
    """What the handler is asked for beside the request: an instance of a class, or what a function finds (Pyramid)."""

    @property
    def id(self) -> str:
        """`GET /books/{id}`; `GET /books/{id} (services/shop)` where that is needed to tell it apart."""
        return f"{self.method} {self.path}" + (f" ({self.application})" if self.application else "")


def http_entry(
    framework: str,
    verb: str,
    path: str,
    function: Function,
    receiver: Class | None,
    around: tuple[Around, ...] = (),
) -> EntryPoint:
    """An endpoint of the project's own code; the verb `CONSUMER` is that of a socket."""
    name = function.qualname if receiver is None else f"{receiver.qualname}.{function.name}"
    kind: EntryKind = "consumer" if verb == "CONSUMER" else "http"
    module = function.module
    return EntryPoint(
        kind, verb, path, framework, function, receiver, name, module.path, function.line, around
    )
