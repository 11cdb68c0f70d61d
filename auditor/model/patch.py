"""A patch: the only form in which a change of the target's code exists, whoever wrote it."""

from typing import Annotated, Final, Literal

from pydantic import Field

from auditor.model.value import Value

MAX_EDITS: Final = 200
MAX_TEXT: Final = 1 << 20
"""Characters of one search, replacement or new file."""


class Replace(Value):
    """In `file`, whose content has the hash `sha256`, the one place that reads `search` becomes `replace`."""

    file: str
    """Relative to the tree, `/`-separated."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the whole file's bytes before the patch: an edit of something else is an edit of nothing."""
    search: str = Field(min_length=1, max_length=MAX_TEXT)
    """Matches exactly once in the file as it was before the patch."""
    replace: str = Field(max_length=MAX_TEXT)


class Create(Value):
    """`file`, which must not exist or be empty, is made with this text."""

    file: str
    create: str = Field(max_length=MAX_TEXT)


Edit = Annotated[Replace | Create, Field(union_mode="smart")]


class Patch(Value):
    """Edits that belong together. None may overlap another; their order means nothing."""

    schema_id: Literal["auditor/patch@1"] = Field(default="auditor/patch@1", alias="schema")
    base_tree: str = Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})?$")
    """The id of the git tree that it was made for; empty where nobody knows it (files are still compared)."""
    edits: tuple[Edit, ...] = Field(min_length=1, max_length=MAX_EDITS)

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that it touches, sorted."""
        return tuple(sorted({edit.file for edit in self.edits}))
