"""Where setup code begins: every module in order of import, then the factories that nobody in sight calls."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from auditor.frameworks.literals import UNKNOWN
from auditor.frameworks.wiring.assumptions import CONSTRUCTORS, assumed
from auditor.frameworks.wiring.interpreter import Interpreter
from auditor.frameworks.wiring.values import Frame, Instance, Value
from auditor.index import ir
from auditor.index.symbols import Class, Function, ImportedName, Module, inner_blocks, tail_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.index.ir import Node
    from auditor.index.project import Project

ROLES: Final = frozenset({"app", "config"})
"""Files whose setup code is the application's; tests and scripts make applications of their own."""
PACKAGES: Final = frozenset({
    "flask", "quart", "flask_restful", "flask_restx", "flask_restplus", "flask_login",
    "flask_smorest", "flask_openapi3",
    "fastapi", "starlette", "pyramid", "apiflask", "cornice",
    "aiohttp", "bottle", "cherrypy", "falcon", "flask_appbuilder", "litestar", "masonite", "ninja", "robyn", "sanic",
    "fastmcp", "mcp",
    "starlite", "tornado", "ariadne",
})  # fmt: skip
"""Libraries whose applications are put together by calls; without one of them there is nothing to execute."""
_REGISTERS: Final = frozenset({
    "route", "add_url_rule", "register_blueprint", "include_router", "add_api_route", "api_route", "mount",
    "add_resource", "add_namespace", "add_route", "add_view", "add_websocket_route", "before_request",
    "after_request",
    "add_middleware", "middleware", "scan", "register_api",
    "add_routes", "add_get", "add_post", "add_put", "add_patch", "add_delete", "add_subapp", "blueprint",
    "add_handlers", "add_rules", "add_router", "register", "field", "set_field",
})  # fmt: skip
_VERBS: Final = frozenset({"get", "post", "put", "patch", "delete", "options", "head", "websocket"})


@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """What setup code made. `names` looks values up as that code saw them."""

    interpreter: Interpreter | None = None
    instances: tuple[Instance, ...] = ()

    def made_from(self, *libraries: str) -> list[Instance]:
        """Every instance whose MRO has one of these dotted names, in the order of their making."""
        wanted = set(libraries)
        return [i for i in self.instances if not wanted.isdisjoint(i.libraries)]

    def value(self, module: Module, node: Node | None, function: Function | None = None) -> Value:
        """An expression as setup code would see it; `UNKNOWN` where nothing was executed."""
        if self.interpreter is None:
            return UNKNOWN
        self.interpreter.begin()
        home = self.interpreter.names.frame(module)
        return self.interpreter.evaluate(node, home if function is None else Frame(module, function, home))


@lru_cache(maxsize=2)
def wire(project: Project) -> Wiring:
    """Executes the setup code of a project, once; the last two projects are remembered."""
    modules = [m for m in project.modules if m.role in ROLES]
    imports = {id(m): frozenset(imported_packages(m.body)) for m in modules}
    if all(PACKAGES.isdisjoint(found) for found in imports.values()):
        return Wiring()
    interpreter = Interpreter(project)
    for module in in_import_order(project, modules):
        interpreter.call_module(module)
    for function in factories(project, modules, imports):
        if id(function) not in interpreter.executed:
            execute_root(interpreter, function, imports[id(function.module)])
    return Wiring(interpreter, tuple(interpreter.instances))


def imported_packages(statements: Iterable[Node]) -> Iterator[str]:
    """Top-level names of the packages imported anywhere below `statements`."""
    for s in statements:
        if s[0] == ir.IMPORT:
            yield from (dotted.partition(".")[0] for dotted, _ in s[3])
        elif s[0] == ir.FROM and s[3] == 0:
            yield str(s[4]).partition(".")[0]
        elif s[0] == ir.DEF:
            yield from imported_packages(s[6])
        elif s[0] == ir.CLASS:
            yield from imported_packages(s[7])
        else:
            for block in inner_blocks(s):
                yield from imported_packages(block)


