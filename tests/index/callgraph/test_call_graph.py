"""Who calls whom: what must not be an edge first."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from auditor.index.callgraph import CallGraph, call_graph
from auditor.index.lower import lower
from auditor.index.project import Project


def graph(files: dict[str, str]) -> CallGraph:
    parts = [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()]
    return call_graph(Project(parts))


def edges(source: str, **more: str) -> set[str]:
    files = {"main.py": source} | {f"{name}.py": text for name, text in more.items()}
    return {f"{e.caller} > {e.callee}" for e in graph(files).edges}


NOT_THERE: dict[str, tuple[str, str]] = {
    "a name that was bound anew": (
        """
        def one(): ...
        def two(): ...
        f = one
        f = two
        f()
        """,
        "main > main.one",
    ),
    "a key that was written over": (
        """
        def one(): ...
        def two(): ...
        d = {"a": one, "b": one}
        d["a"] = two
        d["a"]()
        """,
        "main > main.one",
    ),
    "another key": (
        """
        def one(): ...
        def two(): ...
        {"a": one, 1: two}["a"]()
        """,
        "main > main.two",
    ),
    "a method that a subclass has of its own": (
        """
        class A:
            def f(self): ...
        class B(A):
            def f(self): ...
        B().f()
        """,
        "main > main.A.f",
    ),
    "a function that a decorator replaced": (
        """
        def dec(f):
            def inner(): ...
            return inner
        @dec
        def f(): ...
        f()
        """,
        "main > main.f",
    ),
    "what is only mentioned": (
        """
        def f(): ...
        x = f
        y = [f]
        """,
        "main > main.f",
    ),
    "another caller's argument": (
        """
        def call(f):
            return f
        def one(): ...
        def two(): ...
        call(one)
        call(two)()
        """,
        "main > main.one",
    ),
}


@pytest.mark.parametrize(("source", "edge"), NOT_THERE.values(), ids=NOT_THERE)
def test_no_edge(source: str, edge: str) -> None:
    assert edge not in edges(source)


THERE: dict[str, tuple[str, set[str]]] = {
    "either branch": (
        """
        import sys
        def one(): ...
        def two(): ...
        if sys.argv:
            f = one
        else:
            f = two
        f()
        """,
        {"main > main.one", "main > main.two"},
    ),
    "an exception's handler sees what was bound before and in the body": (
        """
        def one(): ...
        def two(): ...
        f = one
        try:
            f = two
            raise ValueError
        except ValueError:
            f()
        """,
        {"main > main.one", "main > main.two", "main > <builtin>.ValueError"}
        - {"main > <builtin>.ValueError"},
    ),
    "closures, partial applications by hand and lambdas": (
        """
        def make(f):
            def inner(): return f()
            return inner
        def one(): ...
        make(one)()
        (lambda g: g())(one)
        """,
        {
            "main > main.make",
            "main > main.make.inner",
            "main.make.inner > main.one",
            "main > main.<lambda1>",
            "main.<lambda1> > main.one",
        },
    ),
    "super along the MRO of the instance": (
        """
        class A:
            def f(self): ...
        class B(A):
            def f(self): super().f()
        class C(A):
            def f(self): super().f()
        class D(B, C): ...
        D().f()
        """,
        {
            "main > main.B.f",
            "main.B.f > main.C.f",
            "main.C.f > main.A.f",
            "main.B.f > <builtin>.super",
            "main.C.f > <builtin>.super",
        },
    ),
    "properties, class methods, static methods, callable instances": (
        """
        class A:
            @property
            def p(self): ...
            @classmethod
            def c(cls): return cls()
            @staticmethod
            def s(): ...
            def __call__(self): ...
        A().p
        A.c()()
        A.s()
        """,
        {"main > main.A.p", "main > main.A.c", "main > main.A.s", "main > main.A.__call__"},
    ),
    "with, for and subscription call special methods": (
        """
        class A:
            def __enter__(self): return self
            def __exit__(self, *a): ...
            def __iter__(self): return self
            def __next__(self): return 1
            def __getitem__(self, k): ...
        with A() as a:
            for x in a: ...
            a[1]
        """,
        {
            "main > main.A.__enter__",
            "main > main.A.__exit__",
            "main > main.A.__iter__",
            "main > main.A.__next__",
            "main > main.A.__getitem__",
        },
    ),
    "arguments by star, keyword and default": (
        """
        def one(): ...
        def two(): ...
        def f(a, *rest, b=two, **more):
            a(); b(); rest[0](); more["c"]()
        f(*[one, two], c=one)
        """,
        {"main > main.f", "main.f > main.one", "main.f > main.two"},
    ),
    "what nobody calls is read, too": (
        """
        class A:
            def f(self): self.g()
            def g(self): ...
        """,
        {"main.A.f > main.A.g"},
    ),
    "recursion ends": (
        """
        def even(n): return odd(n - 1)
        def odd(n): return even(n - 1)
        even(4)
        """,
        {"main > main.even", "main.even > main.odd", "main.odd > main.even"},
    ),
}


@pytest.mark.parametrize(("source", "expected"), THERE.values(), ids=THERE)
def test_edges(source: str, expected: set[str]) -> None:
    assert edges(source) == expected


def test_modules_of_the_program_and_of_others() -> None:
    source = (
        "import lib\nfrom other import f, Thing as T\nimport other\nf()\nT().go()\nother.f()\nlib.x.y()\n"
    )
    other = "from outside import Base\ndef f(): ...\nclass Thing(Base):\n    def go(self): self.inherited()\n"
    assert edges(source, other=other) == {
        "main > other.f",
        "main > other.Thing.go",
        "main > outside.Base.__init__",
        "main > lib.x.y",
        "other.Thing.go > outside.Base.inherited",
    }


def test_a_class_of_the_program_behind_one_from_outside() -> None:
    source = (
        "from outside import Base\nclass Own:\n    def __init__(self): ...\n    def told(self): ...\n"
        "class Thing(Base, Own):\n    def go(self):\n        self.told()\n        self.unknown()\nThing().go()\n"
    )
    assert edges(source) == {
        "main > outside.Base.__init__",
        "main > main.Thing.go",
        "main.Thing.go > main.Own.told",
        "main.Thing.go > outside.Base.unknown",
    }


def test_confidence_falls_with_what_else_may_be_meant() -> None:
    source = "def a(): ...\ndef b(): ...\nimport sys\nf = a if sys.argv else b\nf()\na()\n"
    found = {(e.callee, e.confidence) for e in graph({"main.py": source}).edges}
    assert found == {("main.a", 1.0), ("main.b", 0.5)}


def test_a_chain_of_a_thousand_calls_and_a_deep_expression_end() -> None:
    chain = "".join(f"def f{n}(): return f{n + 1}()\n" for n in range(1000)) + "def f1000(): ...\nf0()\n"
    found = graph({"main.py": chain})
    assert ("main.f998", "main.f999") in {(e.caller, e.callee) for e in found.edges}
    graph({"main.py": "y = f" + "()" * 60 + "\n"})


MANY = "".join(f"class C{n}:\n    def f(self): ...\n" for n in range(40)) + (
    f"import sys\na = [{', '.join(f'C{n}' for n in range(20))}]\nb = [{', '.join(f'C{n}' for n in range(20, 40))}]\n"
    "for each in a if sys.argv else b:\n    each().f()\n"
)
"""More than one set of values holds: which of them are kept must not be chance."""


def test_where_objects_lie_in_memory_changes_nothing() -> None:
    script = (
        "import sys\nfrom auditor.index.callgraph import call_graph\nfrom auditor.index.lower import lower\n"
        "from auditor.index.project import Project\nfiller = [[n] for n in range(int(sys.argv[1]))]\n"
        "print(call_graph(Project([('main.py', 'app', lower(sys.stdin.buffer.read()))])))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script, str(size)], input=MANY.encode(), capture_output=True, check=True
        ).stdout
        for size in (1, 17, 203, 3_001, 50_021)
    }
    assert len(printed) == 1


def test_the_same_program_gives_the_same_graph() -> None:
    files = {"main.py": "import sys\nclass A:\n    def f(self): ...\nclass B(A):\n    def f(self): ...\n"
             "x = A() if sys.argv else B()\nx.f()\nlist(map(lambda y: y.f(), [A(), B()]))\n"}  # fmt: skip
    assert graph(files) == graph(files)
