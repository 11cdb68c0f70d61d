"""The lowering against CPython's own parser: every statement, expression, name and line must agree."""

import sysconfig
import time
from pathlib import Path

import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.index import ir
from auditor.index.lower import lower
from auditor.index.lower_expressions import TooDeep

STDLIB = Path(sysconfig.get_path("stdlib"))
PACKAGES = (
    "asyncio",
    "email",
    "json",
    "unittest",
    "http",
    "importlib",
    "concurrent",
    "logging",
    "xml",
    "wsgiref",
)
FILES = sorted(
    path
    for folder in ("", *PACKAGES)
    for path in (STDLIB / folder).glob("*.py")
    if path.stat().st_size < 40_000 and path.stem != "this"
)


def body(source: str) -> tuple[ir.Node, ...]:
    found: tuple[ir.Node, ...] = lower(source.encode())["body"]
    return found


def agrees(source: str) -> None:
    assert body(source) == oracle.body_of(source)


def first(source: str) -> ir.Node:
    return body(source)[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(STDLIB)))
def test_standard_library(path: Path) -> None:
    agrees(path.read_text("utf-8").replace("\r\n", "\n"))


@pytest.mark.parametrize(
    "source",
    [
        "x = a and \\\n  b\n",
        "x = (a\n  # why\n  + b)\n",
        "x = (a.\n  b # c\n  .c(1,\n  2))\n",
        "x = yield\n",
        "def f():\n    x = yield from g()\n",
        "def f():\n    return (lambda: (yield))\n",
        "if a:\n    b()\n    # trails\nelse:\n    c()\n    # trails\n# not part\n",
        "def f(a, /, b: int = 1, *c: str, d, e=2, **f) -> x.y[z] | None: g()\n",
        "def f(a, *, b): g()\n",
        "@a.b\n@c(1)\nasync def f(): await g()\n",
        "class A(B, metaclass=C):\n    x: int = 1\n    y: 'str'\n",
        "for a, (b, *c) in d.items(): e()\nelse: f()\n",
        "async def f():\n    async for a in b: c()\n    async with d as e, f: g()\n",
        "async def f():\n    return [x async for x in y if z]\n",
        "with (a as b, c): d()\n",
        "with a if b else c() as d: e()\n",
        "with (a if b else c as d, e as f): g()\n",
        "with lambda: a as b: c()\n",
        "try: a()\nexcept (B, C) as e: f(e)\nexcept D: g()\nelse: h()\nfinally: i()\n",
        "try: a()\nexcept* B: f()\n",
        "match a, b:\n    case [x, *y] if z: f()\n    case A(b=c) | {'d': c, **rest}: g()\n    case _: h()\n",
        "x = {'a': b, **c, 'd': {e for e in f}}\n",
        "x = {k: v for k, v in a.items() if b if c for d in e}\n",
        "x = a if b else c if d else e\n",
        "x = not a < b <= c is not d not in e\n",
        "x[a:b, ::2, ...] += c @ d ** -1\n",
        "f(*a.b(), **c, d=e)\n",
        "*a, b = *c.d(), e\n",
        "type(self).cache = {}\n",
        "type(a).b[c].d = e\n",
        "type = 1\ntype(x)\n",
        "if (n := len(a)) > 1: print(n)\n",
        "x = f'{a.b(c)!r:>{w}} {d}' 'tail'\n",
        "x = 'a' \"b\\\"c\" '\\x41\\u00e9\\101\\\n' r'\\d' '\\d'\n",
        "x = b'\\xff\\u1234'\n",
        "x = 0x1F + 1_000 + 1.5e3 + 0b1\n",
        "del a, b[0]\nassert c, d\nglobal e, f\nraise G from h\n",
        "from ...a.b import (c as d,\n  e)\nfrom . import *\nimport a.b.c as d, e.f\n",
        "import a.\\\n    b\n",
        "def f(x: dict[str, A] | B | None, y: Annotated[int, # why\n  C(1)]): pass\n",
        "while a: b()\nelse: c()\n",
        "x = lambda a, *b, c=1, **d: a\n",
        "print(1); f(2)\n",
    ],
)  # fmt: skip
def test_what_needs_care(source: str) -> None:
    agrees(source)


NAMES = st.sampled_from(["a", "b", "self", "Model", "objects"])


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        st.builds("({}).{}".format, inner, NAMES),
        st.builds("{}.{}".format, NAMES, NAMES),
        st.builds("f({})".format, inner),
        st.builds("{}.g(*{}, k={})".format, NAMES, inner, inner),
        pair.map("({0[0]} + {0[1]})".format),
        pair.map("({0[0]}\n and # c\n {0[1]})".format),
        pair.map("({0[0]} < {0[1]})".format),
        pair.map("[{0[0]}, {0[1]}]".format),
        pair.map("{{{0[0]}: {0[1]}, **d}}".format),
        st.builds("[{} for x in {} if {}]".format, inner, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("(lambda x={}: {})".format, inner, inner),
        st.builds("a[{}:]".format, inner),
        st.builds("(not {})".format, inner),
        st.builds("(y := {})".format, inner),
    )


EXPRESSIONS = st.recursive(st.one_of(NAMES, st.just("1"), st.just("'s'")), _grow, max_leaves=12)


def _indent(text: str) -> str:
    # Only where statements begin: a line break inside brackets keeps its column.
    return "".join(f"    {line}\n" for line in text.splitlines())