def in_import_order(project: Project, modules: list[Module]) -> list[Module]:
    """Modules after what they import; in a cycle, the first that is met goes last."""
    allowed = {id(m) for m in modules}
    ordered: list[Module] = []
    seen: set[int] = set()
    for start in modules:
        stack: list[tuple[Module, Iterator[Module]]] = []
        if id(start) not in seen:
            seen.add(id(start))
            stack.append((start, iter(imported_modules(project, start))))
        while stack:
            module, pending = stack[-1]
            following = next((m for m in pending if id(m) in allowed and id(m) not in seen), None)
            if following is None:
                ordered.append(module)
                stack.pop()
            else:
                seen.add(id(following))
                stack.append((following, iter(imported_modules(project, following))))
    return ordered


def imported_modules(project: Project, module: Module) -> list[Module]:
    """The project's modules that the top level of `module` imports."""
    found: list[Module] = []
    for bindings in module.scope.values():
        for b in bindings:
            if isinstance(b, ImportedName):
                names = [b.module] if b.name is None else [f"{b.module}.{b.name}", b.module]
                found.extend(m for name in names if (m := project.module(name, module)) is not None)
    found.extend(m for star in module.stars if (m := project.module(star, module)) is not None)
    return found


def factories(project: Project, modules: list[Module], imports: dict[int, frozenset[str]]) -> list[Function]:
    """Functions that make or fill an application, those that need no argument and make one first."""
    constructors = constructor_names(modules)
    near = {id(m) for m in modules if not PACKAGES.isdisjoint(imports[id(m)])}
    # One step further: who imports from a module that knows the framework may pass its objects on.
    near |= {id(m) for m in modules if any(id(n) in near for n in imported_modules(project, m))}
    found: list[tuple[int, int, Function]] = []
    for n, function in enumerate(f for m in modules for f in m.functions if f.parent is None):
        if id(function.module) not in near and function.name != "includeme":
            continue
        makes, fills = mentions(function, constructors)
        if makes or fills:
            needs = sum(1 for p in function.params if p[1] == "pos" and p[3] is None)
            found.append((0 if makes and not needs else 1 if makes else 2, n, function))
    return [function for *_, function in sorted(found, key=lambda f: f[:2])]


def constructor_names(modules: list[Module]) -> frozenset[str]:
    """Names of the classes that make applications and parts of them, the project's subclasses included."""
    names = set(CONSTRUCTORS)
    before = 0
    while before != len(names):
        before = len(names)
        for module in modules:
            names.update(c.name for c in module.classes if any(tail_name(b) in names for b in c.bases))
    return frozenset(names)


def mentions(function: Function, constructors: frozenset[str]) -> tuple[bool, bool]:
    """Whether a function calls one of `constructors`, and whether it registers anything on something."""
    makes = fills = False
    stack: list[object] = list(function.body)
    while stack:
        node = stack.pop()
        if not isinstance(node, tuple) or not node:
            continue
        if node[0] == ir.CALL and len(node) == 5:
            name = tail_name(node[2]) if isinstance(node[2], tuple) else ""
            makes = makes or name in constructors
            fills = fills or name in _REGISTERS
        elif node[0] == ir.DEF and len(node) == 9 and isinstance(node[5], tuple):
            fills = fills or any(tail_name(d) in _VERBS for d in node[5])
        stack.extend(node)
    return makes, fills


def execute_root(interpreter: Interpreter, function: Function, packages: frozenset[str]) -> None:
    """Runs a function that nobody called: its parameters are what their types or names say, else unknown."""
    interpreter.begin()
    receiver: Value = None
    params = list(function.params)
    if function.owner is not None and function.static != "static" and params:
        receiver = root_receiver(interpreter, function.owner, function.static)
        params = params[1:]
        if id(function) in interpreter.executed:
            return
    outer = interpreter.around_class(function.owner)
    home = interpreter.names.frame(function.module)
    kwargs: dict[str, Value] = {}
    for name, kind, annotation, default in params:
        if kind not in {"pos", "kw"} or (default is not None and annotation is None):
            continue
        made = assumed(name, interpreter.evaluate(annotation, home), function, packages)
        if made is not None:
            interpreter.instances.append(made)
            kwargs[name] = made
        elif default is None:
            kwargs[name] = UNKNOWN
    interpreter.run(function, (), kwargs, receiver, outer)


def root_receiver(interpreter: Interpreter, cls: Class, static: str) -> Value:
    """The object that a method nobody calls is run on."""
    if static == "class":
        return cls
    made = next((i for i in interpreter.instances if i.cls is cls), None)
    if made is not None:
        return made
    return interpreter.instantiate(cls, (), {}, interpreter.names.frame(cls.module), cls.line)
