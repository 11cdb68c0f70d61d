"""What a template does where a view renders it."""

import pytest

from auditor.frameworks.entry import EntryPoint
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.trace.analysis import analyse
from auditor.trace.chains import chains
from auditor.trace.rendering import Templates
from auditor.trace.semantics import Semantics, orms_of

CODE = """
import auditor_intrinsics
import requests

class Page:
    def title(self):
        return requests.get("a")

def entry(request):
    return auditor_intrinsics.render_template("page.html", {"page": Page(), "pages": [Page() for p in request.pages]})
"""


def rendered(template: str, *, jinja: bool = False) -> list[tuple[str, str, bool]]:
    """Kind, sizes and whether it is remembered, of each operation of a view that renders the template."""
    project = Project([("app.py", "app", lower(CODE.encode()))])
    handler = next(f for m in project.modules for f in m.functions if f.name == "entry")
    point = EntryPoint("http", "GET", "/", "test", handler, None, handler.qualname, "app.py", handler.line)
    templates = Templates(
        {"templates/page.html": lambda: template, "templates/forms.html": lambda: FORM}, jinja=jinja
    )
    semantics = Semantics(orms=orms_of(project), intrinsics=templates.intrinsics())
    trace = analyse(project, [point], knowledge=load(), semantics=semantics)
    found, _ = chains(trace.machine, trace.entries[0].summary, 100)
    return [(c.effect.kind, "·".join(c.sizes), c.remembered) for c in found]


def test_outside_a_fragment_nothing_is_remembered() -> None:
    text = "{% cache 500 side page.id %}x{% endcache %}{% for p in pages %}{{ p.title }}{% endfor %}"
    assert rendered(text) == [("cache", "", False), ("http", "pages", False)]


def test_what_a_template_goes_through_has_the_name_of_its_last_step() -> None:
    text = "{% for p in request.profile.projects.all %}{{ page.title }}{% endfor %}{% for p in page.get_tags %}{{ page.title }}{% endfor %}"
    assert {sizes for _, sizes, _ in rendered(text)} == {"projects", "tags"}


def test_a_fragment_is_paid_on_a_miss() -> None:
    text = "{{ page.title }}{% cache 500 side %}{% for p in pages %}{{ p.title }}{% endfor %}{% endcache %}"
    assert sorted(rendered(text)) == [("cache", "", False), ("http", "", False), ("http", "pages", True)]


def test_a_fragment_in_a_loop_is_asked_for_in_every_turn() -> None:
    text = "{% for p in pages %}{% cache 500 row p.id %}{{ p.title }}{% endcache %}{% endfor %}"
    assert sorted(rendered(text)) == [("cache", "pages", False), ("http", "pages", True)]


FORM = """{% macro title(page, size=1) %}{{ page.title() }}{% endmacro %}
{% macro both(a, b) %}
{{ title(size=a, page=b) }}
{% endmacro %}"""


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("{% from 'forms.html' import title %}{{ page.name }}", []),
        ("{% from 'forms.html' import missing %}{{ missing(page) }}{{ title(page) }}", []),
        ("{% import 'away.html' as forms %}{{ forms.title(page) }}", []),
        ("{% from 'forms.html' import title %}{% for p in pages %}{{ title(p) }}{% endfor %}", ["pages"]),
        (
            "{% import 'forms.html' as f with context %}{% for p in pages %}{{ f.title(p, 2) }}{% endfor %}",
            ["pages"],
        ),
        ("{% from 'forms.html' import both as two %}{{ two(1, page) }}", [""]),
        (
            "{% macro own(p) %}{{ p.title() }}{% endmacro %}{% for p in pages %}{{ own(p) }}{% endfor %}",
            ["pages"],
        ),
        ("{% macro deep(p) %}{{ p.title() }}{{ deep(p) }}{% endmacro %}{{ 1 }}", []),
    ],
)
def test_a_macro_does_what_is_in_it_where_it_is_called(text: str, sizes: list[str]) -> None:
    assert [size for _, size, _ in rendered(text, jinja=True)] == sizes


def test_a_macro_that_calls_itself_ends() -> None:
    text = "{% macro deep(p) %}{{ p.title() }}{{ deep(p) }}{% endmacro %}{{ deep(page) }}"
    assert 1 <= len(rendered(text, jinja=True)) <= 100


def test_a_macro_that_calls_itself_in_several_places_is_gone_through_once() -> None:
    again = "{{ deep(p.a) }}" * 8
    text = "{% macro deep(p) %}{{ p.title() }}" + again + "{% endmacro %}{{ deep(page) }}"
    assert len(rendered(text, jinja=True)) == 1
