"""What an assistant reads holds no secret, and what it hands in has them back."""

from __future__ import annotations

from auditor.engine.assisting.edits import Edit
from auditor.engine.assisting.secrets import hide_settings, with_secrets, without_secrets
from auditor.llm.redaction.vault import Vault

SECRET = "s3cr3t-Pa55word-4711"
LINE = f'CONNECT = "{SECRET}"  # of the database\n'


def test_values_of_an_env_file_are_hidden_wherever_they_stand() -> None:
    vault = Vault()
    hide_settings(vault, {".env": f"DB_PASSWORD={SECRET}\n".encode(), "app.py": LINE.encode()})
    shown = without_secrets(vault, {"text": LINE, "places": [{"text": LINE}], "total": 1})
    assert SECRET not in str(shown)
    assert shown["total"] == 1
    word = str(shown["text"]).split('"')[1]
    (edit,) = with_secrets(
        vault, [Edit(file="app.py", search=str(shown["text"]), replace=f'USED = "{word}"\n')]
    )
    assert (edit.search, edit.replace) == (LINE, f'USED = "{SECRET}"\n')


def test_a_secret_goes_nowhere_else() -> None:
    vault = Vault()
    hide_settings(vault, {".env": f"DB_PASSWORD={SECRET}\n".encode()})
    word = str(without_secrets(vault, {"text": SECRET})["text"])
    for edit in (Edit(file="a.py", search="x", replace=word), Edit(file="b.py", create=word)):
        answer = with_secrets(vault, [edit])
        assert isinstance(answer, dict)
        assert "did not stand" in str(answer["problem"])


def test_text_without_secrets_stays_as_it_is() -> None:
    answer = {"text": "def f():\n    return 1\n", "n": None}
    assert without_secrets(Vault(), answer) == answer
