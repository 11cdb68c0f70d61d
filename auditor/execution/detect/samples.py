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
_LINE: Final = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*?)\s*")
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
    for file in tree.files:
        name = file.rpartition("/")[2]
        if file.count("/") > 2 or name in _PRIVATE or not _EXAMPLE.fullmatch(name):
            continue
        for number, line in enumerate(tree.read(file).splitlines(), start=1):
            match = _LINE.fullmatch(line)
            if match and not line.lstrip().startswith("#"):
                value = re.sub(r"\s+#.*$", "", match["value"]).strip("\"'")
                found.setdefault(match["name"], Sample(value, f"{file}:{number}"))
    for service in composed:
        for name, value, at in service.variables:
            found.setdefault(name, Sample(value, f"{service.file}:{at}"))
    for file in tree.named("Dockerfile"):
        for name, value in dockerfile_variables(tree, file).items():
            found.setdefault(name, Sample(value, f"{file}:1"))
    return {name: sample for name, sample in found.items() if sample.value and "$" not in sample.value}
