"""What a change takes away that was there for a bad day: look-alikes first."""

import pytest

from auditor.trial.constraints.edited import Edited
from auditor.trial.loosened import loosened

CALL = """\
def send(body, options):
    known = options.get("known")
    return requests.get(URL, json=body, timeout=5)
"""


def told(before: str, after: str) -> list[str]:
    return list(loosened(Edited("a.py", before.encode(), after.encode())))


@pytest.mark.parametrize(
    "after",
    [
        CALL.replace("timeout=5", "timeout=LIMIT"),
        CALL.replace("requests.get(URL, json=body, timeout=5)", "fetched(body)"),
        CALL.replace("return requests", "options.get('other')\n    return requests"),
        CALL.replace("json=body, timeout=5", "**options"),
        CALL.replace("requests.get(URL, json=body, timeout=5)", "CLIENT.get(URL, json=body)")
        + "\nCLIENT = Client(timeout=5)\n",
        "def send(body, options):\n    return options.get('known')\n",
        CALL.replace("def send", "def hand_over"),
    ],
)
def test_a_limit_that_is_there_still_or_a_call_that_is_gone_is_no_loss(after: str) -> None:
    assert told(CALL, after) == []


def test_no_limit_is_none_and_a_new_file_has_lost_nothing() -> None:
    before = CALL.replace("timeout=5", "timeout=None, verify=False")
    assert told(before, before.replace(", timeout=None, verify=False", "")) == []
    assert loosened(Edited("a.py", None, CALL.replace(", timeout=5", "").encode())) == ()


def test_how_long_an_answer_is_kept_is_no_such_limit() -> None:
    before = "@memoize(timeout=60)\ndef read():\n    return Row.all()\n"
    assert told(before, before.replace("timeout=60", "")) == []


@pytest.mark.parametrize(
    ("limit", "old", "new"),
    [
        ("timeout", "requests.get(URL, timeout=5)", "SESSION.get(URL)"),
        ("max_age", "signer.loads(text, max_age=60)", "signer.loads(text)"),
        ("verify", "requests.get(URL, verify=True)", "requests.get(URL)"),
        ("verify", "requests.get(URL, verify=BUNDLE)", "requests.get(URL, verify=False)"),
    ],
)
def test_a_call_that_goes_without_its_limit_is_told(limit: str, old: str, new: str) -> None:
    name = new.partition("(")[0].rpartition(".")[2]
    before = f"class Client:\n    def send(self, text):\n        return {old}\n"
    assert told(before, before.replace(old, new)) == [
        f"`Client.send` calls `{name}` without the `{limit}` that it had"
    ]


PREPARED = 'def prepare(cursor):\n    """No synchronous = OFF here."""\n    cursor.execute("PRAGMA journal_mode=WAL")\n    cursor.execute("PRAGMA foreign_keys=ON")\n'


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA cache_size=-64000",
        "PRAGMA temp_store=MEMORY",
        "PRAGMA synchronous=FULL",
        "SET synchronous_commit = on",
    ],
)
def test_settings_that_keep_every_promise_pass(statement: str) -> None:
    assert told(PREPARED, PREPARED + f'    cursor.execute("{statement}")\n') == []


def test_what_the_database_was_told_before_is_no_news() -> None:
    before = PREPARED.replace("journal_mode=WAL", "synchronous=OFF")
    assert told(before, before + '    cursor.execute("PRAGMA cache_size=1")\n') == []


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA synchronous=OFF",
        "SET synchronous_commit TO off",
        "PRAGMA journal_mode = MEMORY",
        "SET session_replication_role = replica",
        "ALTER TABLE orders DISABLE TRIGGER ALL",
        "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED",
        "SET foreign_key_checks = 0",
        "ALTER TABLE orders SET UNLOGGED",
    ],
)
def test_what_makes_a_database_keep_less_than_it_promises_is_told(statement: str) -> None:
    assert len(told(PREPARED, PREPARED + f'    cursor.execute("{statement}")\n')) == 1


def test_foreign_keys_that_are_held_no_longer_are_told() -> None:
    assert told(PREPARED, PREPARED.replace('    cursor.execute("PRAGMA foreign_keys=ON")\n', "")) == [
        "no longer tells the database to hold foreign keys"
    ]
