"""The command that brings an empty database to the tree's schema."""

import posixpath
import re
from collections.abc import Iterator
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.flask_commands import flask_commands
from auditor.execution.detect.python_command import python_command
from auditor.execution.detect.spoken import makes_tables
from auditor.execution.detect.statement import Origin, Statement
from auditor.execution.detect.tree import Tree
from auditor.execution.detect.wrappers import join, unwrapped

_CREATES: Final = re.compile(
    r"(?:create|init)[_-]?(?:db|tables?|schema|all)|syncdb|migrate[_-]?db|db[_-]?migrate"
)
_MAKES: Final = frozenset({"create", "init", "initialize", "setup", "tables", "schema", "bootstrap"})
"""Words that say so where the program they are handed to makes tables."""
_NOT_UP: Final = frozenset(
    "--plan --check --fake --list --sql downgrade revision stamp history current makemigrations".split()
)


def migrations(
    tree: Tree, found: tuple[Statement, ...], trust: dict[str, float], /, *, cwd: str
) -> tuple[Clue[str], ...]:
    """Commands that do it, the best first, as they are run from `cwd`."""
    clues = (*_written(tree, found, trust, cwd), *_by_convention(tree, cwd))
    firsts: dict[str, Clue[str]] = {}
    for clue in sorted(clues, key=lambda clue: (-clue.confidence, clue.place)):
        firsts.setdefault(clue.value, clue)
    return tuple(firsts.values())


def _written(
    tree: Tree, found: tuple[Statement, ...], trust: dict[str, float], cwd: str
) -> Iterator[Clue[str]]:
    for statement in found:
        words = unwrapped(statement.words)
        factor = _factor(words) or (0.9 if _makes_tables(tree, words, statement.folder) else 0.0)
        if statement.origin is Origin.PROCFILE and statement.name == "release":
            factor = max(factor, 0.9)
        command = python_command(tree, words, folder=statement.folder, cwd=cwd) if factor else None
        if command is not None:
            if factor == 1.0 and "migrate" in command and "manage.py" in command[1:2]:
                command = (*command[:2], "migrate", "--no-input")
            # The name says little here: a service that only migrates is called so.
            yield Clue(join(command), statement.place, round(factor * max(trust[statement.file], 0.5), 2))


def _factor(words: tuple[str, ...]) -> float:
    if not words or _NOT_UP & set(words):
        return 0.0
    program = words[0].rpartition("/")[2]
    managed = any(word.endswith("manage.py") for word in words[:2]) or program.startswith("django-admin")
    if managed and "migrate" in words[1:3]:
        return 0.95 if "upgrade" in words else 1.0
    if (program == "alembic" and "upgrade" in words) or ("db" in words and "upgrade" in words):
        return 1.0
    if program in {"aerich", "piccolo", "yoyo", "dbmate"} and {"upgrade", "forwards", "apply", "up"} & set(
        words
    ):
        return 0.9
    named = [word.rpartition("/")[2].removesuffix(".py").rpartition(".")[2] for word in words[:4]]
    if "upgrade" in words and any(re.search(r"\b(db|migrate|migrations?)$", name) for name in named):
        return 0.9
    runs_python = len(words) > 1 and (program.startswith(("python", "flask")) or program.endswith(".py"))
    return 0.75 if runs_python and any(_CREATES.fullmatch(name) for name in named) else 0.0


def _makes_tables(tree: Tree, words: tuple[str, ...], folder: str) -> bool:
    """`python -m shop.cli create`, where `shop/cli.py` speaks of `create_all`."""
    if len(words) < 3 or not words[0].rpartition("/")[2].startswith("python") or words[-1] not in _MAKES:
        return False
    module = words[1] == "-m"
    told = words[2].replace(".", "/") if module else words[1].removesuffix(".py")
    return any(
        path in tree.files and makes_tables(tree.read(path))
        for near in dict.fromkeys((folder, "", "src"))
        for path in (
            posixpath.normpath(posixpath.join(near, f"{told}{end}")) for end in (".py", "/__main__.py")
        )
    )


def _by_convention(tree: Tree, cwd: str) -> Iterator[Clue[str]]:
    top = "" if cwd == "." else cwd
    for file in tree.named("manage.py")[:1]:
        if "DJANGO_SETTINGS_MODULE" in tree.read(file):
            path = posixpath.relpath(file, top or ".")
            yield Clue(f"python {path} migrate --no-input", f"{file}:1", 0.9)
    for file in tree.named("alembic.ini")[:1]:
        folder = file.rpartition("/")[0]
        env = tree.read(f"{folder}/env.py") if folder else ""
        if "current_app" in env:
            yield Clue("flask db upgrade", f"{file}:1", 0.6, "Flask-Migrate's folder")
            continue
        path = posixpath.relpath(file, top or ".")
        yield Clue(f"alembic{'' if path == 'alembic.ini' else f' -c {path}'} upgrade head", f"{file}:1", 0.75)
    for command in flask_commands(tree):
        if command.makes_tables and not command.asks and not command.fills:
            yield Clue(join(("flask", *command.words)), command.place, 0.45)
