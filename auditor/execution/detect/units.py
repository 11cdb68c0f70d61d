"""Commands of process supervisors: systemd units, supervisord programs, s6 and runit services."""

import re
from collections.abc import Iterator
from typing import Final

from auditor.execution.detect.shell import runs, simple_commands
from auditor.execution.detect.statement import Origin, Statement
from auditor.execution.detect.tree import Tree

_SUPERVISOR: Final = re.compile(r"supervisord?[\w.-]*\.(?:conf|ini)|supervisord?\.conf")
_UNIT: Final = re.compile(r".+\.service")
_SECTION: Final = re.compile(r"\s*\[(?:(?:program|fcgi-program):)?(?P<name>[^\]]+)\]\s*")


def systemd(tree: Tree, /) -> Iterator[Statement]:
    """``ExecStart`` of every unit."""
    for file in tree.matching(_UNIT):
        for number, line in enumerate(tree.read(file).splitlines(), start=1):
            key, _, value = line.strip().partition("=")
            if key.strip() in {"ExecStart", "ExecStartPre"}:
                text = value.strip().lstrip("@-:+!")
                for words in simple_commands(text, {}):
                    yield Statement(
                        words=words,
                        file=file,
                        line=number,
                        origin=Origin.SYSTEMD,
                        name=file.rpartition("/")[2].removesuffix(".service"),
                    )


def supervisor(tree: Tree, /) -> Iterator[Statement]:
    """``command`` of every program."""
    for file in tree.matching(_SUPERVISOR):
        name = ""
        for number, line in enumerate(tree.read(file).splitlines(), start=1):
            section = _SECTION.fullmatch(line)
            name = section["name"] if section else name
            key, _, value = line.partition("=")
            if key.strip() == "command":
                for words in simple_commands(re.sub(r"%\(ENV_(\w+)\)s", r"$\1", value), {}):
                    yield Statement(words=words, file=file, line=number, origin=Origin.SUPERVISOR, name=name)


def s6(tree: Tree, /) -> Iterator[Statement]:
    """``run`` of every service folder, with the folder's name for the service's."""
    for file in tree.named("run"):
        folder = file.rpartition("/")[0]
        text = tree.read(file)
        if folder and text.startswith("#!"):
            for run in runs(text):
                yield Statement(
                    words=run.words,
                    file=file,
                    line=run.line,
                    origin=Origin.SUPERVISOR,
                    name=folder.rpartition("/")[2],
                )
