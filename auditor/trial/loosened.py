"""What a change takes away that was there for a bad day: the end of a wait, the age of a token, what a database promises.

No workload has that day: whoever is asked answers, and the machine goes on. So it is looked for in the text.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from auditor.trial.constraints.edited import Edited

_LIMITS: Final = frozenset({"timeout", "connect_timeout", "read_timeout", "max_age", "verify", "algorithms"})
"""Arguments without which a call waits for ever, or believes what is too old or by somebody else."""
_BROKEN: Final = re.compile(
    r"\bsynchronous\s*=\s*(?:OFF|0)\b|\bsynchronous_commit\s*(?:=|TO)\s*'?(?:off|local|0)\b|\bjournal_mode\s*=\s*(?:OFF|MEMORY)\b"
    r"|\bforeign_keys\s*=\s*(?:OFF|0)\b|\bignore_check_constraints\b|\bsession_replication_role\b|\bDISABLE\s+TRIGGER\b"
    r"|\bREAD\s+UNCOMMITTED\b|\bNOLOCK\b|\bSET\s+UNLOGGED\b|\bUNLOGGED\s+TABLE\b|\b(?:unique|foreign_key)_checks\s*=\s*0"
    r"|\bflush_log_at_trx_commit\b",
    re.IGNORECASE,
)
"""By which a database is told to keep less than it promises."""
_HELD: Final = re.compile(r"\bforeign_keys\s*=\s*(?:ON|1)\b", re.IGNORECASE)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def loosened(file: Edited, /) -> tuple[str, ...]:
    """A sentence for each."""
    if file.trees is None or file.before is None:
        return ()
    return (*_lost_limits(*file.trees), *_lost_promises(*file.trees))


def _lost_limits(before: ast.Module, after: ast.Module) -> Iterator[str]:
    """Of calls in one function that go without what all of them had; moved elsewhere in the file it is there still."""
    everywhere = [
        Counter(limit for limits in _calls(tree) for limit in limits[1]) for tree in (before, after)
    ]
    was, now = (dict(_functions(tree)) for tree in (before, after))
    for name in sorted(was.keys() & now.keys()):
        counted = [_counted(one) for one in (was[name], now[name])]
        for call, limit in sorted(counted[0].keys()):
            if not limit or (call, limit) in counted[1] or everywhere[0][limit] <= everywhere[1][limit]:
                continue
            if counted[1][call, ""] > counted[0][call, ""]:
                yield f"`{name}` calls `{call}` without the `{limit}` that it had"


def _counted(function: ast.AST) -> Counter[tuple[str, str]]:
    """How many calls of a name have a limit, or ("") none at all."""
    return Counter((name, limit) for name, limits in _calls(function) for limit in (limits or ("",)))


def _calls(tree: ast.AST) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            if any(one.arg is None for one in node.keywords):  # `**options` may bring it
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            yield (
                name,
                tuple(
                    sorted(one.arg for one in node.keywords if one.arg in _LIMITS and not _is_none(one.value))
                ),
            )


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in (None, False)


def _functions(tree: ast.AST, outer: str = "") -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, _Function | ast.ClassDef):
            if isinstance(child, _Function):
                yield f"{outer}{child.name}", ast.Module(body=child.body, type_ignores=[])
            yield from _functions(child, f"{outer}{child.name}.")
        else:
            yield from _functions(child, outer)


def _lost_promises(before: ast.Module, after: ast.Module) -> Iterator[str]:
    was, now = (list(_texts(tree)) for tree in (before, after))
    known = {found[0].casefold() for text in was for found in _BROKEN.finditer(text)}
    for told in dict.fromkeys(found[0] for text in now for found in _BROKEN.finditer(text)):
        if told.casefold() not in known:
            yield f"tells the database `{told}`: it keeps less than it promises"
    if any(map(_HELD.search, was)) and not any(map(_HELD.search, now)):
        yield "no longer tells the database to hold foreign keys"


def _texts(tree: ast.Module) -> Iterator[str]:
    """Texts of the code, docstrings left out."""
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value
