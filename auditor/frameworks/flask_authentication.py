"""Who asks: the project's callbacks that extensions of Flask call before a view which wants to know.

Flask-Login, Flask-HTTPAuth (also through APIFairy's `@authenticate(auth)`), Flask-JWT-Extended and Flask-Principal. A
view nobody guards pays for none of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from auditor.frameworks.callbacks import hooked, mentions, unique
from auditor.frameworks.entry import Around, EntryPoint
from auditor.frameworks.wiring import Instance, Wiring
from auditor.index import ir
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Module

_SIGNED_IN: Final = frozenset({"current_user", "login_required", "fresh_login_required"})
_USER_LOADERS: Final = frozenset({"user_loader", "request_loader"})
_TOKEN_WANTED: Final = frozenset(
    "jwt_required verify_jwt_in_request fresh_jwt_required jwt_refresh_token_required jwt_optional "
    "verify_jwt_refresh_token_in_request verify_jwt_in_request_optional verify_fresh_jwt_in_request".split()
)
_TOKEN_LOADERS: Final = frozenset(
    "user_lookup_loader user_loader_callback_loader token_in_blocklist_loader token_in_blacklist_loader "
    "token_verification_loader claims_verification_loader".split()
)
_VERIFIERS: Final = frozenset({"verify_password", "verify_token", "get_password"})
_LISTS: Final = frozenset({"decorators", "method_decorators"})
_MAX_DEPTH: Final = 4
"""Authentications inside one another (`MultiAuth(basic, token)`)."""


@dataclass(frozen=True, slots=True)
class Guards:
    """What the extensions call, and when."""

    always: tuple[Around, ...]
    """Before every request."""
    users: tuple[Around, ...]
    """Where the current user is asked for."""
    tokens: tuple[Around, ...]
    """Where a token is wanted."""
    objects: tuple[Instance, ...]
    """Flask-HTTPAuth's, of which a view's decorators name one."""


def guards(wiring: Wiring) -> Guards:
    """Every callback of a project."""
    logins = wiring.made_from("flask_login.LoginManager", "flask_login.login_manager.LoginManager")
    tokens = wiring.made_from("flask_jwt_extended.JWTManager", "flask_jwt_extended.jwt_manager.JWTManager")
    principals = wiring.made_from("flask_principal.Principal")
    return Guards(
        tuple(callbacks(principals, frozenset({"identity_loader"}))),
        tuple(callbacks(logins, _USER_LOADERS)),
        tuple(callbacks(tokens, _TOKEN_LOADERS)),
        tuple(i for i in wiring.instances if any(n.startswith("flask_httpauth.") for n in i.libraries)),
    )


def callbacks(instances: list[Instance], methods: frozenset[str]) -> Iterator[Around]:
    """The functions that were registered through one of these methods."""
    for instance in instances:
        for call in instance.calls:
            if call.method in methods:
                yield from hooked((*call.args, *call.targets), "authentication")


def guarded(project: Project, wiring: Wiring, found: EntryPoint, known: Guards) -> EntryPoint:
    """The entry with the callbacks that run before it."""
    before = [*known.always]
    if known.users and asks_for(project, found, _SIGNED_IN):
        before += known.users
    if known.tokens and asks_for(project, found, _TOKEN_WANTED):
        before += known.tokens
    if known.objects:
        for module, decorator in decorators(project, found):
            for instance in named(wiring, module, decorator, known.objects):
                before += verifiers(instance, has_role=names_role(decorator), depth=0)
    return replace(found, around=unique((*before, *found.around))) if before else found


def asks_for(project: Project, found: EntryPoint, names: frozenset[str]) -> bool:
    """Whether the view, its class or what runs around it speaks of one of `names`."""
    functions = [found.handler, *(a.function for a in found.around)]
    return any(mentions(f, names) for f in functions) or any(
        class_mentions(c, names) for c in classes_of(project, found)
    )


def classes_of(project: Project, found: EntryPoint) -> list[Class]:
    """The classes of the project that the view's class is made of."""
    mro = () if found.receiver is None else project.mro(found.receiver)
    return [c for c in mro if isinstance(c, Class)]


def class_mentions(cls: Class, names: frozenset[str]) -> bool:
    """Whether a class body or its decorators speak of one of `names` outside its methods."""
    stack: list[object] = [*cls.decorators]
    stack.extend(s for s in cls.body if s[0] not in {ir.DEF, ir.CLASS})
    while stack:
        node = stack.pop()
        if isinstance(node, tuple) and node:
            if node[0] in {ir.NAME, ir.ATTR} and node[-1] in names:
                return True
            stack.extend(node)
    return False


def decorators(project: Project, found: EntryPoint) -> Iterator[tuple[Module, Node]]:
    """The decorators of a view, of what runs around it, and those that its class lists."""
    for function in (found.handler, *(a.function for a in found.around)):
        for node in function.decorators:
            yield function.module, node
    for cls in classes_of(project, found):
        for s in cls.body:
            if s[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] in _LISTS for t in s[3]):
                yield cls.module, s[4]


def named(wiring: Wiring, module: Module, node: Node, objects: tuple[Instance, ...]) -> Iterator[Instance]:
    """Which of `objects` an expression names: `auth.login_required(role="x")`, `authenticate(auth)`."""
    stack: list[object] = [node]
    while stack:
        part = stack.pop()
        if not isinstance(part, tuple) or not part:
            continue
        if is_dotted(part):
            value = wiring.value(module, part)
            if any(value is known for known in objects):
                yield value
                continue
        stack.extend(part)


def is_dotted(node: object) -> bool:
    """A name, or attributes of one."""
    while isinstance(node, tuple) and len(node) == 4 and node[0] == ir.ATTR:
        node = node[2]
    return isinstance(node, tuple) and len(node) == 3 and node[0] == ir.NAME and isinstance(node[2], str)


def names_role(node: Node) -> bool:
    """Whether a decorator wants a role, which is asked for as well."""
    return node[0] == ir.CALL and any(name == "role" for name, _ in node[4])


def verifiers(instance: Instance, *, has_role: bool, depth: int) -> Iterator[Around]:
    """What an authentication calls, and those that it was given to choose from."""
    methods = _VERIFIERS | {"get_user_roles"} if has_role else _VERIFIERS
    yield from callbacks([instance], methods)
    for given in (*instance.args, *instance.kwargs.values()) if depth < _MAX_DEPTH else ():
        if isinstance(given, Instance):
            yield from verifiers(given, has_role=has_role, depth=depth + 1)
