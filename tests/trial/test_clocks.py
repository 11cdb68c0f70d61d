"""Clocks that a change stops: look-alikes first."""

import pytest

from auditor.trial.clocks import frozen_clocks
from auditor.trial.constraints.edited import Edited

BEFORE = """\
import time
from datetime import date, datetime


def as_day(text):
    if not text:
        return date.today()
    return date.fromisoformat(text)


def read(token):
    return signer.loads(token, max_age=60)


def good(token):
    return by_whom(token)


def by_whom(token):
    return jwt.decode(token, KEY)


def plain(text):
    began = time.time()
    return text, time.time() - began
"""


def told(after: str) -> list[str]:
    return [one.text for one in frozen_clocks([Edited("a.py", BEFORE.encode(), after.encode())])]


def memo(name: str, decorator: str = "@lru_cache(maxsize=100)") -> str:
    return BEFORE.replace(f"def {name}(", f"{decorator}\ndef {name}(")


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        memo("plain"),
        memo("as_day", "@cached(ttl=60)"),
        memo("as_day", "@retry"),
        BEFORE.replace("def as_day(text):", "def as_day(text, today=date.today):"),
        BEFORE.replace("def as_day(text):", "def as_day(text, today=None):\n    today = today or date.today()"),
        BEFORE + "\n\nclass Row:\n    at = Column(default=datetime.utcnow)\n    day = field(default_factory=lambda: date.today())\n",
        BEFORE + "\n\nSTARTED = time.time()\n",
        BEFORE + '\n\nif __name__ == "__main__":\n    print(date.today())\n',
    ],
)  # fmt: skip
def test_a_clock_that_is_read_each_time_or_forgotten_in_time_goes_on(after: str) -> None:
    assert told(after) == []


def test_a_clock_that_stood_still_before_is_not_the_changes() -> None:
    before = "from datetime import date\n\nTODAY = date.today()\n"
    file = Edited("a.py", before.encode(), (before + "\n\ndef f():\n    return TODAY\n").encode())
    assert frozen_clocks([file]) == ()


@pytest.mark.parametrize(
    ("after", "text"),
    [
        (BEFORE.replace("def as_day(text):", "def as_day(text, today=date.today()):"), "`date.today()` of the defaults of `as_day`"),
        (BEFORE.replace("def as_day(text):", "def as_day(text, *, now=datetime.now()):"), "`datetime.now()` of the defaults of `as_day`"),
        (BEFORE + "\n\nTODAY = date.today()\n", "`date.today()` of the module"),
        (BEFORE + "\n\nclass Row:\n    at = Column(default=datetime.utcnow())\n", "`datetime.utcnow()` of the class `Row`"),
        (memo("as_day"), "`@lru_cache` on `as_day`, which the clock decides in `as_day`"),
        (memo("read"), "`@lru_cache` on `read`, which the clock decides in `read`"),
        (memo("good"), "`@lru_cache` on `good`, which the clock decides in `by_whom`"),
    ],
)  # fmt: skip
def test_a_clock_that_a_change_stops_is_told(after: str, text: str) -> None:
    assert told(after) == [text]


def test_a_dictionary_that_keeps_what_the_clock_decides_is_told() -> None:
    after = BEFORE.replace(
        "def good(token):\n    return by_whom(token)\n",
        "SEEN = {}\n\n\ndef good(token):\n    if token not in SEEN:\n        SEEN[token] = by_whom(token)\n    return SEEN[token]\n",
    )
    assert told(after) == ["`SEEN`, written by `good`, which the clock decides in `by_whom`"]
