"""What is remembered for ever: look-alikes first."""

import pytest

from auditor.measure.request import Request
from auditor.trial.constraints.edited import Edited
from auditor.trial.reach import Reached
from auditor.trial.remembering import shared, unforgotten

BEFORE = """\
import time


class Views:
    rows = []

    def one(self, key):
        return Row.get(key)


def find(key):
    return Row.get(key)


def plain(text):
    return text.strip()
"""
READ = {"a.py": frozenset({8, 12})}


def told(after: str, *, before: str = BEFORE) -> list[str]:
    usual = Reached(
        request=Request(id="r", path="/"),
        status=200,
        frames=READ,
        lines={},
        outer=frozenset(),
        ms=1.0,
        acts=False,
    )
    files = [Edited(path="a.py", before=before.encode(), after=after.encode())]
    return [one.text for one in unforgotten(files, {"r": usual}, {})]


FIND = "def find(key):\n    return Row.get(key)\n"


def find(body: str, *, head: str = "") -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return BEFORE.replace(FIND, f"{head}def find(key):\n{lines}")


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        find("return Row.get(key=key)"),
        BEFORE.replace("def plain", "@lru_cache\ndef plain"),
        find("seen = {}\nseen[key] = Row.get(key)\nreturn seen[key]"),
        find("return Row.get(key)", head="@cached_property\n"),
        find("return Row.get(key)", head="@cached(seconds=300)\n"),
        find("return Row.get(key)", head="@retry\n"),
        find("if key not in SEEN:\n    SEEN[key] = time.monotonic(), Row.get(key)\nreturn SEEN[key][1]", head="SEEN = {}\n"),
        find("if key not in SEEN:\n    SEEN[key] = Row.get(key)\nreturn SEEN[key]", head="SEEN = {}\ndef wrote(key):\n    SEEN.clear()\n"),
        find("key.kept = Row.get(key)\nreturn key.kept"),
        find("return cache.get_or_set(key, lambda: Row.get(key))"),
        find("return cache.get_or_set(key, lambda: Row.get(key), 300)"),
        find("session.add(Row.get(key))", head="session = scoped_session(maker)\n"),
        find("session.add(Row.get(key))", head="from db import session\n"),
        find("HTTP.headers.update(Row.get(key))", head="HTTP = Session()\n"),
        find("return NAMES.get(Row.get(key))", head="NAMES = {'a': 1}\n"),
        BEFORE.replace("return Row.get(key)\n\n\ndef find", "self.row = Row.get(key)\n        return self.row\n\n\ndef find"),
    ],
)  # fmt: skip
def test_what_ends_with_a_request_or_in_time_or_reads_nothing_is_no_such_memory(after: str) -> None:
    assert told(after) == []


def test_what_was_remembered_before_is_not_the_change_s() -> None:
    before = find("return Row.get(key)", head="@lru_cache\n")
    assert told(before.replace("Row.get(key)", "Row.get(key=key)"), before=before) == []


@pytest.mark.parametrize(
    ("after", "text"),
    [
        (find("return Row.get(key)", head="@lru_cache\n"), "`@lru_cache` on `find`"),
        (
            find(
                "Shelf.row = Shelf.row or Row.get(key)\nreturn Shelf.row",
                head="class Shelf:\n    row = None\n\n\n",
            ),
            "`Shelf.*`, written by `find`",
        ),
        (
            find("Shelf.row = Row.get(key)\nreturn Shelf.row", head="from shelves import Shelf\n"),
            "`Shelf.*`, written by `find`",
        ),
        (
            BEFORE.replace(
                "        return Row.get(key)\n\n\ndef find",
                "        type(self).row = Row.get(key)\n        return self.row\n\n\ndef find",
            ),
            "`type(self).*`, written by `Views.one`",
        ),
        (
            BEFORE.replace(
                "        return Row.get(key)\n\n\ndef find",
                "        self.__class__.row = Row.get(key)\n        return self.row\n\n\ndef find",
            ),
            "`self.__class__`, written by `Views.one`",
        ),
        (find("return Row.get(key)", head="@functools.cache\n"), "`@functools.cache` on `find`"),
        (
            find("if key not in SEEN:\n    SEEN[key] = Row.get(key)\nreturn SEEN[key]", head="SEEN = {}\n"),
            "`SEEN`, written by `find`",
        ),
        (
            find("global ROW\nROW = ROW or Row.get(key)\nreturn ROW", head="ROW = None\n"),
            "the global `ROW`, written by `find`",
        ),
        (
            find("return SEEN.setdefault(key, Row.get(key))", head="from kept import SEEN\n"),
            "`SEEN`, written by `find`",
        ),
        (
            find("current_app.extensions['rows'] = Row.get(key)"),
            "`current_app.extensions`, written by `find`",
        ),
        (
            find("request.app.state.rows = Row.get(key)"),
            "`request.app.state`, written by `find`",
        ),
        (
            find("find.kept = Row.get(key)\nreturn find.kept"),
            "`find.*`, written by `find`",
        ),
        (
            find("kept[key] = Row.get(key)\nreturn kept[key]").replace(
                "def find(key)", "def find(key, kept={})"
            ),
            "the default of `kept`, written by `find`",
        ),
        (
            find("return cache.get_or_set(key, lambda: Row.get(key), timeout=None)"),
            "`cache.get_or_set` without a time, by `find`",
        ),
        (
            BEFORE.replace("    rows = []", "    rows = []\n    _kept = {}").replace(
                "        return Row", "        self._kept[key] = Row"
            ),
            "`self._kept`, written by `Views.one`",
        ),
    ],
)
def test_what_is_remembered_for_ever(after: str, text: str) -> None:
    assert told(after) == [text]


