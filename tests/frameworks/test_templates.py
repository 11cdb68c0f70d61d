"""Templates lowered to statements: what is in them, and that no text of theirs takes long."""

import time

import pytest

from auditor.frameworks.templates import Template, compile_template
from auditor.index import ir


def kinds(template: Template) -> list[int]:
    return [statement[0] for statement in template.body]


@pytest.mark.parametrize(
    "text",
    ["", "plain", "{# {{ x }} #}", "{% comment %}{{ x }}{% endcomment %}", "{{ x", "{% if x", "{ { x } }"],
)
@pytest.mark.parametrize("jinja", [True, False])
def test_what_says_nothing(text: str, *, jinja: bool) -> None:
    assert kinds(compile_template(text, jinja=jinja)) == []


@pytest.mark.parametrize(
    "text", ["{{ x }}", "{{- x -}}", "a{{x}}b", "{{ x\n}}", "{# a #}{{ x }}{# b #}", "{{ '{%' }}"]
)
@pytest.mark.parametrize("jinja", [True, False])
def test_an_output_is_a_statement(text: str, *, jinja: bool) -> None:
    assert kinds(compile_template(text, jinja=jinja)) == [ir.EXPR]


@pytest.mark.parametrize(
    "text", ["{% for a in b %}{{ a }}{% endfor %}", "{%- for a in b +%}{{ a }}{%+ endfor -%}"]
)
def test_a_loop_has_its_body(text: str) -> None:
    assert kinds(compile_template(text, jinja=True)) == [ir.FOR]


def test_lines_are_counted_from_one() -> None:
    body = compile_template("{{ a }}\n\n{# x\n #}{{ b }}\n{{ c }}", jinja=False).body
    assert [statement[1] for statement in body] == [1, 4, 5]


@pytest.mark.parametrize(
    "piece", ["{%", "{{", "{#", "{% if ", "{{ a", "{% for a in b %}", "{{ a }}", "%}", "{", "a.", "{{a|b"]
)
@pytest.mark.parametrize("jinja", [True, False])
def test_no_text_takes_long(piece: str, *, jinja: bool) -> None:
    began = time.process_time()
    compile_template(piece * (120_000 // len(piece)), jinja=jinja)
    compile_template("{{ " + piece * (120_000 // len(piece)) + " }}", jinja=jinja)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "text", ["a." * 5_000 + "b", "(" * 5_000 + ")" * 5_000, "a + " * 5_000 + "b", "a|b" + "|b" * 5_000]
)
@pytest.mark.parametrize("jinja", [True, False])
def test_an_expression_stays_shallow(text: str, *, jinja: bool) -> None:
    (statement,) = compile_template(f"{{{{ {text} }}}}", jinja=jinja).body
    assert depth(statement) < 120


def depth(node: object) -> int:
    return 1 + max(map(depth, node), default=0) if isinstance(node, tuple) else 0
