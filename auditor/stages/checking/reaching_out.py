"""What a patch would newly load or talk to: packages that nobody here uses, ways out of the machine, addresses.

A model that was talked into something by what it read can only act through a patch. Its code runs where there is no network; this keeps such a
patch from getting even there, and from a person's tree.
"""

import ast
import re
import sys
from collections.abc import Iterator
from typing import Final

from auditor.index.project import Project
from auditor.index.symbols import ImportedName
from auditor.trial.constraints.edited import Edited

_WAYS_OUT: Final = frozenset(
    "aiohttp asyncssh boto3 botocore ftplib http httpx imaplib nntplib paramiko poplib pycurl requests smtplib socketserver ssh telnetlib "
    "tornado urllib urllib3 webbrowser websocket websockets xmlrpc".split()
)
"""Modules that talk to other machines: a patch may use them where the file does already."""
_ADDRESS: Final = re.compile(r"(?:https?|ftp|wss?|smtp|ldap|gopher|file)://([^/\s\"'{}]+)", re.IGNORECASE)


def importable_in(project: Project, /) -> frozenset[str]:
    """The top names of what some file of the project imports or is."""
    names: set[str] = set()
    for module in project.modules:
        if module.role == "library":
            continue
        names.add(module.name.partition(".")[0])
        for bindings in module.scope.values():
            names |= {one.module.partition(".")[0] for one in bindings if isinstance(one, ImportedName)}
    return frozenset(names - {""})


def reaching_out(file: Edited, importable: frozenset[str] | None, /) -> Iterator[str]:
    """A sentence for each; `importable` are the packages that the project uses, None where nobody knows."""
    if file.trees is None:
        return
    before, after = file.trees
    for name in sorted(_imports(after) - _imports(before)):
        if name in _WAYS_OUT:
            yield f"{file.path}: imports `{name}`, a way out of the machine that this file does not have"
        elif importable is not None and name not in importable and name not in sys.stdlib_module_names:
            yield f"{file.path}: imports `{name}`, which nothing in this project uses"
    for host in sorted(_hosts(after) - _hosts(before)):
        yield f"{file.path}: adds the address of `{host}`"


def _imports(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
    return names


def _hosts(tree: ast.Module) -> set[str]:
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {host for text in texts if isinstance(text, str) for host in _ADDRESS.findall(text)}
