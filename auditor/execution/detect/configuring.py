"""Which of several configurations the application is to run with: the one that can be told where its database is.

`config = {"development": …, "production": …}` beside `create_app(os.getenv("FLASK_CONFIG", "development"))`: where only the production
class reads the database's address from a variable, any other would keep its data in a place of its own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.reading import COMPUTED, Read, dotted
from auditor.index import ir
from auditor.index.ir import Node
from auditor.index.project import Project
from auditor.index.symbols import Module

_CHOOSES: Final = re.compile(
    r"(?:[A-Z]+_)*(?:CONFIG(?:URATION)?(?:_(?:NAME|MODE|TYPE|ENV))?|ENV(?:IRONMENT)?|SETTINGS|MODE|STAGE|PROFILE)"
)
_PRODUCTION: Final = ("production", "prod", "Production", "PRODUCTION")
_USUAL: Final = "default"
_DEEPEST: Final = 4


def chosen_configuration(
    project: Project, found: Sequence[Read], url_env: str | None, /
) -> Clue[tuple[str, str]] | None:
    """The variable that chooses and the name to choose; None where the usual configuration will do, or nothing tells."""
    reads = [read for read in found if read.name == url_env]
    for module in project.modules if reads else ():
        if module.role not in {"app", "config"}:
            continue
        for choice in _choices(module):
            wanted = next((name for name in _PRODUCTION if name in choice), None)
            if wanted is None or not _asks(module, choice[wanted], reads):
                continue
            for read in found:
                usual = read.default if read.default not in {"", None, COMPUTED} else _USUAL
                if (
                    _CHOOSES.fullmatch(read.name)
                    and usual in choice
                    and not _asks(module, choice[usual], reads)
                ):
                    note = f"{choice[wanted]} alone reads {url_env}"
                    return Clue((read.name, wanted), read.place, 0.8, note)
    return None


def _choices(module: Module) -> Iterator[Mapping[str, str]]:
    """Each table of the module's classes by name."""
    classes = {cls[3] for cls in module.body if cls[0] == ir.CLASS}
    for statement in module.body:
        value = (
            statement[4] if statement[0] == ir.ASSIGN else statement[5] if statement[0] == ir.ANN else None
        )
        if value is None or value[0] != ir.DICT:
            continue
        table = {
            key[2]: dotted(named)
            for key, named in value[2]
            if key is not None and key[0] == ir.CONST and isinstance(key[2], str)
        }
        if len(table) > 1 and set(table.values()) <= classes:
            yield table


def _asks(module: Module, name: str, reads: Sequence[Read], within: int = 0) -> bool:
    """Whether a class of the module, or one that it derives from there, reads one of the variables."""
    for node in module.body:
        if node[0] == ir.CLASS and node[3] == name:
            own = any(
                read.place == f"{module.path}:{line}"
                for read in reads
                for line in range(node[1], node[2] + 1)
            )
            return own or (
                within < _DEEPEST and any(_asks(module, base, reads, within + 1) for base in _bases(node))
            )
    return False


def _bases(node: Node) -> Iterator[str]:
    return filter(None, map(dotted, node[4]))
