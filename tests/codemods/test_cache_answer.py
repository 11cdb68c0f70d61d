"""What `cache_answer` writes is fresh behind each write, for every worker: two of them share one cache here."""

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from flask import Flask, Response

from auditor.codemods.answer_versions import text_for
from auditor.codemods.shared_caches import SharedCache


class Shared:
    """Stands for the cache that the workers share."""

    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}
        self.is_down = False

    def get(self, key: str) -> Any:
        self._ask()
        return self.entries.get(key)

    def set(self, key: str, value: Any, timeout: float) -> None:
        self._ask()
        self.entries[key] = value

    def _ask(self) -> None:
        if self.is_down:
            raise ConnectionError("no cache")


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Shared:
    made = Shared()
    module = ModuleType("extensions")
    module.cache = made  # type: ignore[attr-defined]  # a module of the test
    monkeypatch.setitem(sys.modules, "extensions", module)
    return made


def worker(view: Callable[[], Any]) -> SimpleNamespace:
    """One process that serves the view, with a module of its own."""
    names: dict[str, Any] = {"__name__": "kept_answers"}
    exec(compile(text_for("flask", SharedCache("extensions", "cache")), "kept_answers.py", "exec"), names)
    app = Flask("shop")
    app.get("/shelves")(names["kept"]("shelves")(view))
    return SimpleNamespace(client=app.test_client(), forget=lambda: names["forget"]("shelves"))


def test_a_write_by_one_worker_is_seen_by_the_other(shared: Shared) -> None:
    rows, asked = ["A"], []

    def view() -> dict[str, Any]:
        asked.append(1)
        return {"rows": list(rows)}

    one, other = worker(view), worker(view)
    first = one.client.get("/shelves?page=1")
    again = other.client.get("/shelves?page=1")
    assert (first.data, first.headers.to_wsgi_list()) == (again.data, again.headers.to_wsgi_list())
    assert len(asked) == 1
    assert other.client.get("/shelves?page=2").json == {"rows": ["A"]}
    assert len(asked) == 2
    rows.append("B")
    other.forget()
    assert one.client.get("/shelves?page=1").json == {"rows": ["A", "B"]}


def test_what_was_made_of_the_old_rows_meanwhile_is_not_kept(shared: Shared) -> None:
    rows = ["A"]
    writes: list[Callable[[], None]] = []

    def view() -> dict[str, Any]:
        read = list(rows)
        while writes:
            writes.pop()()
        return {"rows": read}

    one, other = worker(view), worker(view)
    writes.append(lambda: (rows.append("B"), other.forget())[0])
    assert one.client.get("/shelves").json == {"rows": ["A"]}
    assert one.client.get("/shelves").json == {"rows": ["A", "B"]}


def test_errors_and_cookies_are_not_kept(shared: Shared) -> None:
    answers: list[Any] = [
        ({"error": 1}, 503),
        Response("mine", headers={"Set-Cookie": "a=1"}),
        "for all",
        "later",
    ]
    one = worker(lambda: answers.pop(0))
    got = [one.client.get("/shelves") for _ in range(4)]
    assert [answer.status_code for answer in got] == [503, 200, 200, 200]
    assert [answer.text for answer in got[1:]] == ["mine", "for all", "for all"]


def test_without_the_cache_it_is_answered_and_written_as_before(shared: Shared) -> None:
    one = worker(lambda: "answer")
    shared.is_down = True
    assert one.client.get("/shelves").text == "answer"
    one.forget()
