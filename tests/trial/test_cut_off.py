"""Ends of lists that a change brings of itself: look-alikes first."""

import pytest

from auditor.trial.constraints.edited import Edited
from auditor.trial.cut_off import cut_off

BEFORE = """\
PAGE = 50


def latest(session, number):
    rows = session.query(Row).order_by(Row.id).all()
    return rows[:PAGE]
"""


def told(after: str, *others: tuple[str, str]) -> list[str]:
    files = [Edited("a.py", BEFORE.encode(), after.encode())]
    files += [Edited(f"{at}.py", was.encode(), now.encode()) for at, (was, now) in enumerate(others)]
    return [one.text for one in cut_off(files)]


def of(body: str) -> str:
    return "".join(
        ["PAGE = 50\n\n\ndef latest(session, number):\n", *(f"    {line}\n" for line in body.splitlines())]
    )


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        of("return session.query(Row).order_by(Row.id).limit(PAGE).all()"),
        of("return session.query(Row).order_by(Row.id).limit(50).all()"),
        of("return session.query(Row).limit(number).all()"),
        of("return session.query(Row).limit(1).all()"),
        of("return session.query(Row).limit(2).all()"),
        of("return session.query(Row).limit(number + 1).all()"),
        of('return session.execute("SELECT id FROM rows LIMIT 1")'),
        of("last = 0\nwhile True:\n    rows = session.query(Row).where(Row.id > last).limit(500).all()\n    last = rows[-1].id"),
        of("for at in range(0, number, 500):\n    ask(ids[at : at + 500])"),
        of("return sha(text).hexdigest()[:16]"),
        of("return sha(text[:500].encode())"),
        of("return text[100:]"),
        of("while more(session):\n    pass") + "\n\ndef more(session):\n    return session.query(Row).limit(500).all()\n",
    ],
)  # fmt: skip
def test_pages_parts_and_limits_that_were_said_before_are_no_new_ends(after: str) -> None:
    assert told(after) == []


def test_a_number_of_another_changed_file_was_said_before() -> None:
    assert told(of("return session.query(Row).limit(200).all()"), ("SHOWN = 200\n", "")) == []


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ("return session.query(Row).limit(2000).all()", 2000),
        ("return session.query(Row).all()[:1000]", 1000),
        ('return session.execute("SELECT id FROM rows\\n LIMIT 300")', 300),
        ("return list(islice(session.query(Row), 1000))", 1000),
        ("for row in session.query(Row).limit(5000):\n    print(row)", 5000),
    ],
)
def test_an_end_that_nothing_said_before_is_told(body: str, number: int) -> None:
    assert told(of(body)) == [f"`latest` keeps {number} at most, and nothing said so before"]


def test_an_end_with_a_name_is_told() -> None:
    after = of("return session.query(Row).limit(MOST).all()").replace("PAGE = 50", "PAGE = 50\nMOST = 9000")
    assert told(after) == ["`latest` keeps 9000 at most, and nothing said so before"]
