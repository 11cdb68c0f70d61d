"""Proposals that somebody hands in as files: a person's, another tool's."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from auditor.measure.contract.declared import NOTHING_DECLARED, Declared
from auditor.model.effect import EffectKind
from auditor.model.fault import Fault
from auditor.model.patch import Patch
from auditor.trial.proposal import Proposal

MOST_BYTES: Final = 16 << 20


class GivenPatch(Patch):
    """A patch with what it alters besides costs, said by whoever made it."""

    declared: Declared = NOTHING_DECLARED
    may_touch: frozenset[Literal["migration", "seed"]] = frozenset()
    """Protected kinds of files that it can't do without: an index comes by way of these."""
    constant_rise: tuple[EffectKind, ...] = ()
    """Kinds of effects that may be one or two more where others become less, `sql` for the statement of a batch: it may then read a
    few rows more, too."""


def given_proposals(files: Iterable[Path], /) -> tuple[Proposal, ...]:
    """One for each file, named after it.

    Raises:
        Fault: a file can't be read, or holds no patch, or two have one name.
    """
    made: dict[str, Path] = {}
    for file in files:
        change = _change(file)
        if change in made:
            what = f"would be {change}, as {made[change]} is"
            raise Fault(what, where=str(file), hint="give the files names of their own")
        made[change] = file
    return tuple(_proposal(change, file) for change, file in made.items())


def _change(file: Path) -> str:
    """Of the characters that trees can be named by."""
    return "C-" + (re.sub(r"[^A-Za-z0-9_-]+", "-", file.stem).strip("-") or "patch")


def _proposal(change: str, file: Path) -> Proposal:
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise Fault(f"has more than {MOST_BYTES >> 20} MiB", where=str(file))
        given = GivenPatch.model_validate_json(content.removeprefix(BOM_UTF8))
    except OSError as error:
        raise Fault(f"can't be read: {error.strerror or error}", where=str(file)) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        said = ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
        raise Fault(f"is no patch: {said}", where=str(file)) from error
    patch = Patch(base_tree=given.base_tree, edits=given.edits)
    return Proposal(
        change=change,
        title=file.stem.replace("-", " "),
        patch=patch,
        allowed=patch.files,
        declared=given.declared,
        constant_rise=given.constant_rise,
        may_touch=frozenset[str](given.may_touch),
    )
