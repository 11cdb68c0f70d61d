"""The application object in the target's code, and a server that would serve it where nobody wrote down which."""

import re
from dataclasses import dataclass
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.importing import module_of
from auditor.execution.detect.reading import children, dotted
from auditor.execution.detect.serving import LISTEN
from auditor.execution.detect.starting import Start
from auditor.index import ir
from auditor.index.project import Project
from auditor.index.symbols import Module

_WSGI: Final = {"get_wsgi_application": "django", "Flask": "flask", "APIFlask": "flask", "OpenAPI": "flask"}
_ASGI: Final = {
    "get_asgi_application": "django",
    "FastAPI": "fastapi",
    "Starlette": "starlette",
    "Quart": "quart",
    "Litestar": "litestar",
    "ProtocolTypeRouter": "django",
}
_ASYNCHRONOUS: Final = frozenset(_ASGI.values()) - {"django"}
_PYRAMID: Final = "make_wsgi_app"
_FACTORY: Final = re.compile(r"(?:create|make|build|get)_(?:\w+_)?app(?:lication)?")
_USUAL: Final = ("wsgi", "asgi", "main", "app", "application", "server", "__init__")
_BY_WORKERS: Final = ("--workers", "2")
"""One worker hides what two would show: caches of their own, pools of their own."""


@dataclass(frozen=True, slots=True)
class Application:
    """An object that a server can serve, or a function that makes one."""

    module: str
    name: str
    """With ``()`` when it has to be called."""
    framework: str
    """Empty where a factory's result was not looked into."""
    asynchronous: bool
    root: str
    """The folder it is imported from; empty is the tree's top."""
    confidence: float


def applications(project: Project, /) -> tuple[Clue[Application], ...]:
    """Every application object at the top level of a module, the likeliest first."""
    found = []
    managed = {m.path.rpartition("/")[0] for m in project.modules if m.path.rpartition("/")[2] == "manage.py"}
    for module in project.modules:
        if module.role in {"app", "config", "script"}:
            found.extend(_in(module, managed))
    return tuple(sorted(found, key=lambda clue: (-clue.confidence, clue.place.count("/"), clue.place)))


def served(application: Application, /) -> Start:
    """A production server for the application, with settings that hide nothing."""
    target = f"{application.module}:{application.name}"
    factory = application.name.endswith("()")
    if application.asynchronous:
        plain = ("--factory", target.removesuffix("()")) if factory else (target,)
        words = ("uvicorn", *plain, *_BY_WORKERS, "--host", "127.0.0.1", "--port", "{port}")
        server = "uvicorn"
    else:
        words = ("gunicorn", f"'{target}'" if factory else target, *_BY_WORKERS, "--bind", LISTEN)
        server = "gunicorn"
    return Start(" ".join(words), application.root or ".", server, target, development=False)


def _in(module: Module, managed: set[str]) -> list[Clue[Application]]:
    base = module.path.rpartition("/")[2].removesuffix(".py")
    usual = base in _USUAL
    found = []
    for statement in module.body:
        made = _made(statement)
        if made is None:
            continue
        name, called, line = made
        last = called.rpartition(".")[2]
        framework = _WSGI.get(last) or _ASGI.get(last) or ("pyramid" if last == _PYRAMID else "")
        if not framework and _FACTORY.fullmatch(last):
            framework = _made_by(module, last)
        if not framework and not (_FACTORY.fullmatch(last) and usual):
            continue
        asynchronous = last in _ASGI or framework in _ASYNCHRONOUS or (not framework and base == "asgi")
        confidence = (0.5 if usual else 0.4) if framework else 0.45
        if module.role == "script" or (asynchronous != (base == "asgi") and base in {"wsgi", "asgi"}):
            confidence *= 0.6
        if last == "get_asgi_application":
            confidence -= 0.05  # most Django projects have both files and run the first
        root = _managed_root(module, managed) if framework == "django" else _root(module)
        application = Application(
            module_of(module.path, root), name, framework, asynchronous, root, confidence
        )
        found.append(Clue(application, f"{module.path}:{line}", confidence))
    if not found and module.role != "script":
        found.extend(
            Clue(
                Application(
                    module.name,
                    f"{function.name}()",
                    made,
                    asynchronous=made in _ASYNCHRONOUS,
                    root=_root(module),
                    confidence=0.45 if made else 0.3,
                ),
                f"{module.path}:{function.line}",
                0.45 if made else 0.3,
            )
            for function in module.functions
            if function.owner is None
            and function.parent is None
            and _FACTORY.fullmatch(function.name)
            and all(default is not None or kind.startswith("*") for _, kind, _, default in function.params)
            for made in (_made_by(module, function.name),)
        )
    return found


def _made_by(module: Module, name: str) -> str:
    """The framework whose application a factory of the module makes; empty where it does not show there."""
    for function in module.functions:
        if function.name != name or function.owner is not None:
            continue
        stack = list(function.node[6])
        while stack:
            node = stack.pop()
            if node[0] == ir.CALL:
                called = dotted(node[2]).rpartition(".")[2]
                if framework := _WSGI.get(called) or _ASGI.get(called):
                    return framework
            stack.extend(children(node))
    return ""


def _made(statement: ir.Node) -> tuple[str, str, int] | None:
    """The name that a top-level statement binds to what a call gives, what was called, and the line."""
    if statement[0] == ir.ASSIGN:
        targets, value = statement[3], statement[4]
    elif statement[0] == ir.ANN and statement[5] is not None:
        targets, value = (statement[3],), statement[5]
    else:
        return None
    if len(targets) != 1 or targets[0][0] != ir.NAME or value[0] != ir.CALL:
        return None
    function = value[2]
    called = dotted(function) or (function[3] if function[0] == ir.ATTR else "")
    return (targets[0][2], called, statement[1]) if called else None


def _managed_root(module: Module, managed: set[str]) -> str:
    """The folder of the nearest ``manage.py`` above: packages of a project need no ``__init__.py``."""
    above = [folder for folder in managed if not folder or module.path.startswith(f"{folder}/")]
    return max(above, key=len, default=_root(module))


def _root(module: Module) -> str:
    inner = module.name.replace(".", "/")
    for end in (f"{inner}.py", f"{inner}/__init__.py"):
        if module.path == end or module.path.endswith(f"/{end}"):
            return module.path[: -len(end)].rstrip("/")
    return ""
