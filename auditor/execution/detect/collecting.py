"""Every command that the tree's files write down, and how much each says about production."""

import re
from dataclasses import replace
from typing import Final

from auditor.execution.detect.compose import Service, compose
from auditor.execution.detect.deployed import is_deployed
from auditor.execution.detect.dockerfile import dockerfile
from auditor.execution.detect.procfile import procfile
from auditor.execution.detect.scripts import documents, makefile, scripts, tasks
from auditor.execution.detect.shell import simple_commands
from auditor.execution.detect.statement import Origin, Statement
from auditor.execution.detect.tree import Tree
from auditor.execution.detect.units import s6, supervisor, systemd
from auditor.execution.detect.wrappers import shell_text, unwrapped

TRUST: Final = {
    Origin.PROCFILE: 0.95,
    Origin.DOCKERFILE: 0.92,
    Origin.SYSTEMD: 0.88,
    Origin.SUPERVISOR: 0.88,
    Origin.COMPOSE: 0.85,
    Origin.SCRIPT: 0.7,
    Origin.TASK: 0.65,
    Origin.MAKEFILE: 0.6,
    Origin.README: 0.55,
}
"""How often a server command found there is the production's, in the author's experience; an order, not a measurement."""

_OTHER_PROCESS: Final = re.compile(
    r"(?:^|[._-])(?:worker|celery|beat|scheduler|websocket|ws|streamer|cron|flower|migrate|tracking|mapproxy|admin|docs"
    r"|backoffice|frontend|node|test|dev)",
    re.IGNORECASE,
)
_FOLLOWED: Final = 3
"""Scripts that start scripts."""


def statements(tree: Tree, composed: tuple[Service, ...], /) -> tuple[Statement, ...]:
    """All of them, source by source; what a ``sh -c`` runs counts one by one."""
    return tuple(inner for statement in _all(tree, composed) for inner in _inner(statement))


def _all(tree: Tree, composed: tuple[Service, ...]) -> tuple[Statement, ...]:
    return (
        *procfile(tree),
        *dockerfile(tree),
        *systemd(tree),
        *supervisor(tree),
        *s6(tree),
        *compose(composed),
        *scripts(tree),
        *tasks(tree),
        *makefile(tree),
        *documents(tree),
    )


def _inner(statement: Statement) -> tuple[Statement, ...]:
    text = shell_text(statement.words)
    if text is None:
        return (statement,)
    return tuple(replace(statement, words=words) for words in simple_commands(text, {}))


def trusts(tree: Tree, found: tuple[Statement, ...], /) -> dict[str, float]:
    """For each file that holds statements, how much a command in it says; a script has the trust of who starts it."""
    trust: dict[str, float] = {}
    for statement in found:
        base = TRUST[statement.origin] * (1.0 if is_deployed(statement.file) else 0.55)
        depth = statement.file.count("/")
        trust[statement.file] = max(trust.get(statement.file, 0.0), base * 0.99**depth)
    for _ in range(_FOLLOWED):
        for statement in found:
            started = _script(tree, statement)
            if started in trust:
                trust[started] = max(
                    trust[started], trust[statement.file] * _name_factor(statement.name) * 0.98
                )
    return trust


def weight(statement: Statement, trust: dict[str, float], /) -> float:
    """How much one command says about production: its file's trust, less for the process of another name."""
    return trust[statement.file] * _name_factor(statement.name)


def _name_factor(name: str) -> float:
    return 0.6 if _OTHER_PROCESS.search(name) or name == "release" else 1.0


def _script(tree: Tree, statement: Statement) -> str | None:
    """The file of the tree that a statement starts."""
    words = unwrapped(statement.words)
    if words and words[0] in {"sh", "bash", "/bin/sh", "/bin/bash", "source", "."}:
        words = words[1:]
    if not words or ("/" not in words[0] and "." not in words[0]):
        return None
    return tree.find(words[0], near=statement.folder) or tree.find(words[0])
