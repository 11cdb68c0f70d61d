from datetime import date

import pytest

from auditor.model.constraint import (
    Constraint,
    ConstraintRule,
    FrozenFile,
    KeepFalsy,
    NoCache,
    NoModuleLevelCode,
    NoNewImport,
)
from auditor.trial.constraints import Edited, active, violations

ANY = NoNewImport()
THREADS = NoNewImport(modules=("threading", "concurrent"))
STRICT = NoNewImport(modules=("threading",), inside_functions="forbidden")
QUIET = NoModuleLevelCode()
NO_CACHE = NoCache(endpoint="GET /spaces")


def said(rule: ConstraintRule, before: str | None, after: str, *, path: str = "app/spaces.py") -> list[str]:
    constraint = Constraint(rule=rule, origin="learnt", because="the worker died")
    file = Edited(path, None if before is None else before.encode(), after.encode())
    return [violation.text for violation in violations([file], [constraint])]


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (ANY, "import json\n", "import json\nx = 1\n"),
        (ANY, "import os, json\n", "import json\nimport os\n"),
        (ANY, "from a import b\n", "from a import b, c\n"),
        (ANY, "import threading\n", "import threading\ndef f():\n    import threading\n"),
        (THREADS, "", "import json, threadings\n"),
        (THREADS, "", "def f():\n    import threading\n"),
        (THREADS, "", "text = 'import threading'\n"),
        (THREADS, "", "from .threading import pool\n"),
        (QUIET, "", "def f():\n    run()\n\nclass A:\n    x = 1\n    def g(self): run()\n"),
        (QUIET, "", "LIMIT = 5\nNAMES: dict[str, int] = {}\nNAME: str\nkey = lambda row: row.get('x')\n"),
        (
            QUIET,
            "",
            '"""Docs."""\nimport json\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import x\n',
        ),
        (QUIET, "app = make()\nlog = get()\n", "log = get()\n\napp = make()\n"),
        (NO_CACHE, "", "def f(rows):\n    memo = {}\n    memo['a'] = 1\n    rows.append(2)\n"),
        (NO_CACHE, "@lru_cache\ndef f(): ...\n", "@lru_cache\ndef f(): return 1\n"),
        (NO_CACHE, "", "CACHED = 1\ndef precache(x): return x.cache_control\n"),
        (FrozenFile(scope="*.toml"), "a", "b"),
        (KeepFalsy(parameter="capacity"), "", "anything = 1\n"),
        (ANY, "", "import ("),
    ],
)
def test_what_was_there_or_is_not_meant_is_allowed(rule: ConstraintRule, before: str, after: str) -> None:
    assert said(rule, before, after) == []


@pytest.mark.parametrize(
    ("rule", "before", "after", "expected"),
    [
        (ANY, "", "import json\n", "would import `json`"),
        (ANY, None, "from a.b import c\n", "would import `a.b`"),
        (ANY, "def f():\n    import json\n", "import json\n", "would import `json`"),
        (ANY, "", "try:\n    import ujson\nexcept ImportError: pass\n", "would import `ujson`"),
        (ANY, "", "from . import memo\n", "would import `.memo`"),
        (THREADS, "", "import concurrent.futures as f\n", "would import `concurrent.futures`"),
        (THREADS, "", "from concurrent import futures\n", "would import `concurrent`"),
        (NoNewImport(modules=("a.b",)), "from a import c\n", "from a import b, c\n", "would import `a.b`"),
        (THREADS, "", "m = importlib.import_module('threading')\n", "would import `threading`"),
        (THREADS, "", "class A:\n    t = __import__('threading')\n", "would import `threading`"),
        (STRICT, "", "def f():\n    import threading\n", "would import `threading` inside a function"),
        (QUIET, "", "POOL = Pool(5)\n", "would run at import: `POOL = Pool(5)`"),
        (QUIET, "", "class A:\n    cache = load()\n", "would run at import: `cache = load()`"),
        (QUIET, "", "@cached(60)\ndef f(): ...\n", "would run at import: `@cached(60)`"),
        (QUIET, "", "for x in range(3):\n    pass\n", "would run at import: `for x in range(3):`"),
        (QUIET, "f()\n", "f()\nf()\n", "would run at import: `f()`"),
        (QUIET, "", "NAMES = [n for n in db()]\n", "would run at import: `NAMES = [n for n in db()]`"),
        (NO_CACHE, "", "@functools.lru_cache(maxsize=None)\ndef f(): ...\n", "`@functools.lru_cache` on `f`"),
        (NO_CACHE, "", "class A:\n    @cached_property\n    def f(self): ...\n", "`@cached_property` on `f`"),
        (NO_CACHE, "", "KNOWN = {}\ndef f(k): KNOWN[k] = 1\n", "`KNOWN`, written by `f`"),
        (NO_CACHE, "", "KNOWN = dict()\ndef f(k): KNOWN.setdefault(k, 1)\n", "`KNOWN`, written by `f`"),
        (NO_CACHE, "", "def f(k):\n    global last\n    last = k\n", "the global `last`, written by `f`"),
        (NO_CACHE, "", "def f(k): cache.set('a', k, 60)\n", "`cache.set(…)`"),
        (FrozenFile(scope="app/**"), "a = 1\n", "a = 2\n", "is frozen and would change"),
        (FrozenFile(scope="spaces.py"), "a = 1\n", "a = 2\n", "is frozen and would change"),
    ],
)
def test_what_is_new_and_forbidden_is_named(
    rule: ConstraintRule, before: str | None, after: str, expected: str
) -> None:
    found = said(rule, before, after)
    assert len(found) == 1
    assert expected in found[0]


def test_a_violation_says_why_the_rule_is_there() -> None:
    constraint = Constraint(rule=THREADS, origin="learnt", because="gevent workers die of it")
    found = violations([Edited("a.py", b"", b"import threading\n")], [constraint])
    assert str(found[0]) == f"a.py: would import `threading` ({constraint.id}: gevent workers die of it)"


def test_another_file_is_not_held_to_a_scope() -> None:
    rule = NoNewImport(scope="app/**/*.py")
    assert said(rule, "", "import json\n", path="scripts/run.py") == []
    assert said(rule, "", "import json\n", path="app/run.py") != []
    assert said(rule, "", "import json\n", path="app/a/b/run.py") != []


def test_files_off_the_endpoints_way_may_remember() -> None:
    constraint = Constraint(rule=NO_CACHE, origin="user", because="prices change at any time")
    text = b"@cache\ndef f(): ...\n"
    assert violations([Edited("a.py", b"", text, frozenset({"GET /other"}))], [constraint]) == ()
    assert len(violations([Edited("a.py", b"", text, frozenset({"GET /spaces"}))], [constraint])) == 1


def test_the_same_rule_learnt_twice_is_one_constraint() -> None:
    first = Constraint(rule=THREADS, origin="learnt", because="a", change="C-1")
    second = Constraint(rule=THREADS, origin="user", because="b")
    assert first.id == second.id != Constraint(rule=ANY, origin="user", because="b").id


def test_what_has_expired_holds_no_more() -> None:
    constraint = Constraint(rule=ANY, origin="user", because="freeze", expires=date(2026, 1, 31))
    assert active([constraint], today=date(2026, 1, 31)) == (constraint,)
    assert active([constraint], today=date(2026, 2, 1)) == ()
