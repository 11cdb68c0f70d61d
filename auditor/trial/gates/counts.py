"""`counts`: what was promised costs less, nothing costs more, and the workload ran what was changed.

Where no count was promised and none falls, plans or time must show what a change is for (`auditor.trial.winnings`).
"""

import ast
import difflib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from auditor.measure.counts import REPEATS
from auditor.model.constraint import Constraint, MaxCost
from auditor.model.trial import GateResult
from auditor.repo.decode import decode
from auditor.trial.candidate import Candidate
from auditor.trial.constraints.edited import Edited
from auditor.trial.counted import Counted, Span
from auditor.trial.handlers import altered_handlers
from auditor.trial.lone_rows import lone_rows
from auditor.trial.playing import Player
from auditor.trial.reach import Lines
from auditor.trial.trees import Tree
from auditor.trial.winnings import Winnings, component_of

GUARDED: Final = ("sql", "rows", "sessions", "transactions", "http", "cache", "mail", "tasks")
"""Components that may not rise on any request. Records and bytes are the contract's."""
_BEFORE_BLAME: Final = 2 * REPEATS
"""Repeats of all that are compared before a rise is told where several workers answered: which one it is, with a memo of its own, is
chance, and three repeats that agree may be luck."""
_CONSTANT: Final = 2
"""The most that one declared constant rise may be."""
_ROWS_FOR_A_STATEMENT: Final = 10
"""Rows that a batch may read more for each statement that it saves: a round trip costs more than they do, and what is
asked for all at once may hold a few that a turn would not have asked for. Time is looked at by gates of its own."""
_STATEMENTS_FOR_A_ROW: Final = 5
"""Statements that a patch has to save for each row that it reads more, where nobody declared it."""


Place = tuple[str, frozenset[int]]
"""Lines of a file."""


class CountsGate:
    """The gate; counts decide before milliseconds do."""

    def __init__(
        self,
        player: Player,
        baseline: Tree,
        known_good: Callable[[], Tree],
        winnings: Winnings,
    ) -> None:
        self._player = player
        self._baseline = baseline
        self._known_good = known_good
        self._winnings = winnings

    def __call__(self, candidate: Candidate, tree: Tree, /) -> GateResult:
        """Refused where the workload did not run the change; failed where something costs more or nothing less."""
        began = time.monotonic()
        unread = not_exercised(candidate.files, self._player.executed(tree))
        if unread:  # edges and sequences are not timed, and may have run it all the same
            for ids in self._player.where_run(candidate, self._known_good()):
                unread = unread and not_exercised(candidate.files, self._player.executed(tree, ids=ids))
        unmet = f"no request with a good answer ran {unread}" if unread else self._unmet(candidate, tree)
        if unmet:
            return GateResult(
                gate="counts",
                outcome="refused",
                text=f"not exercised: {unmet}",
                signature="counts:not exercised",
            )
        now = self._player.counted(tree)
        risen = self._all_risen(candidate, tree)
        if risen and not all(one.by_one for one in self._compared(tree)):
            risen = self._all_risen(candidate, tree, repeats=_BEFORE_BLAME)
        over = self._over(now, candidate)
        if over:
            text, constraint = over[0]
            return GateResult(
                gate="counts",
                outcome="failed",
                text=text,
                evidence=tuple(text for text, _ in over)[:12],
                signature=f"constraint:{constraint.id}",
                seconds=time.monotonic() - began,
            )
        if risen:
            return GateResult(
                gate="counts",
                outcome="failed",
                text=risen[0],
                evidence=tuple(dict.fromkeys(risen))[:12],
                signature=f"counts:{risen[0].partition(':')[0]}",
                seconds=time.monotonic() - began,
            )
        won = self._winnings(candidate, tree)
        if won.by == "nothing":
            return GateResult(
                gate="counts",
                outcome="failed",
                text=won.evidence[0],
                evidence=won.evidence[1:],
                signature="counts:no gain",
                whole=True,
                seconds=time.monotonic() - began,
            )
        kept = won.evidence
        return GateResult(
            gate="counts",
            outcome="passed",
            text=kept[0] + (f" and {len(kept) - 1} more" if len(kept) > 1 else ""),
            evidence=tuple(kept[:40]),
            gains=won.gains,
            shown=won.shown,
            seconds=time.monotonic() - began,
        )

    def _unmet(self, candidate: Candidate, tree: Tree) -> str:
        """What is altered of how the target deals with errors, if no request met one there; empty when one did."""
        handlers = {(file.path, lines) for file in candidate.files for lines in altered_handlers(file)}
        if handlers:
            handlers = _not_in(self._player.executed(tree), handlers)
        if handlers:
            for ids in self._player.where_run(candidate, self._known_good())[-1:]:
                handlers = _not_in(self._player.met(tree, ids=ids), handlers)
        places = ", ".join(sorted(f"{path}:{min(lines)}" for path, lines in handlers))
        return f"no request met the error that is dealt with in {places}" if places else ""

    def _all_risen(self, candidate: Candidate, tree: Tree, *, repeats: int = 0) -> list[str]:
        """What costs more than in the baseline, or than in known-good."""
        now, before, first = self._compared(tree, repeats=repeats)
        alone = candidate.constant_rise
        return [
            *self._risen(now, first, (*alone, *candidate.risen_before), self._lone(tree, self._baseline)),
            *self._risen(now, before, alone, self._lone(tree, self._known_good())),
        ]

    def _lone(self, tree: Tree, before: Tree) -> Mapping[str, int]:
        return lone_rows(self._player.statements(tree), self._player.statements(before))

    def _compared(self, tree: Tree, *, repeats: int = 0) -> tuple[Counted, Counted, Counted]:
        now, before, first = (
            self._player.counted(one, repeats=repeats) for one in (tree, self._known_good(), self._baseline)
        )
        return now, before, first

    def _risen(
        self, now: Counted, before: Counted, declared: tuple[str, ...], lone: Mapping[str, int]
    ) -> list[str]:
        found = []
        for request, spans in before.spans.items():
            after = now.spans.get(request, {})
            for component in GUARDED:
                if component not in spans or component not in after:
                    continue
                was, is_now = spans[component], after[component]
                if (
                    component == "rows"
                    and is_now.low - was.high <= lone.get(request, 0)
                    and _no_more(spans, after)
                ):
                    continue
                if is_now.low > was.high and not may_rise(component, spans, after, declared):
                    found.append(f"{component}: `{request}` costs {is_now.low}, it cost {was.high}")
        return found

    def _over(self, now: Counted, candidate: Candidate) -> list[tuple[str, Constraint]]:
        """Requests that cost more than a constraint allows. One whose formula holds a size is the scaling gate's."""
        found = []
        for constraint in candidate.constraints:
            rule = constraint.rule
            if not isinstance(rule, MaxCost) or not rule.formula.strip().isdecimal():
                continue
            component, most = component_of(rule.effect), int(rule.formula)
            for request, spans in sorted(now.spans.items()):
                if self._winnings.endpoint_of(request) == rule.endpoint and component in spans:
                    costs = spans[component].low
                    if costs > most:
                        text = f"{component}: `{request}` costs {costs}, and a constraint allows {most}"
                        found.append((text, constraint))
        return found


