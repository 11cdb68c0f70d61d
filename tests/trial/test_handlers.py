"""Which handlers of errors a patch alters."""

import pytest

from auditor.trial.constraints.edited import Edited
from auditor.trial.handlers import altered_handlers

BEFORE = """
import app, Busy, log

@app.errorhandler(Busy)
def busy(error):
    log(error)
    return "busy", 503

def read(key):
    try:
        return STORE[key]
    except KeyError:
        return None

def other(error):
    return "other", 500

class Middleware:
    def process_exception(self, request, error):
        return None

app.register_error_handler(500, other)
"""


def altered(before: str, after: str) -> list[list[int]]:
    file = Edited("app.py", before.encode(), after.encode())
    return [sorted(lines) for lines in altered_handlers(file)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("STORE[key]", "SHELF[key]"),
        ("    try:\n        return STORE[key]\n", "    key = key.strip()\n    try:\n        return STORE[key]\n"),
        (
            "    try:\n        return STORE[key]\n    except KeyError:\n        return None\n",
            "    with lock:\n        try:\n            return STORE[key]\n        except KeyError:\n            return None\n",
        ),
        ("    return None\n\ndef other", "    return None  # not there\n\ndef other"),
        ("def read(key):\n", "def read_all(key):\n    try:\n        key()\n    except OSError:\n        raise\n\ndef read(key):\n"),
    ],
)  # fmt: skip
def test_what_leaves_the_handlers_as_they_are(old: str, new: str) -> None:
    assert BEFORE.count(old) == 1
    assert altered(BEFORE, BEFORE.replace(old, new)) == []


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ('return "busy", 503', 'return "nothing"', [[6, 7]]),
        ("        return None\n\ndef other", "        return 0\n\ndef other", [[13]]),
        ('return "other", 500', 'return "other"', [[16]]),
        ("        return None\n\napp.", "        return error\n\napp.", [[20]]),
    ],
)
def test_what_does_something_else_when_it_goes_wrong(old: str, new: str, lines: list[list[int]]) -> None:
    assert BEFORE.count(old) == 1
    assert altered(BEFORE, BEFORE.replace(old, new)) == lines


@pytest.mark.parametrize(
    "caught",
    [
        "    try:\n        other(error)\n    except OSError:\n        pass\n    log(error)\n",
        "    try:\n        log(error)\n    except OSError:\n        raise Busy from None\n",
        "    try:\n        log(error)\n    except KeyError:\n        pass\n",
        "    try:\n        log(error)\n    except Row.DoesNotExist:\n        return None\n",
        "    try:\n        log(error)\n    except (KeyError, NoResultFound):\n        return None\n",
        "    try:\n        log(error)\n    finally:\n        close()\n",
    ],
)
def test_a_new_handler_alters_none_around_what_is_new_or_looked_up_or_where_it_raises(caught: str) -> None:
    assert altered("def f(error):\n    log(error)\n", f"def f(error):\n{caught}") == []


def test_a_call_that_was_caught_before_is_no_news() -> None:
    before = "def f(error):\n    try:\n        log(error)\n    except OSError:\n        pass\n"
    assert (
        altered(before, before.replace("    try:", "    error()\n    try:").replace("OSError", "Busy")) == []
    )


@pytest.mark.parametrize("kind", [" OSError", " Exception", "", " (KeyError, requests.RequestException)"])
def test_a_new_handler_that_goes_on_after_what_went_to_the_caller_is_told(kind: str) -> None:
    caught = f"    try:\n        log(error)\n    except{kind}:\n        pass\n"
    assert altered("def f(error):\n    log(error)\n", f"def f(error):\n{caught}") == [[5]]


def test_a_new_file_alters_none() -> None:
    caught = "    try:\n        log(error)\n    except OSError:\n        pass\n"
    assert altered_handlers(Edited("new.py", None, f"def f(error):\n{caught}".encode())) == []
    assert altered_handlers(Edited("a.txt", b"except", b"except:")) == []


def test_of_two_alike_the_one_that_changed_is_told() -> None:
    each = "    try:\n        {}()\n    except OSError:\n        return {}\n"
    before = "def f():\n" + each.format("a", 1) + each.format("b", 2)
    after = "def f():\n" + each.format("a", 1) + each.format("b", 3)
    assert altered(before, after) == [[9]]
