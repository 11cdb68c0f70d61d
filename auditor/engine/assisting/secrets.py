"""Secrets stay here: words stand for them in what an assistant reads, and come back in what it hands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from auditor.engine.assisting.answer import Answer, problem
from auditor.engine.assisting.edits import Edit
from auditor.llm.redaction.vault import Vault, restored_edit
from auditor.llm.redaction.withheld import env_secrets
from auditor.repo.decode import decode
from auditor.repo.errors import Undecodable


def hide_settings(vault: Vault, contents: Mapping[str, bytes], /) -> None:
    """From now on the values of the tree's `.env` files are hidden wherever they stand."""
    for path, content in contents.items():
        if path.rpartition("/")[2].startswith(".env"):
            try:
                vault.hide(env_secrets(decode(content).text))
            except Undecodable:
                continue


def without_secrets(vault: Vault, answer: Answer, /) -> Answer:
    """The answer with a word in the place of each secret; `verify_patch` takes the words back."""
    return {name: _redacted(vault, value) for name, value in answer.items()}


def _redacted(vault: Vault, value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return vault.redact(value)
    if isinstance(value, list):
        return [_redacted(vault, one) for one in value]
    if isinstance(value, dict):
        return {name: _redacted(vault, one) for name, one in value.items()}
    return value


def with_secrets(vault: Vault, edits: Sequence[Edit], /) -> list[Edit] | Answer:
    """The edits with their secrets back where they stood; a secret that would go anywhere else is a problem."""
    restored: list[Edit] = []
    for number, edit in enumerate(edits, start=1):
        if edit.create is not None:
            found = restored_edit(vault, "", edit.create)
        else:
            found = restored_edit(vault, edit.search, edit.replace)
        if isinstance(found, str):
            return problem(f"edit {number}: {found}", "leave the words that stand for secrets where they are")
        search, replace = found
        changed = {"create": replace} if edit.create is not None else {"search": search, "replace": replace}
        restored.append(edit.model_copy(update=changed))
    return restored
