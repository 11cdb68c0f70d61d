"""The SQLite file that a target's own code names: for one that reads no variable to be told another place.

Constants of a module are put together as far as they can be told by reading: `BASE_DIR / "db.sqlite3"`, `os.path.join(here, "app.db")`,
`"sqlite:///" + path`. Nothing is run.
"""

import ast
import posixpath
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.tree import Tree

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


def stored_file(tree: Tree, /, *, cwd: str) -> Clue[str] | None:
    """Where the file lies, relative to the top of the tree, for a target that runs in `cwd`; None when no code says so, or several do."""
    found: list[Clue[str]] = []
    with_extension = False
    for file in tree.files:
        if not file.endswith(".py") or _is_test(file):
            continue
        text = tree.read(file)
        with_extension = with_extension or "flask_sqlalchemy" in text
        if "sqlite" not in text.lower():
            continue
        try:
            module = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # the audit's coverage says so
        found += _named_in(_Reader(file, module, cwd), file)
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


def _named_in(reader: "_Reader", file: str) -> Iterator[Clue[str]]:
    for node in ast.walk(reader.module):
        path: str | None = None
        confidence = 0.8
        match node:
            case ast.Dict():
                path = _of_django(reader, node)
                confidence = 0.9
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]) if (
                name in _OPENERS
            ):
                owner = node.func.value if isinstance(node.func, ast.Attribute) else None
                if not _OPENERS[name] or (isinstance(owner, ast.Name) and "sqlite" in owner.id):
                    path, confidence = reader.path(first), 0.6
            case ast.Constant() | ast.JoinedStr() | ast.BinOp():
                path = reader.url(node)
        if path is not None:
            yield Clue(path, f"{file}:{getattr(node, 'lineno', 1)}", confidence)


def _of_django(reader: "_Reader", node: ast.Dict) -> str | None:
    """`{"ENGINE": "…sqlite3", "NAME": …}` under the key `default`, or wherever there is one such."""
    values = {
        key.value: value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
    }
    engine = values.get("ENGINE")
    if not (isinstance(engine, ast.Constant) and isinstance(engine.value, str) and "sqlite" in engine.value):
        return None
    name = values.get("NAME")
    return None if name is None else reader.path(name)


class _Reader:
    """A module's constants, as text."""

    def __init__(self, file: str, module: ast.Module, cwd: str) -> None:
        self.file = file
        self.module = module
        self.cwd = cwd
        self._names: dict[str, str] = {}
        assigned: Mapping[str, ast.expr] = {
            target.id: node.value
            for node in ast.walk(module)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for _ in range(_MOST_PASSES):
            for name, value in assigned.items():
                told = self.text(value)
                if told is not None:
                    self._names[name] = told

    def path(self, node: ast.expr) -> str | None:
        """A file's place relative to the top; None for one in memory, elsewhere, or not told."""
        told = self.text(node)
        if not told or told.startswith(("file:", ":memory:", "sqlite:")):
            return None
        return _inside(posixpath.join(_TOP, self.cwd, told))

    def url(self, node: ast.expr) -> str | None:
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

    def text(self, node: ast.expr) -> str | None:
        """What an expression comes to, with `_TOP` for the top of the tree; None when reading does not tell."""
        match node:
            case ast.Constant(value=str(value)):
                return value
            case ast.Name(id="__file__"):
                return posixpath.join(_TOP, self.file)
            case ast.Name(id=name):
                return self._names.get(name)
            case ast.Attribute(value=inner, attr="parent"):
                return self._upper(self.text(inner), 1)
            case ast.Subscript(
                value=ast.Attribute(value=inner, attr="parents"), slice=ast.Constant(value=int(n))
            ):
                return self._upper(self.text(inner), n + 1)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._joined([left, right])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                first, second = self.text(left), self.text(right)
                return None if first is None or second is None else first + second
            case ast.JoinedStr(values=values):
                return self._together(values)
            case ast.Call(func=ast.Attribute(attr="cwd" | "getcwd"), args=[]):
                return posixpath.normpath(posixpath.join(_TOP, self.cwd))
            case ast.Call(func=ast.Attribute(attr="dirname"), args=[inner]):
                return self._upper(self.text(inner), 1)
            case ast.Call(func=ast.Attribute(attr="join", value=ast.Attribute(attr="path")), args=parts):
                return self._joined(parts)
            case ast.Call(func=ast.Attribute(value=inner, attr="joinpath"), args=parts):
                return self._joined([inner, *parts])
            case ast.Call(func=ast.Attribute(value=inner, attr=name), args=[]) if name in _SAME:
                return self.text(inner)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[inner]) if name in _SAME:
                return self.text(inner)
            case _:
                return None

    def _upper(self, path: str | None, steps: int) -> str | None:
        for _ in range(steps):
            path = posixpath.dirname(path) if path else None
        return path

    def _joined(self, parts: list[ast.expr]) -> str | None:
        told = [self.text(part) for part in parts]
        return None if None in told else posixpath.join(*(one for one in told if one is not None))

    def _together(self, values: list[ast.expr]) -> str | None:
        told = [self.text(v.value) if isinstance(v, ast.FormattedValue) else self.text(v) for v in values]
        return None if None in told else "".join(one for one in told if one is not None)


def _inside(path: str) -> str | None:
    whole = posixpath.normpath(path)
    return whole.removeprefix(f"{_TOP}/") if whole.startswith(f"{_TOP}/") else None