PAGE = """\
from django.core.cache import cache
PAGES = {}


def page(request):
    user = request.user
    return {"name": user.name}


def prices(request):
    return {"prices": Price.all()}
"""


def told_of_sharing(body: str, *, of: str = "page") -> list[str]:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    old = PAGE[PAGE.index(f"def {of}") :].split("\n\n\n", maxsplit=1)[0]
    after = PAGE.replace(old, f"def {of}(request):\n{lines}")
    return [one.text for one in shared([Edited(path="a.py", before=PAGE.encode(), after=after.encode())])]


@pytest.mark.parametrize(
    ("of", "body"),
    [
        ("prices", "return cache.get_or_set('prices', lambda: Price.all(), 60)"),
        ("prices", "PAGES['prices'] = Price.all()\nreturn PAGES['prices']"),
        ("page", "user = request.user\nreturn cache.get_or_set(f'page-{user.pk}', lambda: user.name, 60)"),
        ("page", "key = f'page-{request.user.pk}'\ncache.set(key, request.user.name, 60)\nreturn key"),
        (
            "page",
            "where = ('page', request.session.session_key)\nkey = str(where)\nPAGES[key] = request.user.name",
        ),
        ("page", "local = {}\nlocal['page'] = request.user.name\nreturn local"),
        ("page", "if request.user.is_active:\n    cache.set('prices', Price.all(), 60)"),
        ("page", "row = cache.get('prices')\nreturn {'name': request.user.name, 'prices': row}"),
        ("page", "PAGES[request.user.role] = menu(request.user.role)"),
        ("page", "user = request.user\nPAGES[user.role, user.lang] = menu(user.role)"),
        ("page", "PAGES[request.user.role, request.user.pk] = menu(request.user)"),
        ("page", "user = request.user\nPAGES[user.role] = Price.of(user.role)"),
        ("page", "PAGES[request.user] = menu(request.user)"),
        ("page", "PAGES[request.user.organizer_id] = menu(request.user)"),
        ("page", "role = request.user.role\nPAGES[role] = Price.all()"),
    ],
)
def test_what_is_kept_for_each_or_is_of_nobody_is_not_shared(of: str, body: str) -> None:
    assert told_of_sharing(body, of=of) == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("found = request.user.name\ncache.set('page', found, 60)\nreturn found", "`cache` by `'page'`"),
        ("PAGES[request.path] = g.student.name\nreturn PAGES", "`PAGES` by `request.path`"),
        ("key = 'page'\nreturn PAGES.setdefault(key, current_user.name)", "`PAGES` by `key`"),
        ("role = request.user.role\nPAGES[role] = Row.seen_by(request.user)", "`PAGES` by `role`"),
        ("user = request.user\nPAGES[user.is_staff] = Row.of(user.pk)", "`PAGES` by `user.is_staff`"),
    ],
)
def test_what_one_is_answered_is_not_kept_for_all(body: str, text: str) -> None:
    (said,) = told_of_sharing(body)
    assert said == f"what `page` answers to one who asks, kept in {text}"


OVERFULL = "if len(_known) > 500:\n    _known.clear()\nif key not in _known:\n    _known[key] = Row.get(key)\nreturn _known[key]"


def test_what_is_thrown_away_when_too_much_is_kept_is_kept_for_ever() -> None:
    assert told(find(OVERFULL, head="_known = {}\n\n\n"))
    cleared = OVERFULL + "\n\n\ndef saved():\n    _known.clear()\n"
    assert not told(find(cleared, head="_known = {}\n\n\n"))
    assert not told(find(OVERFULL.replace("len(_known) > 500", "is_stale()"), head="_known = {}\n\n\n"))
