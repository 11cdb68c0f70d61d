"""Collects the markdown tests of codemods: `<name>.md` beside this file, one case per heading.

A heading opens a case; each ```` ```py ```` or ```` ```html ```` block below it is a file of the project, named by a
preceding line `` `path.py`: `` (`app.py` without one). After a line `becomes:` the blocks are the files that the
codemod is expected to leave; a line `declined: part of the reason` says instead that every finding is declined for
that reason; a line `silent` that no finding is made at all. Files below the page's own heading belong to every case.
What is expected is compared whole, parsed, and proposed again: a codemod applied to its own result does nothing.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

import auditor.frameworks
from auditor.codemods.outcome import Declined, Written
from auditor.codemods.source import Source
from auditor.frameworks import discover
from auditor.frameworks.jinja_own_filters import JinjaFilters
from auditor.frameworks.pyramid_services import locators
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.model.report import Finding
from auditor.rules import run_rules
from auditor.rules.scene import Scene
from auditor.trace.analysis import analyse
from auditor.trace.rendering import Templates
from auditor.trace.semantics import Semantics, imports, orms_of, rest_settings

_LINE = re.compile(
    r"^(?P<heading>#+ (?P<title>.+))|^`(?P<path>[\w./-]+)`:\s*$|^(?P<fence>```+)(?P<language>\w*)\s*$"
    r"|^declined: (?P<declined>.+)$|^(?P<silent>silent)$|^(?P<becomes>becomes:)$"
)
_LIBRARY = Path(auditor.frameworks.__file__).parent / "library"


@dataclass
class Case:
    title: str
    line: int
    files: dict[str, str] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)
    declined: str = ""
    silent: bool = False


class Page(pytest.File):
    """One codemod's markdown file."""

    def collect(self) -> Iterator[pytest.Item]:
        for case in cases(self.path.read_text("utf-8")):
            yield CodemodCase.from_parent(self, name=case.title, case=case)


class CodemodCase(pytest.Item):
    """One heading with its files."""

    def __init__(self, *, case: Case, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]  # pytest's own arguments, passed on
        self.case = case

    def runtest(self) -> None:
        codemod = importlib.import_module(f"auditor.codemods.{self.path.stem}")
        assert self.path.stem == codemod.NAME
        problems = list(differences(self.case, codemod))
        if problems:
            pytest.fail("\n".join(problems), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.line, f"{self.path.stem}: {self.name}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    return Page.from_parent(parent, path=file_path) if file_path.suffix == ".md" else None


def cases(text: str) -> Iterator[Case]:
    """The headings that have files, in order; each says what is expected, once."""
    case, path, fence, block, after = Case("", 0), "app.py", "", list[str](), False
    common: dict[str, str] = {}
    for number, line in enumerate(text.splitlines()):
        if fence:
            if line.rstrip() == fence:
                into = case.expected if after else case.files
                assert path not in into, f"line {number + 1}: {path} stands twice under one heading"
                into[path], path, fence = "\n".join(block) + "\n", "app.py", ""
            else:
                block.append(line)
        elif found := _LINE.match(line):
            if found["heading"]:
                if case.title.startswith("# "):
                    common = case.files
                else:
                    yield from finished(case, common)
                is_page = not line.startswith("##")
                case, after = Case(("# " if is_page else "") + found["title"], number), False
            elif found["declined"]:
                case.declined = found["declined"]
            elif found["silent"]:
                case.silent = True
            elif found["becomes"]:
                after = True
            elif found["path"]:
                path = found["path"]
            else:
                assert found["language"] in {"py", "html"}, f"line {number + 1}: neither py nor html"
                fence, block = found["fence"], []
    assert not fence, "a block is not closed"
    yield from finished(case, common)


def finished(case: Case, common: dict[str, str]) -> Iterator[Case]:
    if case.files:
        case.files = common | case.files
        said = [bool(case.expected), bool(case.declined), case.silent]
        assert said.count(True) == 1, f"{case.title!r} says what it expects {said.count(True)} times"
        yield case


def differences(case: Case, codemod: Any) -> Iterator[str]:
    """What did not come as the case says."""
    findings, results = proposed(case.files, codemod)
    if case.silent:
        yield from (f"found: {f.file}:{f.line}: {f.title}" for f in findings)
        return
    if not findings:
        yield f"none of {', '.join(codemod.RULES)} is found"
    if case.declined:
        for result in results:
            if isinstance(result, Written):
                yield "written:\n" + "\n".join(f"`{p}`:\n{t}" for p, t in result.files.items())
            elif case.declined not in result.reason:
                yield f"declined for another reason: {result.reason}"
        return
    files = applied(case.files, results)
    for path in sorted(files.keys() | case.expected.keys()):
        wanted = case.expected.get(path, case.files.get(path))
        if files.get(path) != wanted:
            reasons = [r.reason for r in results if isinstance(r, Declined)]
            yield f"`{path}` becomes\n{files.get(path)}\nnot\n{wanted}\n{reasons}"
        elif path.endswith(".py"):
            ast.parse(files[path])
    _, again = proposed(files, codemod)
    for result in again:
        if isinstance(result, Written):
            yield "applied again it writes " + "\n".join(f"`{p}`:\n{t}" for p, t in result.files.items())


def applied(files: dict[str, str], results: list[Written | Declined]) -> dict[str, str]:
    """The files after the patches, of which no two may change the same one."""
    after = dict(files)
    for result in results:
        if isinstance(result, Written):
            for path, text in result.files.items():
                assert after.get(path) == files.get(path) or after[path] == text, f"two patches change {path}"
                after[path] = text
    return after


def proposed(files: dict[str, str], codemod: Any) -> tuple[tuple[Finding, ...], list[Written | Declined]]:
    """What the codemod's rules find in a project of these files, and what it makes of each finding."""
    scene = scene_of(files)
    findings = run_rules(scene, select=codemod.RULES)
    return findings, [codemod.propose(finding, Source(files.get, scene)) for finding in findings]


def scene_of(files: dict[str, str]) -> Scene:
    code = [
        (path, "migration" if "migrations/" in path else "app", lower(text.encode()))
        for path, text in files.items()
        if path.endswith(".py")
    ]
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
    return Scene(analyse(project, discover(project), knowledge=load(), semantics=semantics), load())


@cache
def library() -> tuple[tuple[str, str, Mapping[str, Any]], ...]:
    """The library models, read once."""
    return tuple(
        (f"<library>/{f.relative_to(_LIBRARY).as_posix()}", "library", lower(f.read_bytes()))
        for f in sorted(_LIBRARY.rglob("*.py"))
    )
