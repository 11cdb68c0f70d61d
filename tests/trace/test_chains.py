from collections.abc import Callable
from typing import Any

from auditor.trace.chains import chains

Traced = Callable[..., tuple[Any, Any]]

NESTED = """
import requests

def load(row):
    requests.get(row)

def each(rows):
    for row in rows:
        load(row)

def entry(rows):
    load(1)
    each(rows)
    each(rows)
"""


def test_a_place_is_listed_once_per_product_of_sizes(traced: Traced) -> None:
    trace, root = traced({"app.py": NESTED})
    found, complete = chains(trace.machine, root.summary, 100)
    assert complete
    assert [(c.sizes, [(f.name, line) for f, line in c.steps]) for c in found] == [
        ((), [("entry", 12), ("load", 5)]),
        (("rows",), [("entry", 13), ("each", 9), ("load", 5)]),
    ]


def test_a_list_that_is_cut_says_so_and_keeps_the_costliest(traced: Traced) -> None:
    trace, root = traced({"app.py": NESTED})
    found, complete = chains(trace.machine, root.summary, 1)
    assert not complete
    assert [c.sizes for c in found] == [("rows",)]


def test_nothing_below_a_root_is_an_empty_and_complete_list(traced: Traced) -> None:
    trace, root = traced({"app.py": "def entry():\n    return 1\n"})
    assert chains(trace.machine, root.summary, 10) == ([], True)


def test_deferred_and_remembered_hold_for_everything_below(traced: Traced) -> None:
    source = """
import asyncio, functools, requests, threading

def fetch():
    requests.get("http://x")

@functools.cache
def kept():
    fetch()

def entry():
    kept()
    asyncio.get_event_loop().call_later(1, fetch)
"""
    trace, root = traced({"app.py": source})
    found, _ = chains(trace.machine, root.summary, 10)
    assert {(c.remembered, c.deferred) for c in found} <= {(True, False), (False, True)}


def test_endless_recursion_through_many_functions_is_listed_once_each(traced: Traced) -> None:
    source = "import requests\n" + "".join(
        f"def f{n}(x):\n    requests.get({n})\n    for y in x:\n        f{(n + 1) % 30}(y)\n"
        for n in range(30)
    )
    trace, root = traced({"app.py": source}, "f0")
    found, complete = chains(trace.machine, root.summary, 100)
    assert complete
    assert {c.effect.site.line for c in found} == {2 + 4 * n + 1 for n in range(30)}
    assert len({(f, line) for c in found for f, line in c.steps[-1:]}) == 30
