"""What one request did and which lines it is known to have run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from auditor.model.observation import Observation, ObservedEffect, ObservedRequest

_SESSION_OPS = frozenset({"open", "checkout", "connect"})
_TRANSACTION_OPS = frozenset({"begin", "commit", "rollback"})


@dataclass(frozen=True, slots=True, eq=False)
class Exercise:
    """One request that may be used."""

    id: str
    endpoint: str
    effects: tuple[ObservedEffect, ...]
    lines: Mapping[str, frozenset[int]]
    """Run, by file: those recorded, and those that stand on the stack of an effect."""
    whole: bool
    """Whether what is not among `effects` did not happen: of very many only the first are kept, tests replace what they do
    not want to happen, and some drivers are not seen."""

    def ran(self, file: str, first: int, last: int | None = None) -> bool:
        """Whether one of these lines is known to have run."""
        lines = self.lines.get(file)
        return lines is not None and any(line in lines for line in range(first, (last or first) + 1))

    def passing(self, file: str, first: int, last: int) -> list[ObservedEffect]:
        """The effects with a frame on one of these lines."""
        return [effect for effect in self.effects if passes(effect, file, first, last)]


def exercises(observation: Observation, /) -> tuple[Exercise, ...]:
    """The requests that may be used, in the order of the workload."""
    whole = observation.source != "tests" and not observation.unseen
    return tuple(_exercise(request, whole=whole) for request in observation.requests if not request.void)


def _exercise(request: ObservedRequest, *, whole: bool) -> Exercise:
    lines = {file: set(numbers) for file, numbers in request.lines.items()}
    for effect in request.effects:
        for frame in effect.stack:
            lines.setdefault(frame.file, set()).add(frame.line)
    statements = sum(effect.count for effect in request.effects if effect.kind == "sql")
    counted = request.vector.sql.value
    return Exercise(
        id=request.id,
        endpoint=request.endpoint,
        effects=request.effects,
        lines={file: frozenset(numbers) for file, numbers in lines.items()},
        whole=whole and (counted is None or statements >= counted),
    )


def passes(effect: ObservedEffect, file: str, first: int, last: int) -> bool:
    """Whether a frame of its stack lies on one of these lines."""
    return any(frame.file == file and first <= frame.line <= last for frame in effect.stack)


def times(effects: Iterable[ObservedEffect], /, kind: str) -> int:
    """How often they happened together.

    A session is opened, checked out and connected, and a transaction begun and ended: each is one of its kind.
    """
    ops = {"session": _SESSION_OPS, "transaction": _TRANSACTION_OPS}.get(kind)
    if ops is None:
        return sum(effect.count for effect in effects)
    by_op: dict[str, int] = {}
    for effect in effects:
        if effect.op.lower() in ops:
            by_op[effect.op.lower()] = by_op.get(effect.op.lower(), 0) + effect.count
    return max(by_op.values(), default=0)


def steady(effects: Sequence[ObservedEffect], /) -> bool:
    """Whether all repeats agreed on every one of them."""
    return all(effect.steady for effect in effects)
