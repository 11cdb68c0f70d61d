"""The command that fills a migrated database with data to measure on."""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.flask_commands import flask_commands
from auditor.execution.detect.python_command import python_command
from auditor.execution.detect.statement import Statement
from auditor.execution.detect.tree import Tree
from auditor.execution.detect.wrappers import each_unwrapped, join

_SEEDS: Final = re.compile(
    r"(?:db[_:-])?seeds?(?:[_-]?(?:db|data|database|load|demo|dev))?|(?:load[_-]?)?seeds?(?:[_-]?load)?"
    r"|populate(?:[_-]?(?:db|data|database|demo))?|(?:load|make|create|generate|init|install)[_-]?"
    r"(?:fixtures?|test[_-]?data|sample[_-]?data|demo[_-]?data|dev[_-]?data|example[_-]?data|demo|dummy[_-]?data)"
    r"|(?:load|make|generate)[_-]?data|(?:load[_-]?)?initial[_-]?data|setup[_-]?demo|fixtures|devdata|demo[_-]?data|sample[_-]?data|create[_-]?demo|load[_-]?demo|initdb|init[_-]?data|lorem(?:[_-]?ipsum)?|fakes?(?:[_-]?data)?"
)
_AMOUNT: Final = re.compile(
    r"""(?:add_argument|option)\(\s*["'](?P<option>--(?:scale|size|count|factor|multiplier))["'](?P<rest>[^)]*)""",
    re.DOTALL,
)
_LOADS: Final = re.compile(r"\bmanage\.py loaddata\s")
_DOCUMENTS: Final = (".md", ".rst", ".txt", ".adoc")
"""They may show one way beside another."""
_FLASK_COMMAND: Final = re.compile(r"""\.command\(\s*["']([\w-]+)["']""")
_NEAR: Final = 4
"""Folders below the root in which commands are looked for."""
_DEFAULT: Final = re.compile(r"default\s*=\s*(\d+)")
_FOLDERS: Final = frozenset({"", "scripts", "bin", "tools", "db", "script", "database", "seeds"})
_MAKES_ROWS: Final = re.compile(
    r"\.(?:bulk_create|(?:get_or_|update_or_)?create|add|add_all|bulk_save_objects|save)\("
)
_SOON: Final = 8
"""Lines after a migration in which a document goes on with what comes next."""
_TESTS: Final = re.compile(r"(?:^|/)(?:tests?|testing|node_modules|docs|examples?)(?:/|$)")


@dataclass(frozen=True, slots=True)
class Seed:
    """How data gets into the database."""

    command: str
    """With ``{scale}`` where it can make more or less."""
    full: int | None
    """The scale that the command takes by itself."""


def seeds(
    tree: Tree, found: tuple[Statement, ...], trust: dict[str, float], /, *, cwd: str
) -> tuple[Clue[Seed], ...]:
    """Commands that do it, the best first, as they are run from `cwd`."""
    clues = (
        *_one_after_another(_written(tree, found, trust, cwd)),
        *_by_name(tree, cwd),
        *_of_the_application(tree),
    )
    firsts: dict[str, Clue[Seed]] = {}
    for clue in sorted(clues, key=lambda clue: (-clue.confidence, clue.place)):
        firsts.setdefault(clue.value.command, clue)
    return tuple(firsts.values())


def _one_after_another(clues: Iterable[Clue[Seed]]) -> Iterator[Clue[Seed]]:
    """Those of one line as one: `flask fake users 10 && flask fake posts 100` fills by both; so do the fixtures that a script loads."""
    for _, group in groupby(clues, key=_together):
        first, *others = group
        commands = dict.fromkeys(clue.value.command for clue in (first, *others))
        yield replace(first, value=replace(first.value, command=" && ".join(commands))) if others else first


def _together(clue: Clue[Seed]) -> str:
    """What those that fill the database together share: their line, and of fixtures their script, since the later ones name rows of the first."""
    file = clue.place.rpartition(":")[0]
    loads = _LOADS.search(clue.value.command) is not None and not file.endswith(_DOCUMENTS)
    return f"{file} loads" if loads else clue.place


def _written(
    tree: Tree, found: tuple[Statement, ...], trust: dict[str, float], cwd: str
) -> Iterator[Clue[Seed]]:
    for statement in found:
        for words in each_unwrapped(statement.words):
            clue = _of_words(tree, found, statement, words, cwd)
            if clue is not None:
                yield replace(
                    clue, confidence=round(clue.confidence * (0.6 + 0.4 * trust[statement.file]), 2)
                )


