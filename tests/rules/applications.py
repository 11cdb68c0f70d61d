"""What one rule says of an application written in a test."""

from pathlib import Path

import auditor.frameworks
from auditor.frameworks import discover
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.model.report import Finding
from auditor.rules import run_rules
from auditor.rules.scene import Scene
from auditor.trace.analysis import analyse
from auditor.trace.rendering import Templates
from auditor.trace.semantics import Semantics, orms_of

LIBRARY = Path(auditor.frameworks.__file__).parent / "library"


def told(rule: str, application: bytes, *, template: str = "") -> list[Finding]:
    """What the rule says of an application with Django's own views, which may show one page of `template`."""
    library = [
        (f"<library>/{p.relative_to(LIBRARY)}", "library", lower(p.read_bytes()))
        for p in sorted(LIBRARY.rglob("*.py"))
    ]
    project = Project([("urls.py", "app", lower(application)), *library])
    templates = Templates({"templates/books.html": lambda: template} if template else {}, jinja=False)
    semantics = Semantics(orms=orms_of(project), intrinsics=templates.intrinsics())
    trace = analyse(project, discover(project), knowledge=load(), semantics=semantics)
    return [f for f in run_rules(Scene(trace, load())) if f.rule == rule]
