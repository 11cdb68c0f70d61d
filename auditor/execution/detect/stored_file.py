"""The SQLite file that a target's own code names: for one that reads no variable to be told another place.

Constants of a module are put together as far as they can be told by reading: `BASE_DIR / "db.sqlite3"`, `os.path.join(here, "app.db")`,
`"sqlite:///" + path`. Nothing is run, and nothing is parsed here: a file that the index could not read tells nothing.
"""

import posixpath
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import unquote

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.reading import children
from auditor.index import ir
from auditor.index.ir import Node
from auditor.index.project import Project
from auditor.index.symbols import Module

_TOP: Final = "/tree"
"""Stands for the top of the tree while paths are put together."""
_SAME: Final = frozenset(
    {
        "Path",
        "PurePath",
        "str",
        "fspath",
        "resolve",
        "absolute",
        "abspath",
        "realpath",
        "as_posix",
        "normpath",
    }
)
"""Calls after which a path is the same place."""
_OPENERS: Final = {
    "SqliteDatabase": "",
    "SqliteExtDatabase": "",
    "PooledSqliteDatabase": "",
    "connect": "sqlite",
}
"""Calls whose first argument is the file, and how the name that they are called on ends."""
_MOST_PASSES: Final = 4
_LONGEST: Final = 4096
"""Characters of a path, as Linux has it: constants that are added to themselves again and again would fill the memory."""


def stored_file(project: Project, /, *, cwd: str) -> Clue[str] | None:
    """Where the file lies, relative to the top of the tree, for a target that runs in `cwd`; None when no code says so, or several do."""
    found: list[Clue[str]] = []
    with_extension = False
    for module in sorted(project.modules, key=lambda one: (one.path.count("/"), one.path)):
        if module.role == "library" or _is_test(module.path):
            continue
        nodes = _nodes(module)
        with_extension = with_extension or any(_imports(node, "flask_sqlalchemy") for node in nodes)
        if any(_mentions_sqlite(node) for node in nodes):
            found += _named_in(_Reader(module.path, nodes, cwd), nodes)
    best = max(found, key=lambda clue: clue.confidence, default=None)
    if best is None or len({clue.value for clue in found if clue.confidence == best.confidence}) > 1:
        return None
    value = best.value
    if value.startswith("instance:"):
        relative = value.removeprefix("instance:")
        value = posixpath.join("instance" if with_extension else cwd, relative)
    inside = posixpath.normpath(value)
    return None if inside.startswith("..") else Clue(inside, best.place, best.confidence)


def _is_test(file: str) -> bool:
    parts = file.split("/")
    return any(part in {"tests", "test", "testing"} for part in parts) or parts[-1].startswith(
        ("test_", "conftest")
    )


def _nodes(module: Module) -> tuple[Node, ...]:
    """Every node, those nearer to the top first."""
    found: list[Node] = []
    left = deque(module.body)
    while left:
        node = left.popleft()
        found.append(node)
        left.extend(children(node))
    return tuple(found)


def _imports(node: Node, package: str) -> bool:
    match node:
        case (ir.IMPORT, _, _, names):
            return any(name.partition(".")[0] == package for name, _ in names)
        case (ir.FROM, _, _, 0, module, _):
            return bool(module.partition(".")[0] == package)
        case _:
            return False


def _mentions_sqlite(node: Node) -> bool:
    match node:
        case (ir.CONST | ir.NAME, _, str(text)) | (ir.ATTR, _, _, str(text)) | (ir.FSTR, _, str(text), _):
            return "sqlite" in text.lower()
        case _:
            return False


def _named_in(reader: "_Reader", nodes: Sequence[Node]) -> Iterator[Clue[str]]:
    beginnings = {id(part) for node in nodes if node[0] == ir.BIN for part in node[3:]}
    for node in nodes:
        path: str | None = None
        confidence = 0.8
        match node:
            case (ir.DICT, *_):
                path = _of_django(reader, node)
                confidence = 0.9
            case (
                ir.CALL,
                _,
                (ir.NAME, _, name) | (ir.ATTR, _, _, name) as function,
                (first, *_),
                _,
            ) if name in _OPENERS:
                owner = function[2] if function[0] == ir.ATTR else None
                if not _OPENERS[name] or (owner is not None and owner[0] == ir.NAME and "sqlite" in owner[2]):
                    path, confidence = reader.path(first), 0.6
            case (ir.CONST | ir.FSTR | ir.BIN, *_) if id(node) not in beginnings:
                path = reader.url(node)
        if path is not None:
            yield Clue(path, f"{reader.file}:{node[1]}", confidence)


def _of_django(reader: "_Reader", node: Node) -> str | None:
    """`{"ENGINE": "…sqlite3", "NAME": …}` under the key `default`, or wherever there is one such."""
    values = {key[2]: value for key, value in node[2] if key is not None and key[0] == ir.CONST}
    match values.get("ENGINE"):
        case (ir.CONST, _, str(engine)) if "sqlite" in engine:
            return reader.path(values["NAME"]) if "NAME" in values else None
        case _:
            return None


