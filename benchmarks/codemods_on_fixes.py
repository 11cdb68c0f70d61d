"""How many problems that people really fixed get a patch from a codemod, each printed as a diff to be judged.

    codemods_on_fixes.py --cases ../shared/fixes/cases.json --trees /tmp/fix-trees [--repo owner/name ...] [--all]
    codemods_on_fixes.py --tree evals/cases/discovery/app

`--trees` holds the parents of the fixes, exported to `<owner>+<repo>/<first twelve digits of the parent>`. The first
form asks for patches of findings at the places of the cases marked `yes` (`--all`: of every case) and prints the share;
the second asks for patches of everything that is found in one tree.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from pathlib import Path
from typing import Any

from auditor.codemods import codemods, propose
from auditor.codemods.outcome import Written
from auditor.codemods.source import Source
from auditor.frameworks import discover
from auditor.index.build import build_index
from auditor.knowledge.load import load
from auditor.model.report import Finding
from auditor.repo.snapshot import open_snapshot
from auditor.rules import run_rules
from auditor.rules.scene import Scene
from auditor.trace.analysis import analyse
from auditor.trace.semantics import semantics_of

SLACK = 3
"""Lines by which a finding may miss a case's place, as the scorer of the cases allows."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=Path, help="the list of fixes")
    parser.add_argument("--trees", type=Path, help="the folder with the exported parents")
    parser.add_argument("--repo", action="append", default=[], help="only these repositories")
    parser.add_argument("--all", action="store_true", help="every case, not only those marked `yes`")
    parser.add_argument("--tree", type=Path, help="one tree, all findings")
    options = parser.parse_args()
    if options.tree is not None:
        findings, source = audited(options.tree)
        for finding in findings:
            tell(finding, source, options.tree)
        return 0
    cases = [
        case
        for case in json.loads(options.cases.read_text("utf-8"))
        if (options.all or case["static_detectable"] == "yes")
        and (not options.repo or case["repo"] in options.repo)
    ]
    patched: list[str] = []
    for (repo, parent), group in by_tree(cases).items():
        tree = options.trees / repo.replace("/", "+") / parent[:12]
        if not tree.is_dir():
            print(f"## {repo} {parent[:12]} is not there: {tree}")
            continue
        findings, source = audited(tree)
        for case in group:
            print(f"## {case['id']} ({case['kind']}): {case['summary']}")
            at = [finding for finding in findings if meets(finding, case)]
            if not at:
                print("   nothing is found there")
            told = [tell(finding, source, tree) for finding in at]
            if any(told):
                patched.append(case["id"])
        sys.stdout.flush()
    print(f"# {len(patched)} of {len(cases)} get a patch: {', '.join(patched)}")
    return 0


def by_tree(cases: list[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The cases of each parent, so that it is read once."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for case in cases:
        found.setdefault((case["repo"], case["parent"]), []).append(case)
    return found


def audited(tree: Path) -> tuple[tuple[Finding, ...], Source]:
    """What the rules that have a codemod find in a tree."""
    snapshot = open_snapshot(tree)
    index = build_index(snapshot, jobs=1, cache_dir=None)
    knowledge = load()
    trace = analyse(
        index.project, discover(index.project), knowledge=knowledge, semantics=semantics_of(index)
    )
    scene = Scene(trace, knowledge)
    treated = sorted({rule for codemod in codemods() for rule in codemod.RULES})
    return run_rules(scene, select=treated), Source(lambda path: text_of(tree, path), scene)


def text_of(tree: Path, path: str) -> str | None:
    """A file's text with line feeds only."""
    try:
        return (tree / path).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def meets(finding: Finding, case: dict[str, Any]) -> bool:
    """Whether a finding is about the place of a case."""
    places = [case, *case.get("also", [])]
    return any(
        at.file == place["file"]
        and at.line <= place["line_end"] + SLACK
        and place["line_start"] <= at.end_line + SLACK
        for at in (finding, *finding.related)
        for place in places
    )


def tell(finding: Finding, source: Source, tree: Path) -> bool:
    """Prints the patch of a finding as a diff, or why there is none."""
    print(f"   {finding.rule} {finding.file}:{finding.line}: {finding.title}")
    result = propose(finding, source)
    if not isinstance(result, Written):
        for one in result:
            print(f"      {one.codemod}: {one.reason}")
        return False
    print(f"      {result.codemod}: {result.title}")
    for path, text in result.files.items():
        before = (text_of(tree, path) or "").splitlines(keepends=True)
        sys.stdout.writelines(
            difflib.unified_diff(before, text.splitlines(keepends=True), f"a/{path}", f"b/{path}")
        )
    return True


if __name__ == "__main__":
    sys.exit(main())
