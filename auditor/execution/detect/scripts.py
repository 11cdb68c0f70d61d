"""Commands in shell scripts, Makefiles, task tables and documents."""

import re
from collections.abc import Iterator
from typing import Any, Final

from auditor.config.toml_text import toml_values
from auditor.execution.detect.shell import runs, simple_commands
from auditor.execution.detect.statement import Origin, Statement
from auditor.execution.detect.tree import Tree

_MOST_SCRIPTS: Final = 200
_DOCUMENT: Final = re.compile(
    r"(?:README|INSTALL|DEPLOY\w*|DEVELOPMENT|CONTRIBUTING|RUNNING|SETUP)[\w.-]*\.(?:md|rst|txt)|README",
    re.IGNORECASE,
)
_FENCE: Final = re.compile(r"\s*(?:```+|~~~+)\s*(?P<language>[\w-]*).*")
_ITEM: Final = re.compile(r"\s*(?:[-*+•]|\d+[.)])\s")
_CODE_BLOCK: Final = re.compile(r"\s*(?:\.\. code(?:-block)?::.*|.*::\s*)")
_PROMPT: Final = re.compile(r"^\s*(?:\([\w.-]+\)\s*)?[$%>]\s+")
_TARGET: Final = re.compile(r"(?P<name>[A-Za-z_][\w./-]*)\s*:(?!=).*")
_MAKE_VARIABLE: Final = re.compile(r"\s*(?:export\s+)?(?P<name>\w+)\s*[:?]?=\s*(?P<value>.*)")
_SHEBANG: Final = re.compile(r"#!.*\b(?:ba|da|z|a)?sh\b|#!.*with-contenv")


def scripts(tree: Tree, /) -> Iterator[Statement]:
    """Every command of every shell script."""
    seen = 0
    for file in tree.files:
        name = file.rpartition("/")[2]
        if not (name.endswith((".sh", ".bash")) or ("." not in name and _may_be_script(file))):
            continue
        text = tree.read(file)
        if not name.endswith((".sh", ".bash")) and not _SHEBANG.match(text):
            continue
        seen += 1
        if seen > _MOST_SCRIPTS:
            return
        for run in runs(text):
            yield Statement(
                words=run.words, file=file, line=run.line, origin=Origin.SCRIPT, name=run.function or name
            )


def makefile(tree: Tree, /) -> Iterator[Statement]:
    """Every recipe line, with its target's name."""
    for file in tree.named("Makefile", "makefile", "GNUmakefile"):
        name = ""
        variables: dict[str, str] = {}
        for number, line in enumerate(tree.read(file).splitlines(), start=1):
            if line.startswith("\t"):
                text = re.sub(r"\$\((\w+)\)", r"${\1}", line.strip().lstrip("@-+")).replace("$$", "$")
                for words in simple_commands(text, dict(variables)):
                    yield Statement(
                        words=words,
                        file=file,
                        line=number,
                        origin=Origin.MAKEFILE,
                        name=name,
                        folder=file.rpartition("/")[0],
                    )
            elif variable := _MAKE_VARIABLE.fullmatch(line):
                variables[variable["name"]] = variable["value"].strip()
            elif target := _TARGET.match(line):
                name = target["name"]


def tasks(tree: Tree, /) -> Iterator[Statement]:
    """Tasks that a ``pyproject.toml`` or ``Pipfile`` names: taskipy, poe, pdm, hatch, pipenv."""
    for file in tree.named("pyproject.toml", "Pipfile"):
        text = tree.read(file)
        try:
            document = toml_values(text)
        except ValueError:
            continue
        for name, command in _task_commands(document):
            line = next(
                (
                    at
                    for at, each in enumerate(text.splitlines(), start=1)
                    if re.match(rf"\s*[\"']?{re.escape(name)}\b", each)
                ),
                1,
            )
            for words in simple_commands(command, {}):
                yield Statement(
                    words=words,
                    file=file,
                    line=line,
                    origin=Origin.TASK,
                    name=name,
                    folder=file.rpartition("/")[0],
                )


def documents(tree: Tree, /) -> Iterator[Statement]:
    """Commands in the code blocks of documents for people; prose never counts."""
    for file in tree.matching(_DOCUMENT):
        if file.count("/") > 2:
            continue
        for text, number in _code_lines(tree.read(file)):
            for words in simple_commands(_PROMPT.sub("", text), {}):
                yield Statement(
                    words=words,
                    file=file,
                    line=number,
                    origin=Origin.README,
                    folder=file.rpartition("/")[0],
                )


def _may_be_script(file: str) -> bool:
    folders = file.split("/")[:-1]
    return not folders or bool(
        {"bin", "scripts", "script", "docker", "deploy", "contrib", "conf"} & set(folders)
    )


def _task_commands(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    tool = document.get("tool")
    tables = [document.get("scripts")]
    if isinstance(tool, dict):
        for path in (("taskipy", "tasks"), ("poe", "tasks"), ("pdm", "scripts"), ("rye", "scripts")):
            table: Any = tool
            for key in path:
                table = table.get(key) if isinstance(table, dict) else None
            tables.append(table)
    for table in tables:
        for name, task in table.items() if isinstance(table, dict) else ():
            command = task.get("cmd") or task.get("shell") if isinstance(task, dict) else task
            if isinstance(command, list):
                command = " ".join(str(word) for word in command)
            if isinstance(command, str):
                yield name, command


def _code_lines(text: str) -> Iterator[tuple[str, int]]:
    """Lines inside fenced blocks, indented lines after one that ends in ``::``, and those after an empty line outside of lists."""
    fenced = indented = listed = False
    empty = True
    for number, line in enumerate(text.splitlines(), start=1):
        fence = _FENCE.fullmatch(line.strip())
        if fence:
            fenced = not fenced
        elif fenced:
            if not line.lstrip().startswith("#"):
                yield line, number
        elif _CODE_BLOCK.fullmatch(line.strip()):
            indented = True
        elif indented and line.startswith(("    ", "\t", "   ")):
            yield line, number
        elif empty and not listed and line.startswith(("    ", "\t")) and line.strip():
            indented = True
            yield line, number
        elif line.strip():
            indented = False
            listed = bool(_ITEM.match(line)) or (listed and line[0].isspace())
        empty = not line.strip()
