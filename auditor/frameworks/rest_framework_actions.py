"""Extra actions of a view set: methods with `@action`, or the older `@detail_route` and `@list_route`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_values import Frame, Value
from auditor.index import ir
from auditor.index.symbols import Class, External, Function

if TYPE_CHECKING:
    from auditor.frameworks.django_evaluate import Evaluation
    from auditor.index.ir import Node

_DECORATORS: Final = frozenset({"action", "detail_route", "list_route", "link"})


@dataclass(frozen=True, slots=True)
class Action:
    """One extra route of a view set; `mapping` gives the method's name per HTTP method in lower case."""

    url_path: str
    detail: bool
    mapping: dict[str, str]


def actions_of(viewset: Class, evaluation: Evaluation) -> list[Action]:
    """Every extra action in the order of its name, as the view set inherits them."""
    seen: set[str] = set()
    found: list[Action] = []
    for base in evaluation.project.mro(viewset):
        if not isinstance(base, Class):
            continue
        for name, bindings in base.scope.items():
            if name in seen:
                continue
            seen.add(name)
            declared = [_action_of(b, evaluation) for b in bindings if isinstance(b, Function)]
            found.extend(action for action in declared if action is not None)
    return sorted(found, key=lambda action: min(action.mapping.values()))


def _action_of(method: Function, evaluation: Evaluation) -> Action | None:
    for decorator in method.decorators:
        if decorator[0] != ir.CALL or _decorated_as(decorator[2], method, evaluation) is None:
            continue
        kind = _decorated_as(decorator[2], method, evaluation)
        frame = Frame(method.module, None, {})
        told = {name: evaluation.evaluate(node, frame) for name, node in decorator[4] if name is not None}
        positional = [evaluation.evaluate(node, frame) for node in decorator[3]]
        methods = told.get("methods", positional[0] if positional else None)
        verbs = (
            [verb for item in methods if (verb := verb_of(item))] if isinstance(methods, list | tuple) else []
        )
        path = told.get("url_path")
        detail = kind in {"detail_route", "link"} or (kind == "action" and told.get("detail") is True)
        mapping = dict.fromkeys(verbs or ["get"], method.name)
        mapping.update(added_methods(method))
        return Action(path if isinstance(path, str) else method.name, detail, mapping)
    return None


def _decorated_as(node: Node, method: Function, evaluation: Evaluation) -> str | None:
    symbol = evaluation.project.resolve_expression(method.module, node)
    if isinstance(symbol, External):
        head, _, tail = symbol.name.rpartition(".")
        return tail if tail in _DECORATORS and "rest_framework" in head else None
    if isinstance(symbol, Function) and symbol.module.role == "library":
        return symbol.name if symbol.name in _DECORATORS else None
    return None


def added_methods(method: Function) -> dict[str, str]:
    """`@publish.mapping.delete` on another method of the class: more HTTP methods for the same route."""
    owner = method.owner
    if owner is None:
        return {}
    added: dict[str, str] = {}
    for bindings in owner.scope.values():
        for other in bindings:
            for decorator in other.decorators if isinstance(other, Function) else ():
                if (
                    decorator[0] == ir.ATTR
                    and decorator[2][0] == ir.ATTR
                    and decorator[2][3] == "mapping"
                    and decorator[2][2][0] == ir.NAME
                    and decorator[2][2][2] == method.name
                    and isinstance(other, Function)
                ):
                    added[decorator[3].lower()] = other.name
    return added


def verb_of(value: Value) -> str:
    """An HTTP method in lower case from a string or a member of `HTTPMethod`; "" for anything else."""
    if isinstance(value, str):
        return value.lower()
    return value.name.rpartition(".")[2].lower() if isinstance(value, External) else ""
