"""Folders on the path beside a module's own root: where `manage.py` lies, and what settings add to `sys.path`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from auditor.index.ir import Node
    from auditor.index.symbols import Module

_STARTING: Final = ("manage.py", "wsgi.py", "asgi.py", "settings.py")
_ADDING: Final = frozenset({"insert", "append"})


def path_roots(modules: Iterable[Module], folders: Collection[str]) -> list[str]:
    """The folders of the tree on the path, the shortest first: of `manage.py`, and added by a written name."""
    found: set[str] = set()
    for module in modules:
        if not is_first(module.path):
            continue
        folder, _, file = module.path.rpartition("/")
        if file == "manage.py" and folder in folders:
            found.add(folder)
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
    known: dict[str, Node] = {}
    for node in ir.walk(body):
        if node[0] == ir.ASSIGN and len(node[3]) == 1 and node[3][0][0] == ir.NAME:
            known[node[3][0][2]] = node[4]
        if node[0] == ir.CALL and is_adding(node[2]):
            for part in ir.walk(written(node[3], known)):
                text = part[2] if part[0] == ir.CONST else None
                name = text.removeprefix("./").strip("/") if isinstance(text, str) else ""
                if name and all(piece.isidentifier() for piece in name.split("/")):
                    yield name


def written(given: Node, known: Mapping[str, Node]) -> Node:
    """What is given to `sys.path`, where it stands under a name as it was assigned to that."""
    place = given[-1] if given else None
    return known.get(place[2], given) if place and place[0] == ir.NAME else given


def is_adding(called: Node) -> bool:
    """Whether it is `sys.path.insert` or `sys.path.append`."""
    if called[0] != ir.ATTR or called[3] not in _ADDING:
        return False
    holder = called[2]
    return bool(
        holder[0] == ir.ATTR and holder[3] == "path" and holder[2][0] == ir.NAME and holder[2][2] == "sys"
    )
