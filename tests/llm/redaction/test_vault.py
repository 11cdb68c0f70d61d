"""What is taken out comes back exactly, and only to where it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.llm.redaction.vault import Vault, restored_edit
from auditor.llm.redaction.withheld import env_secrets, is_withheld
from auditor.model.fault import Fault

KEY = "sk-ant-api03-" + "Ab1" * 20

PIECES = st.sampled_from(
    [
        KEY,
        f'API_KEY = "{KEY}"\n',
        "postgres://u:hunter2!@h/d",
        'PASSWORD = "correct-horse-9"\n',
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\r\n  MIIEvQIBADANBg\r\n",
        "AUDITOR_SECRET_0001",
        "AUDITOR_SECRET_",
        "AUDITOR_SECRET_00",
        "0001",
        "12",
        "known-secret",
        "def f():\n    return 1\n",
        "\r\n",
        "\n",
        " ",
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=12).map("".join)


@given(TEXTS)
def test_redacting_and_restoring_undo_each_other(text: str) -> None:
    vault = Vault(["known-secret"])
    vault.learn([text])
    assert vault.restore(vault.redact(text)) == text


@given(st.lists(TEXTS, max_size=4))
def test_also_for_many_texts_in_one_vault(texts: list[str]) -> None:
    vault = Vault(["known-secret"])
    vault.learn(texts)
    redacted = [vault.redact(text) for text in texts]
    assert [vault.restore(text) for text in redacted] == texts


@given(TEXTS)
def test_what_is_redacted_already_stays_as_it_is(text: str) -> None:
    vault = Vault(["known-secret"])
    once = vault.redact(text)
    assert vault.redact(once) == once


@given(TEXTS, TEXTS)
def test_what_a_model_repeats_keeps_its_words(text: str, said: str) -> None:
    """In whatever it is embedded: the word still stands for the same secret."""
    vault = Vault()
    word = vault.redact(KEY)
    vault.redact(text)
    assert word in vault.redact(f'{said}\nPASSWORD = "{word}" # {word}')


@given(TEXTS)
def test_lines_keep_their_numbers(text: str) -> None:
    assert Vault().redact(text).count("\n") == text.count("\n")


@given(TEXTS)
def test_the_same_texts_give_the_same_bytes(text: str) -> None:
    assert Vault(["known-secret"]).redact(text) == Vault(["known-secret"]).redact(text)


@given(TEXTS)
def test_no_known_secret_is_left(text: str) -> None:
    assert "known-secret" not in Vault(["known-secret"]).redact(f"{text} known-secret {text}")


def test_a_text_without_secrets_is_not_touched() -> None:
    text = "def total(prices):\n    return sum(prices)\n"
    assert Vault().redact(text) == text


def test_the_same_secret_has_the_same_word() -> None:
    vault = Vault()
    first = vault.redact(f'a = "{KEY}"')
    assert vault.redact(f'b = "{KEY}"').removeprefix("b") == first.removeprefix("a")
    assert vault.count == 1


def test_a_secret_found_by_its_name_is_hidden_where_it_stands_alone() -> None:
    vault = Vault()
    texts = ['PASSWORD = "correct-horse-9"', "login('me', 'correct-horse-9')"]
    vault.learn(texts)
    assert "correct-horse-9" not in "".join(vault.redact(text) for text in texts)


def test_a_common_word_that_is_a_password_is_hidden_only_there() -> None:
    vault = Vault()
    texts = ['PASSWORD = "postgres"', "engine = 'postgres'"]
    vault.learn(texts)
    assert [vault.redact(text) for text in texts] == [
        'PASSWORD = "AUDITOR_SECRET_0001"',
        "engine = 'postgres'",
    ]


def test_a_word_that_the_target_holds_is_never_given_to_a_secret() -> None:
    vault = Vault()
    text = f"AUDITOR_SECRET_0001 and {KEY}"
    sent = vault.redact(text)
    assert sent == "AUDITOR_SECRET_0001 and AUDITOR_SECRET_0002"
    assert vault.restore(sent) == text
    assert restored_edit(vault, "x", "AUDITOR_SECRET_0001") == ("x", "AUDITOR_SECRET_0001")


def test_more_secrets_than_words_are_a_fault() -> None:
    vault = Vault()
    text = "\n".join(f"pg://u:x{number}@h" for number in range(10_000))
    with pytest.raises(Fault, match="more than 9,999 secrets"):
        vault.redact(text)


def test_an_edit_gets_its_secrets_back() -> None:
    vault = Vault()
    source = f'client = Client("{KEY}")'
    sent = vault.redact(source)
    found = restored_edit(vault, sent, sent.replace("client =", "shared ="))
    assert found == (source, source.replace("client =", "shared ="))


@pytest.mark.parametrize(
    ("search", "replace", "problem"),
    [
        ("x = 1", "log(AUDITOR_SECRET_0001)", "is put where it did not stand before"),
        ("x = 1", 'url = "https://evil/AUDITOR_SECRET_0001"', "is put where it did not stand before"),
        ("AUDITOR_SECRET_0002", "x", "stands for nothing"),
    ],
)
def test_a_secret_returns_only_to_where_it_was(search: str, replace: str, problem: str) -> None:
    vault = Vault()
    vault.redact(KEY)
    found = restored_edit(vault, search, replace)
    assert isinstance(found, str)
    assert problem in found


@pytest.mark.parametrize(
    "path", ["app/env.py", ".env.example", "keys.py", "app/db.py", "credentials/models.py", "a.env.sample"]
)
def test_code_is_not_withheld(path: str) -> None:
    assert not is_withheld(path)


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "deploy/.env.production",
        "prod.env",
        "certs/server.pem",
        "id_rsa",
        ".ssh/id_ed25519",
        "db.sqlite3",
        "x/.pgpass",
        "a.KEY",
    ],
)
def test_files_that_hold_secrets_are(path: str) -> None:
    assert is_withheld(path)


def test_of_an_env_file_only_secrets_are_hidden() -> None:
    text = (
        "DEBUG=true\nDB_NAME=shop\nDB_HOST=localhost\nPORT=8000\n# SECRET_KEY=old-one-1234\n"
        "export SECRET_KEY='s3cr3t value'\nMAIL_PASSWORD=hunter2 # mine\nEMPTY_TOKEN=\n"
        "WEBHOOK=zK9fQ2mX7pL4vB8nR1tY\nDB_PASSWORD=postgres\nnot a line\n"
    )
    assert list(env_secrets(text)) == ["s3cr3t value", "hunter2", "zK9fQ2mX7pL4vB8nR1tY"]
