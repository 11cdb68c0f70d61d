"""Arguments to parameters, as Python binds them; what was not given takes its default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.frameworks.literals import UNKNOWN
from auditor.frameworks.wiring.values import Frame, Value

if TYPE_CHECKING:
    from auditor.frameworks.wiring.names import Evaluator
    from auditor.index.symbols import Function


def bind(
    function: Function,
    args: tuple[Value, ...],
    kwargs: dict[str, Value],
    *,
    receiver: Value,
    frame: Frame,
    evaluator: Evaluator,
) -> None:
    """Puts the arguments of a call into `frame`; `receiver` is None for what is no method."""
    given = list(args)
    if receiver is not None and function.static != "static":
        given.insert(0, receiver)
    left = dict(kwargs)
    # A default is evaluated where the function is defined.
    outer = frame.parent or Frame(function.module)
    for name, kind, _, default in function.params:
        if kind == "*":
            frame.env[name] = tuple(given)
            given = []
        elif kind == "**":
            frame.env[name] = left
            left = {}
        elif kind == "pos" and given:
            frame.env[name] = given.pop(0)
        elif name in left:
            frame.env[name] = left.pop(name)
        else:
            frame.env[name] = UNKNOWN if default is None else evaluator.evaluate(default, outer)
