"""Settings files that the code wants and only an example of which is in the tree."""

import re
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.tree import Tree

_EXAMPLE: Final = re.compile(
    r"(?P<stem>\w*(?:settings|config|configuration)\w*?)(?:[._-](?:example|sample|dist|template))(?P<end>\.py)"
    r"|(?P<whole>[\w-]*(?:settings|config|configuration)[\w-]*\.(?:py|ini|toml|ya?ml|json))\.(?:example|sample|dist|template)"
)


def absent_settings(tree: Tree, /) -> tuple[Clue[str], ...]:
    """Files to be made from their example (the clue's place), those nearest to the top first."""
    clues = []
    for file in tree.files:
        folder, slash, name = file.rpartition("/")
        match = _EXAMPLE.fullmatch(name)
        if match:
            wanted = f"{folder}{slash}{match['whole'] or match['stem'] + match['end']}"
            if wanted not in tree.known:
                clues.append(Clue(wanted, file, 0.7))
    return tuple(clues[:3])
