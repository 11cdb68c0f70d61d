"""Collects the markdown tests of the trace: one case per heading, its files as in `tests/rules`.

A comment `#: http × rows` marks a line that does something of that kind, once per row; `via f > g` after it gives the
functions on the way from the entry (the last is the one that does it), and any of `remembered`, `deferred`, `offloaded`
what is said of it. Marks are complete: an operation that no comment announces is a failure. `#: cost http = 1…2 + rows`
anywhere compares a whole formula, `#: unresolved 1` the calls that nobody could follow. The entry is the function called
`entry`, or the one on a line marked `#: entry` (`#: entry on Class` names the receiver).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from auditor.frameworks.entry import EntryPoint
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.facts import Knowledge
from auditor.knowledge.load import load
from auditor.model.cost_text import kind_cost
from auditor.model.effect import EFFECT_KINDS
from auditor.model.report import CostTerm
from auditor.trace.analysis import Trace, analyse
from auditor.trace.chains import Chain, chains
from auditor.trace.cost import CostTable
from auditor.trace.endpoints import coverages
from auditor.trace.evaluation import Root
from auditor.trace.semantics import Semantics, orms_of

_LINE = re.compile(
    r"^(?P<heading>#+ (?P<title>.+))|^`(?P<path>[\w./-]+)`:\s*$|^(?P<fence>```+)(?P<language>\w*)\s*$"
)
_MARK = re.compile(r"#: (.+?)\s*$")
_EFFECT = re.compile(
    rf"(?P<kind>{'|'.join(EFFECT_KINDS)})(?: × (?P<sizes>[^ ]+))?(?: via (?P<via>[\w.]+(?: > [\w.]+)*))?"
    r"(?P<flags>(?: (?:remembered|deferred|offloaded))*)"
)

Line = tuple[str, int]
"""(path, line)"""


@dataclass
class Case:
    title: str
    line: int
    files: dict[str, str] = field(default_factory=dict)


@dataclass
class Marks:
    """What the comments of a case say."""

    effects: dict[Line, list[tuple[str, str, str | None, frozenset[str]]]] = field(default_factory=dict)
    costs: dict[str, str] = field(default_factory=dict)
    unresolved: int | None = None
    entry: Line | None = None
    receiver: str = ""


@cache
def knowledge() -> Knowledge:
    return load()


def traced(
    files: dict[str, str], entry: str = "entry", receiver: str = "", *, at: Line | None = None
) -> tuple[Trace, Root]:
    """The trace of a project with one entry point: the function of that name, or the one that starts at `at`."""
    project = Project([(path, "app", lower(text.encode())) for path, text in files.items()])
    functions = [f for m in project.modules for f in m.functions]
    handler = next(
        (f for f in functions if (f.name == entry if at is None else (f.module.path, f.line) == at)), None
    )
    assert handler is not None, f"no function {entry} at {at}"
    classes = [c for m in project.modules for c in m.classes if c.name == receiver]
    point = EntryPoint(
        "http", "GET", "/", "test", handler, classes[0] if classes else None, handler.qualname,
        handler.module.path, handler.line,
    )  # fmt: skip
    semantics = Semantics(orms=orms_of(project))
    trace = analyse(project, [point], knowledge=knowledge(), semantics=semantics)
    return trace, trace.entries[0]


@pytest.fixture(name="traced")
def _traced() -> Callable[..., tuple[Trace, Root]]:
    return traced


class Page(pytest.File):
    """One subject's markdown file."""

    def collect(self) -> Iterator[pytest.Item]:
        for case in cases(self.path.read_text("utf-8")):
            yield TraceCase.from_parent(self, name=case.title, case=case)


