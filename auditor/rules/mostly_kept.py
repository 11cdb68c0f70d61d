"""Conditions that nearly all rows meet: putting them into the query would leave hardly a row out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Class
from auditor.rules import names, turns
from auditor.rules.claim import strip
from auditor.rules.row_paths import mentions

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.values import Model
    from auditor.rules.collection import Collection
    from auditor.rules.scene import Scene

_FALLS: Final = re.compile(
    r"done|complete|process|read|seen|sent|closed|finish|archiv|resolv|delet|expir|used|handled|notif|sync"
    r"|check|paid|approv|publish|accept|confirm|verif|visit|fail|cancel|review|revok|claim|answer|export|import"
)
"""Flags that start off and are on in the end for most rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Sieve:
    """Rows passed through conditions."""

    rows: Node
    """The expression that gives them."""
    variable: str
    conditions: tuple[Node, ...]
    """All must hold for a row to be kept."""
    moving: frozenset[str] = frozenset()
    """Names that the loop changes while it goes: what the rows before left behind."""
    skips: bool = False
    """The conditions say which rows are left out, not which are kept."""

    def kept_by(self, condition: Node) -> tuple[Node, bool]:
        """What is tested, and how it has to turn out for a row to be kept."""
        holds = not self.skips
        while condition[0] == ir.NOT:
            condition, holds = condition[2], not holds
        return condition, holds


def passes_most(scene: Scene, found: Collection, sieve: Sieve, condition: Node) -> bool:
    """Whether nearly all rows meet the condition."""
    return (
        leaves_one_out(scene, found, sieve, condition)
        or is_null_guard(found, sieve, condition)
        or is_on_by_default(scene, found, sieve, condition)
    )


def leaves_one_out(scene: Scene, found: Collection, sieve: Sieve, condition: Node) -> bool:
    """Whether it is `row.id != x` or `row.owner != x`: all rows but one, or but those of one other row, are kept."""
    tested, holds = sieve.kept_by(condition)
    if tested[0] != ir.CMP or tested[2] != ("!=" if holds else "==",):
        return False
    return any(is_key(scene, found, sieve, side) for side in tested[3])


def is_key(scene: Scene, found: Collection, sieve: Sieve, node: Node) -> bool:
    """Whether an expression tells a row of the loop, or the one row that it belongs to."""
    steps: list[str] = []
    while node[0] == ir.ATTR:
        steps.append(node[3])
        node = node[2]
    if node[0] != ir.NAME or node[2] != sieve.variable or not steps:
        return False
    model: Model | None = found.query.model
    for n, step in enumerate(reversed(steps)):
        if model is None:
            return False
        if n == len(steps) - 1 and tells_one(model, step):
            return True
        relation = model.relations.get(step)
        model = None if relation is None else scene.trace.machine.orm(model.orm).by_key(relation.target)
    return False


def tells_one(model: Model, name: str) -> bool:
    """A key, a column whose values are unique, or what holds the key of another row."""
    column, relation = model.columns.get(name), model.relations.get(name)
    return (
        name in {"pk", model.primary_key}
        or (column is not None and (column.unique or column.foreign_key is not None))
        or (relation is not None and not relation.many)
        or any(r.column == name and not r.many for r in model.relations.values())
    )


def is_null_guard(found: Collection, sieve: Sieve, condition: Node) -> bool:
    """Whether it only asks whether something is there before that is read: hardly a row lacks it."""
    tested, holds = sieve.kept_by(condition)
    if tested[0] == ir.CMP and len(tested[3]) == 2 and is_nothing(tested[3][1]):
        holds = holds is (tested[2][0] in {"is not", "!="})
        tested = tested[3][0]
    if not holds or tested[0] not in {ir.ATTR, ir.SUB} or not mentions(tested[2], sieve.variable):
        return False
    column = None if tested[0] == ir.SUB else found.query.model.columns.get(tested[3])
    return not (column is not None and "bool" in column.type.lower()) and is_read_again(found, tested)


def is_nothing(node: Node) -> bool:
    return bool(node[0] == ir.CONST and node[2] in {None, ""})


def is_read_again(found: Collection, part: Node) -> bool:
    """Whether the function reads the attribute or item of the row in another place, too."""
    text = strip(part)
    reads = (n for n in turns.nodes(found.function.body) if n[0] == part[0])
    return sum(strip(n) == text for n in reads) > 1


def is_on_by_default(scene: Scene, found: Collection, sieve: Sieve, condition: Node) -> bool:
    """Whether a row has the value that keeps it unless somebody changes that: `if row.is_enabled`, true by default."""
    tested, holds = sieve.kept_by(condition)
    if tested[0] == ir.CMP and tested[2][0] in {"is", "==", "is not", "!="} and len(tested[3]) == 2:
        other = tested[3][1]
        if other[0] != ir.CONST or not isinstance(other[2], bool):
            return False
        holds = holds is (other[2] is (tested[2][0] in {"is", "=="}))
        tested = tested[3][0]
    if tested[0] != ir.ATTR or tested[2][0] != ir.NAME or tested[2][2] != sieve.variable:
        return False
    if (
        tested[3] not in found.query.model.columns
        or default_of(scene, found.query.model, tested[3]) is not holds
    ):
        return False
    return holds or _FALLS.search(tested[3]) is None


def default_of(scene: Scene, model: Model, name: str) -> bool | None:
    """The truth value that a column has where nothing is said, as its class writes it down."""
    for cls in scene.project.mro(model.cls):
        for statement in cls.body if isinstance(cls, Class) else ():
            if statement[0] in {ir.ASSIGN, ir.ANN} and name in turns.bound_by(statement):
                return stated_default(statement)
    return None


def stated_default(statement: Node) -> bool | None:
    """The truth value of `default=` (`server_default=` as a text counts too), or of a value written down plainly."""
    value = statement[4] if statement[0] == ir.ASSIGN else statement[5]
    if value is None:
        return None
    if value[0] == ir.CONST:
        return value[2] if isinstance(value[2], bool) else None
    if not names.is_node(value) or value[0] != ir.CALL:
        return None
    given = ir.argument(value, "default") or ir.argument(value, "server_default")
    while given is not None and given[0] == ir.CALL:
        called = turns.name_of(given[2])
        if called in {"true", "false"}:
            return called == "true"
        given = given[3][0] if given[3] else None
    if given is None or given[0] != ir.CONST:
        return None
    return {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False}.get(
        str(given[2]).lower()
    )


def leaves_out_named(sieve: Sieve) -> bool:
    """Whether it leaves out what a list names: of most tables nearly all rows pass."""
    return all(is_named_out(sieve, c) for c in sieve.conditions)


def is_named_out(sieve: Sieve, condition: Node) -> bool:
    tested, holds = sieve.kept_by(condition)
    if tested[0] == ir.BOOL and tested[2] == (
        "or" if holds else "and"
    ):  # `if names and row.name in names: continue`
        of_rows = [part for part in tested[3] if mentions(part, sieve.variable)]
        tested = of_rows[0] if len(of_rows) == 1 else tested
    is_out = tested[0] == ir.CMP and tested[2] == ("not in" if holds else "in",)
    return bool(is_out and tested[3][1][0] != ir.SEQ)  # a few values written down may be those of most rows
