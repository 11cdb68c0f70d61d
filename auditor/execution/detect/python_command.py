"""A command of the tree's own Python code, as it is run from another folder."""

import posixpath
import re

from auditor.execution.detect.tree import Tree


def python_command(tree: Tree, words: tuple[str, ...], /, *, folder: str, cwd: str) -> tuple[str, ...] | None:
    """`words`, written in `folder`, as they are run from `cwd`; None when what they start is not in the tree.

    Paths of the tree become relative to `cwd`; programs lose their folder, so that the target's own are taken.
    """
    if not words or any("$" in word for word in words):
        return None
    first = words[0].rpartition("/")[2]
    rest = list(words[1:])
    if re.fullmatch(r"python[\d.]*", first):
        first = "python"
        if rest and not rest[0].startswith("-"):
            path = _seen(tree, rest[0], folder, cwd)
            return None if path is None else (first, path, *rest[1:])
    elif words[0].endswith(".py") or ("/" in words[0] and _is_python(tree, words[0], folder)):
        path = _seen(tree, words[0], folder, cwd)
        return None if path is None else ("python", path, *rest)
    elif "/" in words[0] and (path := _seen(tree, words[0], folder, cwd)):
        return (path if "/" in path else f"./{path}", *rest)
    for at, word in enumerate(rest):
        if "/" in word or word.endswith((".ini", ".toml", ".cfg", ".json")):
            rest[at] = _seen(tree, word, folder, cwd) or word
    return (first, *rest)


def _is_python(tree: Tree, path: str, folder: str) -> bool:
    found = tree.find(path, near=folder) or tree.find(path)
    return found is not None and "python" in tree.read(found)[:80].partition("\n")[0]


def _seen(tree: Tree, path: str, folder: str, cwd: str) -> str | None:
    found = tree.find(path, near=folder) or tree.find(path, near="" if cwd == "." else cwd) or tree.find(path)
    return None if found is None else posixpath.relpath(found, cwd)