def _no_more(was: Mapping[str, Span], now: Mapping[str, Span]) -> bool:
    """Whether no more statements are sent than were."""
    return "sql" in was and "sql" in now and now["sql"].high <= was["sql"].high


def _not_in(ran: Lines, places: set[Place]) -> set[Place]:
    """Those of which none of the lines ran."""
    return {(path, ours) for path, ours in places if not ours & ran.get(path, frozenset())}


def may_rise(
    component: str, was: Mapping[str, Span], now: Mapping[str, Span], declared: Iterable[str], /
) -> bool:
    """A declared constant: one statement for a page, a session for a gather, where another component loses more.

    A row for many statements that are saved needs no word beforehand.
    """
    rises = Counter(component_of(kind) for kind in declared)
    if component == "rows" and "sql" in was and "sql" in now:
        saved = was["sql"].low - now["sql"].high
        allowed = saved * _ROWS_FOR_A_STATEMENT if rises["sql"] else saved // _STATEMENTS_FOR_A_ROW
        if 0 < now["rows"].high - was["rows"].low <= allowed:
            return True
        if rises["sql"]:
            return False
    if now[component].high - was[component].low > _CONSTANT * rises[component]:
        return False
    others = (other for other in GUARDED if other != component and other in was and other in now)
    return any(now[other].high < was[other].low for other in others)


def not_exercised(files: tuple[Edited, ...], executed: Mapping[str, frozenset[int]], /) -> str:
    """Where the changed code is, if no good answer came by way of any of it; empty when it did.

    What only runs at import (a model, a constant, an import) is exercised by every boot.
    """
    places = []
    for file in files:
        changed = changed_lines(file)
        if file.trees is None or not changed:
            continue
        inside = function_lines(file.trees[1]) & changed
        if not inside:
            return ""
        if inside & executed.get(file.path, frozenset()):
            return ""
        places.append(f"{file.path}:{min(inside)}")
    return ", ".join(places)


def changed_lines(file: Edited, /) -> frozenset[int]:
    """Lines of the new version that are not in the old one; where lines were only removed, those beside them."""
    old = [] if file.before is None else decode(file.before).text.splitlines()
    new = decode(file.after).text.splitlines()
    lines: set[int] = set()
    for tag, _, _, start, stop in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "delete":
            lines |= {start, start + 1}
        elif tag != "equal":
            lines |= set(range(start + 1, stop + 1))
    return frozenset(lines)


def function_lines(tree: ast.Module) -> frozenset[int]:
    """Of statements in the bodies of functions."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for statement in node.body:
                lines |= set(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))
    return frozenset(lines)
