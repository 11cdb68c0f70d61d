"""Commands in a ``Procfile``: a process type, a colon, and what it runs."""

import re
from collections.abc import Iterator
from typing import Final

from auditor.execution.detect.shell import simple_commands
from auditor.execution.detect.statement import Origin, Statement
from auditor.execution.detect.tree import Tree

_FILE: Final = re.compile(r"Procfile(\.(?!md|rst|txt)\w+)?")
_LINE: Final = re.compile(r"(?P<name>[\w-]+):\s*(?P<command>\S.*)")


def procfile(tree: Tree, /) -> Iterator[Statement]:
    """Every process of every Procfile."""
    for file in (
        file
        for file in tree.files
        if re.fullmatch(r"Procfile(\.(?!md|rst|txt)\w+)?", file.rpartition("/")[2])
    ):
        for number, line in enumerate(tree.read(file).splitlines(), start=1):
            match = _LINE.fullmatch(line.strip())
            for words in simple_commands(match["command"], {}) if match else ():
                yield Statement(
                    words=words,
                    file=file,
                    line=number,
                    origin=Origin.PROCFILE,
                    name=match["name"] if match else "",
                    folder=file.rpartition("/")[0],
                )
