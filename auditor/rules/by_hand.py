"""Files that a person starts by their name: scripts, and modules that end in `if __name__ == "__main__":`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.frameworks.wiring.statements import is_main_guard
from auditor.index import ir

if TYPE_CHECKING:
    from auditor.index.symbols import Module


def is_started_by_name(module: Module) -> bool:
    """Whether the file is one; an application's module may be started so as well."""
    return module.role == "script" or any(s[0] == ir.IF and is_main_guard(s[3]) for s in module.body)
