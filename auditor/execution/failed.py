"""Why a command of the target failed, in words, and what to do about it."""

import re
from collections.abc import Sequence
from typing import Final

from auditor.execution.ran import Ran
from auditor.execution.root_error import find_root_error

_NOT_FOUND: Final = re.compile(
    r"gaierror|could not translate host name|Name or service not known|Temporary failure in name resolution"
    r"|nodename nor servname|No address associated with hostname|Name does not resolve"
)


def why_failed(ran: Ran, *, tree: str) -> str:
    """The first root error, else the last line that it wrote, else what kept it from being run."""
    text = f"{ran.output}\n{ran.errors}"
    root = find_root_error(text, tree=tree)
    if root is not None:
        return str(root)
    said = text.strip() or ran.ended.errors.decode("utf-8", "replace").strip()
    return said.splitlines()[-1] if said else "it says nothing"


def wanted_a_host(ran: Ran) -> bool:
    """Whether it failed for a name that nobody knows in the jail."""
    return _NOT_FOUND.search(f"{ran.output}\n{ran.errors}") is not None


def hint_for(hosts: Sequence[str]) -> str:
    """What to do about hosts that were looked up in vain."""
    if not hosts:
        return ""
    return (
        f"it looked up {', '.join(hosts)}: if that is its database, name the variables that say where it is under [database.env]"
        " or as url_env; if it is a companion, start it by [[service]] and name 127.0.0.1; else answer it by [[outside]]"
    )
