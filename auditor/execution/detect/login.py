"""Routes that sign somebody in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.reading import children
from auditor.frameworks.entry import EntryPoint
from auditor.index import ir
from auditor.index.project import Project
from auditor.index.symbols import Class, External

_NAMES: Final = {
    "login": 0.8, "signin": 0.8, "sign-in": 0.8, "log-in": 0.8, "session": 0.75, "sessions": 0.75, "token": 0.7,
    "access-token": 0.7, "obtain-token": 0.7, "authenticate": 0.7, "auth": 0.6,
}  # fmt: skip
"""The last part of the path, and how likely it is what a client posts its password to."""


_FIELDS: Final = ("username", "email", "login", "user", "phone")
"""What a handler may read a person's name from, the likeliest first."""
_SECRETS: Final = ("password", "passwd", "passcode", "secret", "pin")
_TOKENS: Final = ("access_token", "token", "access", "jwt", "id_token")
"""Keys of an answer that may hold what later requests are signed with, the likeliest first."""
_BY_USERNAME: Final = frozenset({"django", "rest_framework"})
_OAUTH_FORM: Final = "OAuth2PasswordRequestForm"


@dataclass(frozen=True, slots=True)
class Login:
    """A route that takes a name and a password."""

    path: str
    field: str
    """What the name is sent as."""
    sent_as: str = "password"
    """What the password is sent as."""
    answered_as: str = "token"
    """The key of the answer that holds the token."""
    form: bool = False
    """Whether it is sent as a form, not as JSON."""


def logins(project: Project, entries: Sequence[EntryPoint], /) -> tuple[Clue[Login], ...]:
    """Routes that take a POST, the best first."""
    clues = []
    for entry in entries:
        last = entry.path.rstrip("/").rpartition("/")[2].lower().replace("_", "-")
        if (
            entry.kind == "http"
            and entry.method in {"POST", "ANY"}
            and last in _NAMES
            and "{" not in entry.path
        ):
            admin = 0.5 if "admin" in entry.path else 1.0
            found = _login(project, entry)
            clues.append(Clue(found, f"{entry.file}:{entry.line}", round(_NAMES[last] * admin, 2)))
    return tuple(sorted(clues, key=lambda clue: (-clue.confidence, len(clue.value.path), clue.value.path)))


def _login(project: Project, entry: EntryPoint) -> Login:
    """What is sent and answered, as far as the handler's text and the model of its body say so."""
    bodies = [b for p in entry.handler.params if p[2] is not None and (b := _body(project, entry, p[2]))]
    form = _OAUTH_FORM in bodies
    said = {"username", "password"} if form else _fields(project, bodies) or _texts(entry.handler.body)
    usual = "username" if entry.framework in _BY_USERNAME else "email"
    return Login(
        entry.path,
        next((field for field in _FIELDS if field in said), usual),
        next((field for field in _SECRETS if field in said), "password"),
        next((key for key in _TOKENS if key in _answered(entry.handler.body)), "token"),
        form,
    )


def _body(project: Project, entry: EntryPoint, annotation: ir.Node) -> Class | str | None:
    """The class of the project's that a parameter is filled from, or the form of a library."""
    found = project.resolve_expression(entry.handler.module, annotation, entry.handler)
    if isinstance(found, Class):
        return found
    names = [found.name] if isinstance(found, External) else []
    names += [node[2] for node in _nodes((annotation,)) if node[0] == ir.NAME]
    return _OAUTH_FORM if any(name.rpartition(".")[2] == _OAUTH_FORM for name in names) else None


def _fields(project: Project, bodies: Sequence[Class | str]) -> set[str]:
    """The names that the classes of a body declare; empty where none of them is about signing in."""
    found = {
        name
        for body in bodies
        if isinstance(body, Class)
        for base in project.mro(body)
        if isinstance(base, Class)
        for name in base.scope
    }
    return found if found & {*_FIELDS, *_SECRETS} else set()


def _texts(body: Sequence[ir.Node]) -> set[str]:
    return {node[2] for node in _nodes(body) if node[0] == ir.CONST and isinstance(node[2], str)}


def _answered(body: Sequence[ir.Node]) -> set[str]:
    """The keys of the dictionaries that it answers with, or is built from."""
    keys: set[str] = set()
    for node in _nodes(body):
        if node[0] == ir.DICT:
            keys |= {key[2] for key, _ in node[2] if key is not None and key[0] == ir.CONST}
        elif node[0] == ir.CALL:
            keys |= {key for key, _ in node[4] if key is not None}
    return keys


def _nodes(body: Sequence[ir.Node]) -> Iterator[ir.Node]:
    stack = list(body)
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))
