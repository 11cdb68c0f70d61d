"""The production command: the best of all commands that start a web server, made to run from the tree."""

import posixpath
import re
from dataclasses import dataclass
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.collecting import weight
from auditor.execution.detect.importing import import_folder
from auditor.execution.detect.serving import Serving, serving
from auditor.execution.detect.statement import Statement
from auditor.execution.detect.tree import Tree
from auditor.execution.detect.wrappers import join

_MOST: Final = 100
"""Looked into; each is a search through the tree."""
_DEVELOPMENT: Final = 0.5
_UNRESOLVED: Final = 0.4
"""A command whose application the tree does not have belongs to something else."""
_PATH_OPTIONS: Final = frozenset(
    "-c --config --ini --paste --wsgi-file --file --log-config --logger --yaml --json".split()
)


@dataclass(frozen=True, slots=True)
class Start:
    """How the target is started."""

    command: str
    cwd: str
    """Relative to the tree's top; ``.`` is the top."""
    server: str
    """As `serving.SERVERS` names it."""
    app: str | None
    development: bool


def starts(tree: Tree, found: tuple[Statement, ...], trust: dict[str, float], /) -> tuple[Clue[Start], ...]:
    """Every way to start the target that somebody wrote down, the best first, no command twice."""
    clues: dict[str, Clue[Start]] = {}
    servers = [
        (weight(each, trust), each, judged) for each in found if (judged := serving(each.words)) is not None
    ]
    servers.sort(key=lambda server: -server[0])
    for worth, statement, judged in servers[:_MOST]:
        clue = _clue(tree, statement, judged, worth)
        known = clues.get(clue.value.command)
        if known is None or known.confidence < clue.confidence:
            clues[clue.value.command] = clue
    return tuple(sorted(clues.values(), key=lambda clue: (-clue.confidence, clue.place)))


def _clue(tree: Tree, statement: Statement, judged: Serving, trust: float) -> Clue[Start]:
    app = judged.app or _app_of_settings(tree, statement, judged)
    folder = None
    if app is not None:
        near = next(
            (tree.find(each, near=statement.folder) or "" for each in judged.folders), statement.folder
        )
        folder = import_folder(tree, app.partition(":")[0], near=near.strip("."))
    elif judged.server == "manage.py":
        folder = _folder_of(tree, judged.words[1], statement.folder)
    cwd = (folder if folder is not None else _home(tree, statement.folder)) or "."
    words, missing = _placed(tree, judged.words, statement.folder, cwd)
    confidence = trust * (_DEVELOPMENT if judged.development else 1.0)
    if (app is not None and folder is None) or missing:
        confidence *= _UNRESOLVED
    notes = (*judged.notes, *(f"{path} is not in the tree" for path in missing))
    start = Start(join(words), cwd, judged.server, app, judged.development)
    return Clue(start, statement.place, round(confidence, 2), "; ".join(notes))


def _home(tree: Tree, folder: str) -> str:
    """Where a command runs that names no application.

    Beside ``manage.py``, else where its own file lies if that folder holds a Python project, else at the top.
    """
    managed = tree.named("manage.py")
    if managed:
        return managed[0].rpartition("/")[0]
    own = ("pyproject.toml", "requirements.txt", "setup.py", "wsgi.py", "app.py", "main.py")
    return folder if any(f"{folder}/{name}" in tree.known for name in own) else ""


def _folder_of(tree: Tree, path: str, near: str) -> str | None:
    found = tree.find(path, near=near) or next(iter(tree.named("manage.py")), None)
    return None if found is None else found.rpartition("/")[0]


def _app_of_settings(tree: Tree, statement: Statement, judged: Serving) -> str | None:
    """``wsgi_app`` of the gunicorn settings that the command names, or of those gunicorn takes by itself."""
    words = judged.words
    named = [words[at + 1] for at, word in enumerate(words[:-1]) if word in {"-c", "--config"}]
    named += [word.partition("=")[2] for word in words if word.startswith("--config=")]
    for path in (*named, "gunicorn.conf.py"):
        file = tree.find(path.removeprefix("file:"), near=statement.folder) or tree.find(path)
        if file and (
            match := re.search(r"^wsgi_app\s*=\s*[\"']([\w.:]+)[\"']", tree.read(file), re.MULTILINE)
        ):
            return match[1]
    return None


def _placed(
    tree: Tree, words: tuple[str, ...], folder: str, cwd: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words with paths as they are seen from `cwd`, and paths that the tree does not have."""
    placed, missing = list(words), []
    top = "" if cwd == "." else cwd
    for at, word in enumerate(words):
        option, equals, value = word.partition("=")
        is_option = word.startswith("--") and bool(equals) and option in _PATH_OPTIONS
        is_value = at > 0 and words[at - 1] in _PATH_OPTIONS
        is_script = word.endswith("manage.py") and at <= 1
        is_settings = at == 1 and re.fullmatch(r"[\w./-]+\.(?:ini|ya?ml|json|toml|py)", word) is not None
        if not (is_option or is_value or is_script or is_settings):
            continue
        path = (value if is_option else word).removeprefix("file:").removeprefix("python:")
        found = tree.find(path, near=folder) or tree.find(path) or _only(tree, path)
        if found is None:
            missing.append(path)
            continue
        seen = posixpath.relpath(found, top or ".")
        placed[at] = f"{option}={seen}" if is_option else seen
    return tuple(placed), tuple(missing)


def _only(tree: Tree, path: str) -> str | None:
    """The file of that name, where the tree has just one: settings are copied to where a server looks for them."""
    named = tree.named(path.rpartition("/")[2])
    return named[0] if len(named) == 1 else None
