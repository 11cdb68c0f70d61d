"""Commands that an image runs: ``CMD`` and ``ENTRYPOINT`` of a Dockerfile's stages, in both forms."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from auditor.execution.detect.shell import expand, logical_lines, simple_commands
from auditor.execution.detect.statement import Origin, Statement
from auditor.execution.detect.tree import Tree

_FILE: Final = re.compile(r"(?:Dockerfile|Containerfile)(?:[._-][\w.-]+)?|[\w.-]+\.(?:[Dd]ockerfile)")
_INSTRUCTION: Final = re.compile(r"(?P<name>[A-Za-z]+)\s+(?P<rest>\S.*)", re.DOTALL)
_FROM: Final = re.compile(r"(?:--\S+\s+)*(?P<image>\S+)(?:\s+[aA][sS]\s+(?P<name>\S+))?")
_PAIR: Final = re.compile(r"""(?<!\w)(?P<name>[A-Za-z_]\w*)=(?P<value>"[^"]*"|'[^']*'|\S*)""")


@dataclass(slots=True)
class _Stage:
    name: str
    entrypoint: tuple[tuple[str, ...], int] | None = None
    command: tuple[tuple[str, ...], int] | None = None
    env: dict[str, str] = field(default_factory=dict)


def dockerfile(tree: Tree, /) -> Iterator[Statement]:
    """What each Dockerfile's stages start, the inner ones under their name; both the entry point with its arguments, and the arguments alone."""
    for file in tree.matching(_FILE):
        stages = _stages(tree.read(file))
        for at, stage in enumerate(stages):
            for words, line in _started(stage):
                yield Statement(
                    words=words,
                    file=file,
                    line=line,
                    origin=Origin.DOCKERFILE,
                    name=stage.name if at + 1 < len(stages) else "",
                    folder=file.rpartition("/")[0],
                )


def dockerfile_variables(tree: Tree, file: str, /) -> dict[str, str]:
    """What ``ENV`` sets in the last stage of one Dockerfile."""
    stages = _stages(tree.read(file))
    return stages[-1].env if stages else {}


def _started(stage: "_Stage") -> Iterator[tuple[tuple[str, ...], int]]:
    entry, command = stage.entrypoint, stage.command
    if command:
        yield command
    if entry:
        yield (*entry[0], *(command[0] if command else ())), entry[1]


def _stages(text: str) -> list[_Stage]:
    stages: list[_Stage] = []
    named: dict[str, _Stage] = {}
    stage: _Stage | None = None
    for line, number in logical_lines(text):
        match = _INSTRUCTION.fullmatch(line.strip())
        if match is None:
            continue
        instruction, rest = match["name"].upper(), match["rest"]
        if instruction == "FROM":
            found = _FROM.match(rest)
            parent = named.get(found["image"]) if found else None
            name = (found["name"] or "") if found else ""
            stage = (
                _Stage(name, parent.entrypoint, parent.command, dict(parent.env)) if parent else _Stage(name)
            )
            stages.append(stage)
            named[name] = stage
        elif stage is None:
            continue
        elif instruction == "ENV":
            stage.env.update(_pairs(rest))
        elif instruction == "CMD":
            stage.command = (_words(rest, stage.env), number)
        elif instruction == "ENTRYPOINT":
            stage.entrypoint = (_words(rest, stage.env), number)
            stage.command = None
    return stages


def _words(rest: str, env: dict[str, str]) -> tuple[str, ...]:
    """The exec form is a JSON list; anything else is a shell's text, whose last command is the one that stays."""
    try:
        words = json.loads(rest)
    except (ValueError, RecursionError):
        words = None
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        return tuple(words)
    commands = list(simple_commands(expand(rest, env), {}))
    return commands[-1] if commands else ()


def _pairs(rest: str) -> dict[str, str]:
    pairs = {match["name"]: match["value"].strip("\"'") for match in _PAIR.finditer(rest)}
    if not pairs and len(words := rest.split(None, 1)) == 2:
        pairs = {words[0]: words[1]}
    return pairs
