"""The cache that a target has configured for all its worker processes together."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.places import dotted
from auditor.trace.semantics import imports

if TYPE_CHECKING:
    from auditor.codemods.source import Source

_FLASK_KINDS: Final = re.compile(r"(redis|memcached)(sentinel|cluster)?(cache)?$", re.IGNORECASE)
_DJANGO_KINDS: Final = re.compile(
    r"^(django\.core\.cache\.backends\.(redis|memcached|db)\.|django_redis\.cache\.)"
)
_OWN_ONLY: Final = "an in-process cache can't be told of a write in another worker"


@dataclass(frozen=True, slots=True)
class SharedCache:
    """How it is imported: `from module import name`."""

    module: str
    name: str


def shared_cache(source: "Source", framework: str, /) -> SharedCache | str:
    """The one cache of the target that every worker shares; a reason where there is none."""
    assert source.scene is not None, "asked with a trace only"
    if framework == "django":
        return _of_django(source)
    if framework == "flask" and imports(source.scene.project, "flask_caching"):
        return _of_flask(source)
    return f"the target has configured no cache that its workers share, and {_OWN_ONLY}"


def _of_django(source: "Source") -> SharedCache | str:
    kinds = list(_said(source, "BACKEND", within="CACHES"))
    if not kinds or None in kinds:
        return "which cache the settings choose is not plain to see"
    if not all(kind is not None and _DJANGO_KINDS.match(kind) for kind in kinds):
        return _OWN_ONLY
    return SharedCache("django.core.cache", "cache")


def _of_flask(source: "Source") -> SharedCache | str:
    kinds = list(_said(source, "CACHE_TYPE"))
    if not kinds or None in kinds:
        return "which cache the configuration chooses is not plain to see"
    if not all(kind is not None and _FLASK_KINDS.search(kind) for kind in kinds):
        return _OWN_ONLY
    found: list[SharedCache] = []
    for name, path, tree in _trees(source):
        if path.endswith("__init__.py") or _imports_own(source, tree):
            continue
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=bound)], value=ast.Call(func=called)) if dotted(
                    called
                ).endswith("Cache"):
                    found.append(SharedCache(name, bound))
                case _:
                    pass
    return found[0] if len(found) == 1 else "the cache is not one object of a module of its own"


def _imports_own(source: "Source", tree: ast.Module) -> bool:
    """Whether a module imports others of the project, which may import what is to be kept."""
    assert source.scene is not None, "asked with a trace only"
    project = source.scene.project
    wanted = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and not n.level]
    wanted += [one.name for n in ast.walk(tree) if isinstance(n, ast.Import) for one in n.names]
    relative = any(isinstance(n, ast.ImportFrom) and n.level for n in ast.walk(tree))
    found = [project.module(name) for name in wanted]
    return relative or any(one is not None and one.role != "library" for one in found)


def _trees(source: "Source") -> Iterator[tuple[str, str, ast.Module]]:
    assert source.scene is not None, "asked with a trace only"
    for module in source.scene.project.modules:
        text = source.read(module.path) if module.role in {"app", "config"} else None
        if text is not None and "ache" in text.lower():
            spans = source.spans(module.path)
            if spans is not None:
                yield module.name, module.path, spans.tree


def _said(source: "Source", key: str, *, within: str = "") -> Iterator[str | None]:
    """Every value that the configuration gives a key; None for one that is computed."""
    for _, _, tree in _trees(source):
        for node in ast.walk(tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=bound)], value=value) if within and bound == within:
                    found = [one for inner in ast.walk(value) for one in _in_dict(inner, key)]
                    yield from found or [None]
                case ast.Assign(targets=[ast.Name(id=bound)], value=value) if not within and bound == key:
                    yield _text(value)
                case ast.Assign(targets=[ast.Subscript(slice=ast.Constant(value=said))], value=value) if (
                    not within and said == key
                ):
                    yield _text(value)
                case ast.Dict() if not within:
                    yield from _in_dict(node, key)
                case ast.keyword(arg=said, value=value) if not within and said == key:
                    yield _text(value)
                case _:
                    pass


def _in_dict(node: ast.AST, key: str) -> Iterator[str | None]:
    if isinstance(node, ast.Dict):
        for said, value in zip(node.keys, node.values, strict=True):
            if isinstance(said, ast.Constant) and said.value == key:
                yield _text(value)


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
