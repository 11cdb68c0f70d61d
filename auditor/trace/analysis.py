"""The whole trace: every function summarised, every entry point evaluated with what the framework passes it."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from auditor.index.symbols import Function
from auditor.model.fault import Fault
from auditor.model.stumbles import Stumbles
from auditor.trace import declared_pages
from auditor.trace.evaluation import Evaluation, Root
from auditor.trace.machine import Machine
from auditor.trace.reach import possible_reach, reach
from auditor.trace.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from auditor.frameworks.entry import EntryPoint
    from auditor.index.project import Project
    from auditor.knowledge.facts import Knowledge
    from auditor.trace.semantics import Semantics

_STACK_BYTES: Final = 512 * 1024 * 1024
_RECURSION: Final = 60_000
TRACED_ROLES: Final = frozenset({"app", "script", "template"})


@dataclass(slots=True, eq=False)
class Trace:
    """What rules and reports read."""

    project: Project
    machine: Machine
    entries: list[Root]
    orphans: list[Root]
    """Functions that no known endpoint and no project code calls."""
    reach: dict[int, int] = field(default_factory=dict)
    """Identity of a function → bit set of the entries that reach it."""
    possible: dict[int, int] = field(default_factory=dict)
    """Likewise, if callers could pass anything: for functions that no known argument leads to, as a task's may."""
    listed: dict[int, tuple[EntryPoint, ...]] = field(default_factory=dict)
    """Bit set → the entries in it, as far as somebody asked."""

    def settle(self) -> None:
        """Once nobody calls any more: forgets what functions handed on to their callers, for rules to have its place."""
        tops = (part for root in (*self.entries, *self.orphans) for part in root.parts or (root.summary,))
        for summary in (*self.machine.summaries.values(), *tops):
            summary.residual = [op for op in summary.residual if not op.frames]

    def scopes(self) -> Iterator[Summary]:
        """Every summary there is, functions in order of file and line, then the roots."""
        for module in self.project.modules:
            if module.role in TRACED_ROLES:
                for function in module.functions:
                    yield from self.evaluations(function)
        seen: set[int] = set()
        for root in (*self.entries, *self.orphans):
            for part in root.parts or (root.summary,):
                if id(part) not in seen:
                    seen.add(id(part))
                    yield part

    def evaluations(self, function: Function) -> Iterator[Summary]:
        """What a function does: for any argument, or where every call leads to a variant, in each of these.

        A decorated function (a task, a receiver of signals) may be called by more than the code shows.
        """
        summary = self.machine.summaries.get(id(function))
        variants = [
            self.machine.summaries[id(v)] for v in self.machine.variants.get(id(function), {}).values()
        ]
        called = [v for v in variants if v.callers]
        if summary is not None and (
            not called or function.decorators or summary.callers > sum(v.callers for v in called)
        ):
            yield summary
        else:
            yield from called

    def endpoints_of(self, function: Function | None) -> tuple[EntryPoint, ...]:
        """The entry points that reach a function, or might if other arguments were passed."""
        key = id(function)
        bits = 0 if function is None else self.reach.get(key, 0) or self.possible.get(key, 0)
        known = self.listed.get(bits)
        if known is None:
            members = bin(bits)[:1:-1]
            known = self.listed[bits] = tuple(
                r.entry
                for r, member in zip(self.entries, members, strict=False)
                if member == "1" and r.entry is not None
            )
        return known


def analyse(
    project: Project,
    entries: Sequence[EntryPoint],
    *,
    knowledge: Knowledge,
    semantics: Semantics,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    stumbles: Stumbles | None = None,
) -> Trace:
    """Traces a project. Runs in a thread of its own, because evaluation recurses as deep as the code calls.

    `stumbles` says whether a function that can't be followed for a fault of auditor's own is left out, and learns of it.
    """
    outcome: list[Trace | BaseException] = []

    def work() -> None:
        try:
            outcome.append(_analyse(project, entries, knowledge, semantics, progress, stumbles or Stumbles()))
        except BaseException as error:  # noqa: BLE001  carried over to the calling thread below
            outcome.append(error)

    limit, size = sys.getrecursionlimit(), threading.stack_size(_STACK_BYTES)
    sys.setrecursionlimit(_RECURSION)
    thread = threading.Thread(target=work, name="trace", daemon=True)
    try:
        thread.start()
        thread.join()
    except RuntimeError as error:
        hint = (
            f"a limit on memory or threads is too tight: {_STACK_BYTES >> 20} MiB of address space are needed"
        )
        raise Fault("the thread that follows calls can't be started", hint=hint) from error
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def _analyse(
    project: Project,
    entries: Sequence[EntryPoint],
    knowledge: Knowledge,
    semantics: Semantics,
    progress: Callable[[int, int], None],
    stumbles: Stumbles,
) -> Trace:
    m = Machine(project, knowledge, semantics.orms, stumbles)
    m.intrinsics.update(declared_pages.intrinsics() | {**semantics.intrinsics})
    m.locators.update(semantics.locators)
    modules = [module for module in project.modules if module.role in TRACED_ROLES]
    total = len(modules) + len(entries)
    for module in modules:
        for function in module.functions:
            with stumbles.over(f"what decorates {function.told} was not looked at"):
                m.wrapper(function)  # first, because decorators fill registries that other functions read
    for n, module in enumerate(modules):
        for function in module.functions:
            m.summary(function)
        progress(n, total)
    evaluation = Evaluation(m)
    roots = [evaluation.entry(entry) for entry in entries]
    progress(total, total)
    handlers = {id(r.function) for r in roots}
    orphans = [
        Root(function, evaluation.evaluated(function, None))
        for module in modules
        for function in module.functions
        if m.summary(function).callers == 0 and id(function) not in handlers
    ]
    trace = Trace(project, m, roots, orphans)
    trace.reach = reach(trace)
    trace.possible = possible_reach(trace)
    return trace
