"""Folding: what stays unknown, then what is followed."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.frameworks.constants import UNKNOWN, fold, fold_text
from auditor.frameworks.literals import binary, formatted, joined, percent, swells
from auditor.index.lower import lower
from auditor.index.project import Project

SOURCES = {
    "a.py": """
        import os
        from b import P, settings as s, Colour
        import b

        LIST = ["x", *b.MORE, 1]
        TABLE = {"k": "/k", **b.TABLE}

        def f(prefix, n=2):
            local = "/local"
            return local
        """,
    "b.py": """
        P = "/p"
        MORE = ("y",)
        TABLE = {"z": P + "/z"}
        LOOP = LOOP2
        LOOP2 = LOOP

        class Base:
            API = "/api"

        class Settings(Base):
            VERSION: int = 3

            def __init__(self):
                self.made = self.API + "/made"

        class Colour:
            RED = "red"

        settings = Settings()
        """,
}


def value(expression: str, **bound: object) -> object:
    files = {**SOURCES, "a.py": textwrap.dedent(SOURCES["a.py"]) + f"\nASKED = {expression}\n"}
    project = Project([(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()])
    module = project.by_path["a.py"]
    return fold(project, module, (0, 1, "ASKED"), bound=bound)


@pytest.mark.parametrize(
    "expression",
    [
        "nowhere",
        "call()",
        "b.LOOP",
        "f",
        "s",
        "LIST[9]",
        "TABLE['none']",
        "s.none",
        "os.environ['X']",
        "1 / 0",
        "-P",
    ],
)
def test_what_can_t_be_told(expression: str) -> None:
    assert value(expression) is UNKNOWN


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("P", "/p"),
        ("b.P + '/x'", "/p/x"),
        ("'a' 'b'", "ab"),
        ('f"{P}/v{s.VERSION}/{{id}}"', "/p/v3/{id}"),
        ('f"{P}/{nowhere}/x"', "/p/{?}/x"),
        ("nowhere + '/x'", "{?}/x"),
        ("'%s/%d' % (P, 2)", "/p/2"),
        ("'{}/{v}'.format(P, v=1)", "/p/1"),
        ("'/'.join([P, 'x', nowhere])", "/p/x/{?}"),
        ("P.strip('/').upper()", "P"),
        ("s.API", "/api"),
        ("s.made", "{?}/made"),
        ("Colour.RED.value", "red"),
        ("TABLE['k'] + TABLE['z']", "/k/p/z"),
        ("TABLE.get('none', '/d')", "/d"),
        ("LIST", ["x", "y", 1]),
        ("LIST + ['z']", ["x", "y", 1, "z"]),
        ("os.environ.get('X', '/d')", "/d"),
        ("os.getenv('X') or '/d'", "/d"),
        ("'/t' if s.VERSION > 2 else '/e'", "/t"),
        ("'/t' if nowhere else '/e'", "/e"),
        ("str(P)", "/p"),
        ("not P", False),
        ("P in ('/p', '/q')", True),
    ],
)
def test_what_is_followed(expression: str, expected: object) -> None:
    assert value(expression) == expected


def test_bound_names_win() -> None:
    assert value("P + '/x'", P="/bound") == "/bound/x"


def test_text_always_is_one() -> None:
    project = Project([("a.py", "app", lower(b"N = 3"))])
    module = project.by_path["a.py"]
    assert fold_text(project, module, (0, 1, "N")) == "3"
    assert fold_text(project, module, (0, 1, "nowhere")) == "{?}"


@pytest.mark.parametrize(
    "template",
    [
        "{:99999999999}",
        "{:>{}}",
        "{0:.99999999999}",
        "%99999999999s",
        "%(a)99999999999s",
        "%*s",
        "%.99999999999f",
        "%-0*d",
    ],
)
def test_a_template_that_swells_is_not_filled_in(template: str) -> None:
    assert swells(template)
    assert formatted(template, ["x", "99999999999"], {}) in {UNKNOWN, template}
    assert percent(template, (99999999999, 1)) in {UNKNOWN, template}


@pytest.mark.parametrize(
    "template", ["/v20240101/{}", "{:08d}/20240101", "%d/2024", "100%/2024", "{a:%Y}/2024", ""]
)
def test_digits_outside_a_field_are_only_text(template: str) -> None:
    assert not swells(template)


def test_numbers_stay_small() -> None:
    assert binary("*", 1 << 40, 1 << 40) is UNKNOWN
    assert binary("*", 6, 7) == 42


@given(st.text(max_size=40), st.lists(st.one_of(st.text(max_size=5), st.integers(), st.none()), max_size=4))
def test_formatting_never_raises(template: str, values: list[object]) -> None:
    assert isinstance(joined(template, values), str)
    assert isinstance(formatted(template, values, {}), str) or formatted(template, values, {}) is UNKNOWN
    assert isinstance(percent(template, tuple(values)), str) or percent(template, tuple(values)) is UNKNOWN