def _of_words(
    tree: Tree, found: tuple[Statement, ...], statement: Statement, words: tuple[str, ...], cwd: str
) -> Clue[Seed] | None:
    called = [_name(word) for word in words[:4] if not word.startswith("-")]
    says = any(_SEEDS.fullmatch(name) for name in called) or _next_step(tree, found, statement, words)
    if not says and not (_SEEDS.fullmatch(_name(statement.name)) and words[:1] and _is_python(words)):
        return None
    command = python_command(tree, words, folder=statement.folder, cwd=cwd)
    if command is None or not _is_python(command) or {"--schema-only", "--help"} & set(command):
        return None
    if not says and command[1:2] == ("-m",):
        return None
    return Clue(_seed(tree, command, cwd), statement.place, 0.85 if says else 0.7)


def _next_step(
    tree: Tree, found: tuple[Statement, ...], statement: Statement, words: tuple[str, ...]
) -> bool:
    """Whether it is a management command of the target's own that makes rows, and is told right after the migration.

    A `migrate` of its own makes the tables first: it is run as the migration.
    """
    match words:
        case [_, str(manage), str(name), *_] if manage.endswith("manage.py") and name != "migrate":
            pass
        case _:
            return False
    own = [file for file in tree.files if file.endswith(f"management/commands/{name}.py")]
    return any(_MAKES_ROWS.search(tree.read(file)) for file in own) and any(
        other.file == statement.file
        and 0 <= statement.line - other.line <= _SOON
        and "migrate" in other.words
        for other in found
    )


def _by_name(tree: Tree, cwd: str) -> Iterator[Clue[Seed]]:
    manage = next(iter(tree.named("manage.py")), None)
    for file in tree.files:
        folder, _, name = file.rpartition("/")
        if not name.endswith(".py") or not _SEEDS.fullmatch(name.removesuffix(".py")) or _TESTS.search(file):
            continue
        if folder.endswith("management/commands") and manage is not None:
            command: tuple[str, ...] = ("python", posixpath.relpath(manage, cwd), name.removesuffix(".py"))
        elif folder.rpartition("/")[2] in _FOLDERS and file.count("/") <= 2 and "__main__" in tree.read(file):
            command = ("python", posixpath.relpath(file, cwd))
        else:
            continue
        yield Clue(_seed(tree, command, cwd, source=file), f"{file}:1", 0.7)


def _of_the_application(tree: Tree) -> Iterator[Clue[Seed]]:
    """Commands that the application adds to `flask`, and that say that they make rows up; none that would ask for something."""
    for command in flask_commands(tree):
        named = any(_SEEDS.fullmatch(word) for word in command.words)
        if command.asks or not (command.fills or (named and _MAKES_ROWS.search(command.body))):
            continue
        yield Clue(Seed(join(("flask", *command.words)), None), command.place, 0.6 if command.fills else 0.5)


def _seed(tree: Tree, command: tuple[str, ...], cwd: str, source: str = "") -> Seed:
    """The command, with its amount as a placeholder when its source takes one."""
    script = source or _source(tree, command, cwd)
    amount = _AMOUNT.search(tree.read(script)) if script.endswith(".py") else None
    if amount is None:
        return Seed(join(command), None)
    option = amount["option"]
    words, skip = [], False
    for word in command:
        if skip or word.startswith(f"{option}="):
            skip = False
        elif word == option:
            skip = True
        else:
            words.append(word)
    default = _DEFAULT.search(amount["rest"])
    return Seed(join((*words, option, "{scale}")), int(default[1]) if default else None)


def _source(tree: Tree, command: tuple[str, ...], cwd: str) -> str:
    """The file that a command runs: of a management command or one of Flask's its own, of `-m` the module's."""
    match command:
        case [_, "-m", str(module), *_]:
            path = posixpath.normpath(posixpath.join(cwd, module.replace(".", "/")))
            return next((f for f in (f"{path}.py", f"{path}/__main__.py") if f in tree.known), "")
        case [str(flask), *words] if flask.rpartition("/")[2] == "flask":
            return _of_flask(tree, words)
        case [_, str(manage), str(name), *_] if manage.endswith("manage.py"):
            ends = f"management/commands/{name}.py"
            return next((file for file in tree.files if file.endswith(ends)), "")
        case [_, str(script), *_]:
            return posixpath.normpath(posixpath.join(cwd, script))
        case _:
            return ""


def _of_flask(tree: Tree, words: list[str]) -> str:
    """The file that says `@app.cli.command("name")` of a word, as long as it says it of one command only."""
    for file in (f for f in tree.files if f.endswith(".py")):
        said = _FLASK_COMMAND.findall(tree.read(file) if file.count("/") <= _NEAR else "")
        if len([name for name in said if name in words]) == 1:
            return file
    return ""


def _name(word: str) -> str:
    return word.rpartition("/")[2].removesuffix(".py").rpartition(".")[2]


def _is_python(words: tuple[str, ...]) -> bool:
    return words[0].rpartition("/")[2].startswith(("python", "flask")) or words[0].endswith(".py")
