"""Files and names that belong to development, tests or examples rather than to what is deployed."""

import re
from typing import Final

_NOT_DEPLOYED: Final = re.compile(
    r"(?:^|[/._-])(?:dev|devel|development|devcontainer|debug|tests?|testing|ci|local|override|examples?|samples?"
    r"|cypress|e2e|docs?|cookiecutter|vagrant|preview|worktree-container|github|loadtest|conftest|demo)(?:[/._-]|$)",
    re.IGNORECASE,
)


def is_deployed(path: str, /) -> bool:
    """Whether nothing in a path says that it is for development, tests or examples."""
    return _NOT_DEPLOYED.search(path) is None
