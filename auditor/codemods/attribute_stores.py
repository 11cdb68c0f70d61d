"""Where attributes are set: of a row, what is set would be stored, and a row at hand has it before the database does."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.rules import turns

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.symbols import Function as Known
    from auditor.rules.scene import Scene


def attribute_stores(function: "Known", scene: "Scene", /) -> tuple[tuple[str, str], ...]:
    """Each attribute that a function's own text sets, as text and by its name; "" for a name that is computed.

    What an object sets of itself does not count, unless it is a row.
    """
    known = scene.once(_known)
    if id(function) not in known:
        known[id(function)] = tuple(_found(function, scene))
    return known[id(function)]


def _known(_: "Scene") -> dict[int, tuple[tuple[str, str], ...]]:
    """By function: it is asked of all that one leads to, for many that lead there."""
    return {}


def _found(function: "Known", scene: "Scene") -> Iterator[tuple[str, str]]:
    owner = function.owner
    is_row = owner is not None and scene.trace.machine.model_of(owner) is not None
    for node in turns.nodes(function.body):
        for target in targets_of(node):
            root = turns.root_name(target)
            if target[0] == ir.ATTR and (is_row or root not in {"self", "cls"}):
                yield f"{root or '…'}.{target[3]}", target[3]
        match node:
            case (ir.CALL, _, (ir.NAME, _, "setattr"), (given, name, *_), _):
                is_known = name[0] == ir.CONST and isinstance(name[2], str)
                yield f"setattr({turns.root_name(given) or '…'}, …)", name[2] if is_known else ""
            case _:
                pass


def targets_of(node: "Node", /) -> "Iterator[Node]":
    """What a statement or comprehension gives another value: names, attributes and items, each by itself."""
    match node:
        case (ir.ASSIGN, _, _, targets, _) | (ir.DEL, _, _, targets):
            found = list(targets)
        case (ir.AUG | ir.ANN | ir.FOR, _, _, target, *_):
            found = [target]
        case (ir.WITH, _, _, items, *_):
            found = [target for _, target in items if target is not None]
        case (ir.COMP, _, _, _, clauses):
            found = [target for target, *_ in clauses]
        case _:
            return
    while found:
        target = found.pop(0)
        if target[0] == ir.SEQ:
            found[:0] = target[3]
        elif target[0] == ir.STAR:
            found.insert(0, target[2])
        else:
            yield target
