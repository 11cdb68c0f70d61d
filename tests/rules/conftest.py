"""Collects the markdown tests of rules: `<rule-id>.md` beside this file, one case per heading.

A heading opens a case; each ```` ```py ```` or ```` ```html ```` block below it is a file, named by a preceding
line `` `path.py`: `` (`app.py` without one). `# error: [rule-id]` marks a line that a finding of the file's rule
must cover; a finding that covers no mark is a failure too, so a case without marks must stay silent. Other rules'
findings don't count. A file may say `# changed by 30 of 100 commits`, for rules that read the history.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

import auditor.frameworks
from auditor.frameworks import discover
from auditor.frameworks.jinja_own_filters import JinjaFilters
from auditor.frameworks.pyramid_services import locators
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.model.report import Finding, Place
from auditor.repo.churn import Churn
from auditor.rules import rules, run_rules
from auditor.rules.scene import Scene
from auditor.trace.analysis import analyse
from auditor.trace.rendering import Templates
from auditor.trace.semantics import Semantics, imports, orms_of, rest_settings

_LINE = re.compile(
    r"^(?P<heading>#+ (?P<title>.+))|^`(?P<path>[\w./-]+)`:\s*$|^(?P<fence>```+)(?P<language>\w*)\s*$"
)
_MARK = re.compile(r"#\s*error:\s*\[([\w-]+)\]")
_CHANGED = re.compile(r"# changed by (\d+) of (\d+) commits")
_LIBRARY = Path(auditor.frameworks.__file__).parent / "library"


@dataclass
class Case:
    title: str
    line: int
    files: dict[str, str] = field(default_factory=dict)


class Page(pytest.File):
    """One rule's markdown file."""

    def collect(self) -> Iterator[pytest.Item]:
        for case in cases(self.path.read_text("utf-8")):
            yield RuleCase.from_parent(self, name=case.title, case=case)


class RuleCase(pytest.Item):
    """One heading with its files."""

    def __init__(self, *, case: Case, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]  # pytest's own arguments, passed on
        self.case = case

    def runtest(self) -> None:
        rule = self.path.stem
        assert rule in {r.RULE.id for r in rules()}, f"no rule is called {rule}"
        assert all(mark == rule for mark in _MARK.findall("".join(self.case.files.values()))), (
            "a mark of another rule"
        )
        problems = differences(self.case.files, audited(self.case.files, rule))
        if problems:
            pytest.fail("\n".join(problems), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.line, f"{self.path.stem}: {self.name}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    return Page.from_parent(parent, path=file_path) if file_path.suffix == ".md" else None


def cases(text: str) -> Iterator[Case]:
    """The headings that have files, in order; a path written twice under one heading is an error."""
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
                assert found["language"] in {"py", "html"}, f"line {number + 1}: neither py nor html"
                fence, block = found["fence"], []
    assert not fence, "a block is not closed"
    if case.files:
        yield case


def audited(files: dict[str, str], rule: str) -> tuple[Finding, ...]:
    """The rule's findings in a project of these files."""
    code = [(path, role(path), lower(text.encode())) for path, text in files.items() if path.endswith(".py")]
    project = Project([*code, *library()])
    templates = {path: partial(str, text) for path, text in files.items() if not path.endswith(".py")}
    semantics = Semantics(
        orms=orms_of(project),
        intrinsics=Templates(
            templates, jinja=not imports(project, "django"), filters=JinjaFilters(project)
        ).intrinsics()
        | rest_settings(project),
        locators=locators(project),
    )
    trace = analyse(project, discover(project), knowledge=load(), semantics=semantics)
    return run_rules(Scene(trace, load(), history=partial(history, files)), select=[rule])


def history(files: dict[str, str]) -> Churn:
    """What the files say of how often they were changed."""
    said = {path: found for path, text in files.items() if (found := _CHANGED.search(text))}
    commits = max((int(found[2]) for found in said.values()), default=0)
    return Churn(commits, {path: int(found[1]) for path, found in said.items()})


def role(path: str) -> str:
    """What the index would take a file for."""
    return "config" if path.rpartition("/")[2].startswith("gunicorn") else "app"


def differences(files: dict[str, str], found: tuple[Finding, ...]) -> list[str]:
    """What was marked and not found, and what was found and not marked."""
    marks = {
        (p, n) for p, text in files.items() for n, x in enumerate(text.splitlines(), 1) if _MARK.search(x)
    }
    covered = {
        f.id: {(p, n) for p, n in marks if any(holds(at, p, n) for at in (f, *folded(f)))} for f in found
    }
    missing = sorted(marks - set().union(*covered.values()))
    return [
        *(f"{p}:{n}: nothing found on `{files[p].splitlines()[n - 1].strip()}`" for p, n in missing),
        *(f"{f.file}:{f.line}: not marked: {f.title} ({f.confidence})" for f in found if not covered[f.id]),
        *(f"{p.file}: is in no tree ({f.title})" for f in found for p in f.related if p.file not in files),
    ]


def holds(at: Finding | Place, path: str, line: int) -> bool:
    return at.file == path and at.line <= line <= at.end_line


def folded(finding: Finding) -> list[Place]:
    """Further statements of the same function that the finding is about too."""
    told = " ".join(e.text for e in finding.evidence if e.kind == "code")
    return [p for p in finding.related if f"`{p.file}:{p.line}`" in told]


@cache
def library() -> tuple[tuple[str, str, Mapping[str, Any]], ...]:
    """The library models, read once."""
    return tuple(
        (f"<library>/{f.relative_to(_LIBRARY).as_posix()}", "library", lower(f.read_bytes()))
        for f in sorted(_LIBRARY.rglob("*.py"))
    )