class TraceCase(pytest.Item):
    """One heading with its files."""

    def __init__(self, *, case: Case, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]  # pytest's own arguments, passed on
        self.case = case

    def runtest(self) -> None:
        marks = read_marks(self.case.files)
        trace, root = traced(self.case.files, receiver=marks.receiver, at=marks.entry)
        problems = [*differences(self.case.files, marks, trace, root), *wrong_costs(marks, trace, root)]
        missed = coverages(trace)[0]
        if marks.unresolved is not None and len(missed.unresolved) != marks.unresolved:
            problems.append(
                f"unresolved: {[(u.call, u.line) for u in missed.unresolved]}, not {marks.unresolved}"
            )
        if problems:
            pytest.fail("\n".join(problems), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.line, f"{self.path.stem}: {self.name}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    return Page.from_parent(parent, path=file_path) if file_path.suffix == ".md" else None  # type: ignore[no-any-return]


def cases(text: str) -> Iterator[Case]:
    """The headings that have files, in order."""
    case, path, fence, block = Case("", 0), "app.py", "", list[str]()
    for number, line in enumerate(text.splitlines()):
        if fence:
            if line.rstrip() == fence:
                assert path not in case.files, f"line {number + 1}: {path} stands twice under one heading"
                case.files[path], path, fence = "\n".join(block) + "\n", "app.py", ""
            else:
                block.append(line)
        elif found := _LINE.match(line):
            if found["heading"]:
                if case.files:
                    yield case
                case = Case(found["title"], number)
            elif found["path"]:
                path = found["path"]
            else:
                assert found["language"] == "py", f"line {number + 1}: only py blocks are read"
                fence, block = found["fence"], []
    assert not fence, "a block is not closed"
    if case.files:
        yield case


def read_marks(files: dict[str, str]) -> Marks:
    marks = Marks()
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            found = _MARK.search(line)
            for mark in found[1].split("; ") if found else ():
                one_mark(marks, mark, (path, number))
    return marks


def one_mark(marks: Marks, mark: str, line: Line) -> None:
    word, _, rest = mark.partition(" ")
    if word == "entry":
        marks.entry, marks.receiver = line, rest.removeprefix("on ")
    elif word == "cost":
        kind, _, formula = rest.partition(" = ")
        marks.costs[kind] = formula
    elif word == "unresolved":
        marks.unresolved = int(rest)
    else:
        found = _EFFECT.fullmatch(mark)
        assert found, f"{line}: can't read the mark {mark!r}"
        marks.effects.setdefault(line, []).append(
            (found["kind"], found["sizes"] or "1", found["via"], frozenset(found["flags"].split()))
        )


def differences(files: dict[str, str], marks: Marks, trace: Trace, root: Root) -> Iterator[str]:
    """What was marked and not found, and what was found and not marked."""
    listed, complete = chains(trace.machine, root.summary, 100)
    assert complete
    left = {line: list(wanted) for line, wanted in marks.effects.items()}
    for chain in listed:
        line = (chain.effect.site.module.path, chain.effect.site.line)
        shown = told(chain)
        wanted = next((w for w in left.get(line, ()) if w[:2] == shown[:2] and w[3] == shown[3]), None)
        if wanted is None:
            yield f"{line[0]}:{line[1]}: not marked: {describe(shown)}; `{text_of(files, line)}`"
            continue
        left[line].remove(wanted)
        if wanted[2] is not None and wanted[2] != shown[2]:
            yield f"{line[0]}:{line[1]}: reached via {shown[2]}, not {wanted[2]}"
    for line, missing in sorted(left.items()):
        yield from (
            f"{line[0]}:{line[1]}: not found: {describe(w)}; `{text_of(files, line)}`" for w in missing
        )


def told(chain: Chain) -> tuple[str, str, str, frozenset[str]]:
    """A chain as a mark would say it."""
    flags = {
        "remembered": chain.remembered,
        "deferred": chain.deferred,
        "offloaded": chain.offloaded,
    }
    return (
        chain.effect.kind,
        "·".join(chain.sizes) or "1",
        " > ".join(f.name for f, _ in chain.steps),
        frozenset(name for name, value in flags.items() if value),
    )


def describe(shown: tuple[str, str, str | None, frozenset[str]]) -> str:
    via = "" if shown[2] is None else f" via {shown[2]}"
    return f"{shown[0]} × {shown[1]}{via} {' '.join(sorted(shown[3]))}".rstrip()


def text_of(files: dict[str, str], line: Line) -> str:
    return files[line[0]].splitlines()[line[1] - 1].strip()


def wrong_costs(marks: Marks, trace: Trace, root: Root) -> Iterator[str]:
    found = CostTable(trace.machine).summary(root.summary)
    for kind, formula in marks.costs.items():
        terms = [
            CostTerm(low=a, high=b, sizes=t, effects=()) for t, (a, b) in sorted(found.get(kind, {}).items())
        ]
        text = kind_cost(terms).text
        if text != formula:
            yield f"cost {kind} = {text}, not {formula}"