def _nest(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    blocks = st.lists(inner, min_size=1, max_size=3).map("".join).map(_indent)
    return st.one_of(
        st.builds("if {}:\n{}".format, EXPRESSIONS, blocks),
        st.builds("if {}:\n{}elif {}:\n{}else:\n{}".format, EXPRESSIONS, blocks, EXPRESSIONS, blocks, blocks),
        st.builds("for x in {}:\n{}".format, EXPRESSIONS, blocks),
        st.builds("while {}:\n{}    # trailing\n".format, EXPRESSIONS, blocks),
        st.builds("with {} as w:\n{}".format, EXPRESSIONS, blocks),
        st.builds("def f(p={}):\n{}".format, EXPRESSIONS, blocks),
        st.builds("class C({}):\n{}".format, EXPRESSIONS, blocks),
        st.builds("try:\n{}except E as e:\n{}finally:\n{}".format, blocks, blocks, blocks),
    )


SIMPLE = st.one_of(
    EXPRESSIONS.map("f({})\n".format),
    EXPRESSIONS.map("x = {}\n".format),
    EXPRESSIONS.map("x += {}\n".format),
    EXPRESSIONS.map("x: int = {}\n".format),
)
PROGRAMS = st.lists(st.recursive(SIMPLE, _nest, max_leaves=6), min_size=1, max_size=3).map("".join)


@settings(max_examples=150)
@given(PROGRAMS)
def test_programs(source: str) -> None:
    agrees(source)


@settings(max_examples=200)
@given(st.one_of(st.binary(max_size=300), st.text("()[]{}:=\n\\ '\"abif#,.*@", max_size=200).map(str.encode)))
def test_any_bytes_give_a_summary(source: bytes) -> None:
    summary = lower(source)
    assert summary["lines"] >= source.count(b"\n")
    assert isinstance(summary["body"], tuple)


def test_future_imports_and_docstrings_are_dropped() -> None:
    assert body('"""Doc."""\nfrom __future__ import annotations\n"a" "b"\n...\n') == ()


def test_half_characters_are_replaced_and_whole_ones_are_not() -> None:
    found = lower(b"'a', '\\U0001f600', '\\ud7ff\\ue000', '\\ud800', b'\\ud800', r'\\ud800'\n")
    values = [part[2] for part in found["body"][0][3][3]]
    assert values == ["a", "\U0001f600", "\ud7ff\ue000", "\ufffd", "\\ud800", "\\ud800"]


def test_python_2() -> None:
    found = lower(b'print "x", f(1)\ntry:\n    g()\nexcept A, e:\n    pass\nexec "code"\n')
    assert [s[0] for s in found["body"]][:2] == [ir.EXPR, ir.TRY]
    assert found["body"][1][4][0][1] == "e"


def test_merge_conflict_markers_cost_their_own_lines() -> None:
    text = b"def a():\n    f()\n\n<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> b\n\ndef c():\n    g()\n"
    found = lower(text)
    assert found["error"] == 4
    assert {"a", "c"} <= {s[3] for s in found["body"] if s[0] == ir.DEF}


def test_suppressions() -> None:
    text = b"a()  # auditor: ignore[x-y, z] slow on purpose\nb()  # auditor: ignore\nc()  # ignore\n"
    assert lower(text)["ignores"] == ((1, ("x-y", "z"), "slow on purpose"), (2, (), ""))


@pytest.mark.parametrize(
    "source",
    [
        b"x=" + b"(" * 3000 + b")" * 3000,
        b"x=" + b"f(" * 3000 + b")" * 3000,
        b"x=a" + b".b" * 3000,
        b"x=a" + b"[0]" * 3000,
        b"x=" + b"not " * 3000 + b"y",
        b"".join(b" " * n + b"if x:\n" for n in range(300)) + b" " * 300 + b"y\n",
    ],
)
def test_nesting_has_an_end(source: bytes) -> None:
    with pytest.raises(TooDeep):
        lower(source)


def depth(node: object) -> int:
    """How deep tuples nest, counted without recursion."""
    deepest = 0
    stack = [(node, 0)]
    while stack:
        at, level = stack.pop()
        if isinstance(at, tuple):
            deepest = max(deepest, level)
            stack.extend((part, level + 1) for part in at)
    return deepest


def test_long_sums_are_flat() -> None:
    found = first("x = a(0)" + " + a(1)" * 5000 + "\n")
    assert found[4][0] == ir.OTHER
    assert len(found[4][2]) == 5001
    assert depth(found) < 20


def test_long_chains_of_branches_are_flat() -> None:
    text = (
        "if a(0):\n    b(0)\n"
        + "".join(f"elif a({n}):\n    b({n})\n" for n in range(1, 400))
        + "else:\n    c()\n"
    )
    found = first(text)
    assert found[0] == ir.MATCH
    assert len(found[4]) == 401
    assert depth(found) < 20
    agrees(text)


def test_long_lists_of_code_are_kept_whole() -> None:
    found = first(f"x = [{', '.join(f'path({n})' for n in range(200))}, *rest, 1, y]\n")
    assert len(found[4][3]) == 201
    assert found[4][4] == 203


def test_long_tables_keep_their_length() -> None:
    found = first(f"x = [{', '.join(str(n) for n in range(1000))}]\n")
    assert found[4][4] == 1000
    assert len(found[4][3]) == 64


def test_time_is_linear_in_length() -> None:
    def seconds(times: int) -> float:
        source = b"def f(a):\n    return a.b(c)[0] + {'x': [y for y in a]}\n" * times
        return min(_timed(source) for _ in range(3))

    assert seconds(4000) < 10 * seconds(1000)


def _timed(source: bytes) -> float:
    began = time.process_time()
    lower(source)
    return time.process_time() - began


def test_extensions_of_flask_as_they_were_named_before_1_0() -> None:
    assert body("from flask.ext.sqlalchemy import SQLAlchemy\n") == body(
        "from flask_sqlalchemy import SQLAlchemy\n"
    )
    for other in ("from flask.extending import a\n", "from .flask import ext\n", "from flask.ext import a\n"):
        agrees(other)
