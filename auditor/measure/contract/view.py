"""A request's answer and deeds as one tree, and how its places are called."""

from collections.abc import Mapping
from typing import Final

from auditor.measure.contract.body import body_tree
from auditor.measure.contract.deeds import deeds_tree
from auditor.measure.contract.difference import Part
from auditor.measure.contract.headers import headers_tree
from auditor.measure.contract.recording import Heard, Recording
from auditor.measure.contract.row_changes import changes_tree
from auditor.measure.contract.tree import Tree

FORM: Final = "$.body.as"
"""Where a view says what the body was taken for."""
_PARTS: Final[tuple[tuple[str, Part, str], ...]] = (
    ("$.headers.", "headers", ""),
    ("$.headers", "headers", "$"),
    ("$.body.content", "body", "$"),
    ("$.effects.", "effects", ""),
    ("$.quiet.", "effects", ""),
    ("$.deferred.", "deferred", ""),
    ("$.database.", "database", ""),
)


def view_of(heard: Heard, /) -> dict[str, Tree]:
    """Headers, body, effects, and apart from them the quiet ones. The status is compared by itself."""
    answer = heard.answer
    whole = answer.ending == "answered"
    return {
        "headers": headers_tree(answer) if whole else {},
        "body": body_tree(answer) if whole else {},
        "effects": deeds_tree(deed for deed in heard.deeds if not deed.quiet),
        "quiet": deeds_tree(deed for deed in heard.deeds if deed.quiet),
    }


def left_behind(recording: Recording, /) -> dict[str, Tree]:
    """What was done outside requests, and what became of the database."""
    return {"deferred": deeds_tree(recording.deferred), "database": changes_tree(recording.changes)}


def named(place: str, /) -> tuple[Part, str]:
    """The part of a view that a place is in, and what to call it there."""
    for prefix, part, instead in _PARTS:
        if place.startswith(prefix):
            return part, instead + place.removeprefix(prefix)
    return "body", place


def without_effects(view: Mapping[str, Tree], /) -> dict[str, Tree]:
    """For a request whose record did not come."""
    return {name: tree for name, tree in view.items() if name in {"headers", "body"}}
