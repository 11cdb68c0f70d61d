"""Values that the tree itself gives to variables: example files, compose files, images."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from auditor.execution.detect.compose import Service
from auditor.execution.detect.dockerfile import dockerfile_variables
from auditor.execution.detect.tree import Tree

_EXAMPLE: Final = re.compile(
    r"\.?env[._-]?(?:example|sample|dist|template|default|defaults|dev|development|test|build|docker)*"
    r"(?:[._-](?:example|sample|dist|template))?|\.flaskenv|[\w-]+\.env(?:\.example)?|\.docker\.env"
)
_LONGEST: Final = 2_000
_PRIVATE: Final = frozenset({".env", "env"})
"""May hold the developer's own secrets: never read (nor is ``.env.local``)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A value that somebody wrote down for a variable."""

    value: str
    place: str


def samples(tree: Tree, composed: Sequence[Service], /) -> dict[str, Sample]:
    """By variable; where several files have it, an example file before a compose file before an image."""
    found: dict[str, Sample] = {}
    for file in tree.matching(_EXAMPLE):
        if file.count("/") > 2 or file.rpartition("/")[2] in _PRIVATE:
            continue
        for number, line in enumerate(tree.read(file).splitlines(), start=1):
            name, equals, value = line.strip().removeprefix("export ").partition("=")
            if equals and name.strip().isidentifier() and len(value) < _LONGEST:
                found.setdefault(name.strip(), Sample(_unquoted(value), f"{file}:{number}"))
    for service in composed:
        for name, value, at in service.variables:
            found.setdefault(name, Sample(value, f"{service.file}:{at}"))
    for file in tree.named("Dockerfile"):
        for name, value in dockerfile_variables(tree, file).items():
            found.setdefault(name, Sample(value, f"{file}:1"))
    return {name: sample for name, sample in found.items() if sample.value and "$" not in sample.value}


def _unquoted(value: str) -> str:
    """Without quotes, and without the comment behind it."""
    return re.sub(r"(?<!\s)\s+#.*$", "", value).strip().strip("\"'")
