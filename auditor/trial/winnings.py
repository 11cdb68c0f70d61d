"""What a change has won, and so which gate decides on it: counts before plans, plans before milliseconds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from auditor.model.trial import Gain
from auditor.trial.candidate import Candidate
from auditor.trial.counted import Counted
from auditor.trial.playing import Player
from auditor.trial.trees import Tree

_KIND_KEYS: Final = {"session": "sessions", "transaction": "transactions", "task": "tasks"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Won:
    """What speaks for a change."""

    by: Literal["counts", "plans", "time", "nothing"]
    """`time`: nothing yet, and it is for latency to show that it is faster; after `counts` and `plans` it must only exclude harm.

    `nothing`: what was promised did not come true, or nothing later on could show it.
    """
    evidence: tuple[str, ...]
    """At least one line."""
    gains: tuple[Gain, ...] = ()
    endpoints: frozenset[str] = frozenset()
    """Those that it was won for."""
    shown: tuple[str, ...] = ()
    """What a person is to know about it."""


class Plans(Protocol):
    """How the database goes about the statements of two trees."""

    def __call__(self, candidate: Candidate, known_good: Tree, tree: Tree, /) -> Won | None:
        """What better plans win, or that new indexes are for nothing; None where the schema has the same indexes, or more was changed."""


class Winnings:
    """Asked by several gates about the same candidate."""

    def __init__(
        self,
        player: Player,
        known_good: Callable[[], Tree],
        endpoint_of: Callable[[str], str],
        /,
        *,
        plans: Plans | None = None,
        timed: bool = False,
    ) -> None:
        """`timed`: latency is judged later on, so that a change may win by it."""
        self._player = player
        self._known_good = known_good
        self.endpoint_of = endpoint_of
        self._plans = plans
        self._timed = timed
        self._last: tuple[Candidate, Tree, Tree, Won] | None = None

    def __call__(self, candidate: Candidate, tree: Tree, /) -> Won:
        """Against the known-good of now."""
        known_good = self._known_good()
        last = self._last
        if last is None or last[:3] != (candidate, tree, known_good):
            self._last = last = candidate, tree, known_good, self._won(candidate, tree, known_good)
        return last[3]

    def _won(self, candidate: Candidate, tree: Tree, known_good: Tree) -> Won:
        now, before = self._player.counted(tree), self._player.counted(known_good)
        promised = promised_components(candidate)
        kept = [
            (endpoint, text)
            for endpoint, component, text in fallen(now, before, self.endpoint_of)
            if not promised or (endpoint, component) in promised
        ]
        if kept:
            return Won(
                by="counts",
                evidence=tuple(text for _, text in kept),
                gains=count_gains(now, before, self.endpoint_of),
                endpoints=frozenset(endpoint for endpoint, _ in kept),
            )
        if promised:
            what = ", ".join(sorted(f"{kind} of {endpoint}" for endpoint, kind in promised))
            return Won(by="nothing", evidence=(f"nothing that was promised became less: {what}",))
        won = self._plans(candidate, known_good, tree) if self._plans is not None else None
        if won is not None:
            return won
        if not self._timed:
            return Won(by="nothing", evidence=("nothing became less: no count, and time is not taken",))
        return Won(by="time", evidence=("no count fell and none was promised, so time must show the gain",))


def component_of(kind: str, /) -> str:
    """The component of the vector that counts effects of a kind."""
    return _KIND_KEYS.get(kind, kind)


def promised_components(candidate: Candidate, /) -> frozenset[tuple[str, str]]:
    """Endpoint and component of everything that was promised."""
    return frozenset((one.endpoint, component_of(one.kind)) for one in candidate.promises)


def fallen(now: Counted, before: Counted, endpoint_of: Callable[[str], str], /) -> list[tuple[str, str, str]]:
    """Endpoint, component and sentence of each count that is lower for sure."""
    found = []
    for request, spans in sorted(before.spans.items()):
        for component, was in spans.items():
            is_now = now.spans.get(request, {}).get(component)
            if is_now is not None and is_now.high < was.low and component != "bytes":
                text = f"{component} of `{request}`: {was.low} → {is_now.high}"
                found.append((endpoint_of(request), component, text))
    return found


def count_gains(now: Counted, before: Counted, endpoint_of: Callable[[str], str], /) -> tuple[Gain, ...]:
    """By endpoint and component, the means over the requests of which both are known.

    What was turned away is left out where others were let in.
    """
    sums: dict[tuple[str, str], list[tuple[int, int]]] = {}
    let_in = {endpoint_of(request) for request in before.spans if request not in before.turned_away}
    for request, spans in sorted(before.spans.items()):
        if request in before.turned_away and endpoint_of(request) in let_in:
            continue
        for component, was in spans.items():
            is_now = now.spans.get(request, {}).get(component)
            if is_now is not None and component != "bytes":
                sums.setdefault((endpoint_of(request), component), []).append((was.low, is_now.high))
    means = {
        key: (sum(was for was, _ in pairs) / len(pairs), sum(is_now for _, is_now in pairs) / len(pairs))
        for key, pairs in sums.items()
    }
    return tuple(
        Gain(endpoint=endpoint, kind=component, before=was, after=is_now)
        for (endpoint, component), (was, is_now) in sorted(means.items())
        if is_now < was
    )
