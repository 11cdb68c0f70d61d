"""What a request does to the world besides answering, as the contract holds it."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final, Literal

from pydantic import Field, JsonValue

from auditor.measure.contract.tree import Bag, Tree, tree_of
from auditor.measure.records import ProbeEffect, ProbeRecord
from auditor.model.value import Value

DeedKind = Literal["mail", "task", "log", "http", "llm", "file", "subprocess", "error"]

LOUD_LEVELS: Final = frozenset({"WARNING", "ERROR", "CRITICAL"})
_ALWAYS: Final[dict[str, DeedKind]] = {
    "mail": "mail",
    "task": "task",
    "llm": "llm",
    "subprocess": "subprocess",
}
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LEVELS: Final = frozenset({"NOTSET", "DEBUG", "INFO"})
_OF_THE_MACHINERY: Final = (
    "aiosqlite", "asyncio", "django.db.backends", "django.server", "gunicorn.access", "httpcore", "sqlalchemy",
    "urllib3", "uvicorn.access",
)  # fmt: skip
"""Loggers that tell of each statement, connection or request below WARNING: their records change with any
change of those, which the counts judge already."""


class Deed(Value):
    """One thing done. Equal deeds are counted."""

    kind: DeedKind
    what: str
    """The verb and its object without values: `POST https://api.test/charge`, `WARNING %s is late`."""
    detail: dict[str, JsonValue] = Field(default_factory=dict)
    """What else must be the same: a hash of the rendered values, a logger, a host."""
    quiet: bool = False
    """There may be fewer of it where that was declared: records below WARNING, and GET."""


def deeds_of(record: ProbeRecord, /, *, audit_loggers: Collection[str] = ()) -> tuple[Deed, ...]:
    """The deeds among a record's effects, in order.

    Args:
        record: of one request, or of what ran outside any.
        audit_loggers: loggers (and those below them) whose records count at any level; names that hold the
            word `audit` do by themselves.
    """
    found = [deed for effect in record.effects if (deed := _deed(effect, audit_loggers)) is not None]
    errors = [Deed(kind="error", what=each.type, detail={"message": each.message}) for each in record.errors]
    return (*found, *errors)


def deeds_tree(deeds: Iterable[Deed], /) -> Tree:
    """Kind, then what, then a bag of details."""
    tree: dict[str, dict[str, Bag]] = defaultdict(lambda: defaultdict(Bag))
    for deed in deeds:
        tree[deed.kind][deed.what].append(tree_of(dict(deed.detail)))
    return {kind: {what: by_what[what] for what in sorted(by_what)} for kind, by_what in sorted(tree.items())}


def _deed(effect: ProbeEffect, audit_loggers: Collection[str]) -> Deed | None:
    detail = dict(effect.detail)
    what = f"{effect.op} {effect.text or ''}".strip()
    if effect.kind == "log":
        logger = str(detail.get("logger", ""))
        audit = _is_audit(logger, audit_loggers)
        loud = audit or effect.op not in _LEVELS
        if not loud and logger.startswith(_OF_THE_MACHINERY):
            return None
        return Deed(kind="log", what=what, detail=detail, quiet=not loud)
    if effect.kind == "http":
        return Deed(kind="http", what=what, detail=detail, quiet=effect.op.upper() in _READS)
    if effect.kind == "file":
        mode = str(detail.get("mode", ""))
        return Deed(kind="file", what=what, detail=detail) if set(mode) & set("wax+") else None
    kind = _ALWAYS.get(effect.kind)
    return None if kind is None else Deed(kind=kind, what=what, detail=detail)


def _is_audit(logger: str, named: Collection[str]) -> bool:
    below = any(logger == name or logger.startswith(f"{name}.") for name in named)
    return below or "audit" in logger.lower().replace("_", ".").replace("-", ".").split(".")