class _Reader:
    """A module's constants, as text."""

    def __init__(self, file: str, nodes: Sequence[Node], cwd: str) -> None:
        self.file = file
        self.cwd = cwd
        self._names: dict[str, str] = {}
        assigned = {
            target[2]: node[4]
            for node in nodes
            if node[0] == ir.ASSIGN
            for target in node[3]
            if target[0] == ir.NAME
        }
        for _ in range(_MOST_PASSES):
            for name, value in assigned.items():
                told = self.text(value)
                if told is not None:
                    self._names[name] = told

    def path(self, node: Node) -> str | None:
        """A file's place relative to the top; None for one in memory, elsewhere, or not told."""
        told = self.text(node)
        if not told or told.startswith(("file:", ":memory:", "sqlite:")):
            return None
        return _inside(posixpath.join(_TOP, self.cwd, told))

    def url(self, node: Node) -> str | None:
        """The file of `sqlite:///…`. A relative one is for Flask-SQLAlchemy to place: ``instance:`` before it."""
        told = self.text(node)
        if told is None or not told.startswith("sqlite") or "://" not in told:
            return None
        scheme, _, rest = told.partition("://")
        if scheme != "sqlite" and not scheme.startswith("sqlite+"):
            return None
        rest = unquote(rest.partition("?")[0])
        rest = rest.removeprefix("/") if rest.startswith("/") else rest
        if not rest or ":memory:" in rest or "{" in rest:
            return None
        if rest.startswith("/"):
            return _inside(rest)
        return (
            f"instance:{rest}" if not rest.startswith(".") else _inside(posixpath.join(_TOP, self.cwd, rest))
        )

    def text(self, node: Node) -> str | None:
        """What an expression comes to, with `_TOP` for the top of the tree; None when reading does not tell."""
        told = self._text(node)
        return None if told is None or len(told) > _LONGEST else told

    def _text(self, node: Node) -> str | None:
        match node:
            case (ir.CONST, _, str(value)):
                return value
            case (ir.NAME, _, "__file__"):
                return posixpath.join(_TOP, self.file)
            case (ir.NAME, _, name):
                return self._names.get(name)
            case (ir.ATTR, _, inner, "parent"):
                return _upper(self.text(inner), 1)
            case (ir.SUB, _, (ir.ATTR, _, inner, "parents"), (ir.CONST, _, int(n))):
                return _upper(self.text(inner), n + 1)
            case (ir.BIN, _, "/", left, right):
                return self._joined([left, right])
            case (ir.BIN, _, "+", left, right):
                return self._together([left, right])
            case (ir.FSTR, _, template, holes):
                return self._filled(template, holes)
            case (ir.CALL, _, function, args, _):
                return self._called(function, args)
            case _:
                return None

    def _called(self, function: Node, args: Sequence[Node]) -> str | None:
        match function, args:
            case (ir.ATTR, _, _, "cwd" | "getcwd"), ():
                return posixpath.normpath(posixpath.join(_TOP, self.cwd))
            case (ir.ATTR, _, _, "dirname"), (inner,):
                return _upper(self.text(inner), 1)
            case (ir.ATTR, _, (ir.ATTR, _, _, "path"), "join"), _:
                return self._joined(args)
            case (ir.ATTR, _, inner, "joinpath"), _:
                return self._joined([inner, *args])
            case (ir.ATTR, _, inner, name), () if name in _SAME:
                return self.text(inner)
            case (((ir.NAME, _, name) | (ir.ATTR, _, _, name)), (inner,)) if name in _SAME:
                return self.text(inner)
            case _:
                return None

    def _joined(self, parts: Sequence[Node]) -> str | None:
        told = [self.text(part) for part in parts]
        return None if None in told or not told else posixpath.join(*(one for one in told if one is not None))

    def _together(self, parts: Sequence[Node]) -> str | None:
        told = [self.text(part) for part in parts]
        return None if None in told else "".join(one for one in told if one is not None)

    def _filled(self, template: str, holes: Sequence[Node]) -> str | None:
        """A format string; None where it is written with escapes or braces of its own, of which the index keeps the source."""
        around = template.split("{}")
        told = [self.text(hole) for hole in holes]
        if len(around) != len(holes) + 1 or None in told or {"\\", "{", "}"} & set("".join(around)):
            return None
        return around[0] + "".join(f"{one}{after}" for one, after in zip(told, around[1:], strict=True))


def _upper(path: str | None, steps: int) -> str | None:
    for _ in range(min(steps, _LONGEST)):
        path = posixpath.dirname(path) if path else None
    return path


def _inside(path: str) -> str | None:
    whole = posixpath.normpath(path)
    return whole.removeprefix(f"{_TOP}/") if whole.startswith(f"{_TOP}/") else None
