"""Services of a compose file: their commands, images and variables."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from auditor.execution.detect.deployed import is_deployed
from auditor.execution.detect.shell import simple_commands
from auditor.execution.detect.statement import Origin, Statement
from auditor.execution.detect.tree import Tree
from auditor.execution.detect.yaml_nodes import Item, read_yaml

_FILE: Final = re.compile(r"(?:docker-)?compose[\w.-]*\.ya?ml")
_MOST_FILES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service."""

    name: str
    file: str
    line: int
    image: str
    """Empty when it is built."""
    command: tuple[str, ...]
    command_line: int
    entrypoint: tuple[str, ...]
    variables: tuple[tuple[str, str, int], ...]
    """Name, value, line."""
    health: str
    """The health check's text."""

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.file}:{self.line}"


def services(tree: Tree, /) -> tuple[Service, ...]:
    """Every service of every compose file, those of what is deployed first."""
    files = sorted(tree.matching(_FILE), key=lambda file: not is_deployed(file))
    return tuple(service for file in files[:_MOST_FILES] for service in _of(file, tree.read(file)))


def compose(found: tuple[Service, ...], /) -> Iterator[Statement]:
    """The commands of services that run the tree's own code, or may."""
    for service in found:
        folder = service.file.rpartition("/")[0]
        both = (*service.entrypoint, *service.command) if service.entrypoint else ()
        for words in (service.command, both):
            if words:
                yield Statement(
                    words=words,
                    file=service.file,
                    line=service.command_line,
                    origin=Origin.COMPOSE,
                    name=service.name,
                    folder=folder,
                )


def _of(file: str, text: str) -> Iterator[Service]:
    document = read_yaml(text)
    listed = document.get("services") if document else None
    for name, item in listed.pairs() if listed else ():
        command, entrypoint = item.get("command"), item.get("entrypoint")
        image, health = item.get("image"), item.get("healthcheck")
        test = health.get("test") if health else None
        yield Service(
            name=name,
            file=file,
            line=item.line,
            image=(image.text or "") if image else "",
            command=_words(command),
            command_line=(command or entrypoint or item).line,
            entrypoint=_words(entrypoint),
            variables=tuple(_variables(item.get("environment"))),
            health=" ".join(_words(test)) if test else "",
        )


def _words(item: Item | None) -> tuple[str, ...]:
    if item is None:
        return ()
    if item.text is None:
        return tuple(each.text or "" for each in item.items())
    if item.text.lstrip().startswith("["):
        try:
            words = json.loads(item.text)
        except (ValueError, RecursionError):
            return ()
        return tuple(str(word) for word in words)
    # Compose writes a dollar twice where the container's shell is to see one.
    commands = list(simple_commands(item.text.replace("$$", "$"), {}))
    return commands[-1] if commands else ()


def _variables(item: Item | None) -> Iterator[tuple[str, str, int]]:
    for name, value in item.pairs() if item else ():
        yield name, value.text or "", value.line
    for each in item.items() if item else ():
        name, equals, value_text = (each.text or "").partition("=")
        if equals:
            yield name, value_text, each.line
