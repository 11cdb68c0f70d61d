"""Folders that a project's settings put on the path: `sys.path.insert(0, os.path.join(BASE_DIR, "apps"))`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Module

_STARTING: Final = ("manage.py", "wsgi.py", "asgi.py", "settings.py")
_ADDING: Final = frozenset({"insert", "append"})


def path_roots(modules: Iterable[Module], folders: Collection[str]) -> list[str]:
    """The folders of the tree that files which run first add to the path by a written name, the shortest first."""
    found: set[str] = set()
    for module in modules:
        if not is_first(module.path):
            continue
        for name in names_added(module.body):
            found.update(
                folder
                for folder in folders
                if (folder == name or folder.endswith(f"/{name}"))
                and module.path.startswith(folder.removesuffix(name))
            )
    return sorted(found, key=lambda folder: (folder.count("/"), folder))


def is_first(path: str) -> bool:
    """Whether a file is settings, or what starts the application."""
    return path.endswith(_STARTING) or "/settings/" in f"/{path}"


def names_added(body: object) -> Iterator[str]:
    """The folders that a file writes into `sys.path`, as far as they are written out."""
    for node in ir.walk(body):
        if node[0] == ir.CALL and is_adding(node[2]):
            for part in ir.walk(node[3]):
                text = part[2] if part[0] == ir.CONST else None
                name = text.removeprefix("./").strip("/") if isinstance(text, str) else ""
                if name and all(piece.isidentifier() for piece in name.split("/")):
                    yield name


def is_adding(called: Node) -> bool:
    """Whether it is `sys.path.insert` or `sys.path.append`."""
    if called[0] != ir.ATTR or called[3] not in _ADDING:
        return False
    holder = called[2]
    return bool(
        holder[0] == ir.ATTR and holder[3] == "path" and holder[2][0] == ir.NAME and holder[2][2] == "sys"
    )
