"""Numbers that depend on who came first: ids of rows written by requests that were under way together.

Two runs may hand them out alike by luck, so learning from runs is not enough. In order, nothing of this is noise.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from auditor.measure.contract.mask import Blur
from auditor.measure.contract.place import TOP, Place
from auditor.measure.contract.recording import Recording
from auditor.measure.contract.tree import Tree, tree_of

_NUMBER: Final = re.compile(r"\d+")


def handed_out(recording: Recording, /) -> frozenset[int]:
    """Ids of the rows that were added to a table which got more than one."""
    if recording.mode == "in order":
        return frozenset()
    ids = [
        row["id"]
        for changes in recording.changes.values()
        if len(changes.added) > 1
        for row in changes.added
        if "id" in row
    ]
    return frozenset(value for value in ids if isinstance(value, int) and not isinstance(value, bool))


def arrival_blurs(view: Mapping[str, Tree], ids: frozenset[int], /) -> Iterator[Blur]:
    """Blurs for where a request's view holds one of `ids`: under `id` and `…_id`, and in its Location."""
    if not ids:
        return
    yield from _below(view.get("body"), TOP.field("body"), ids, named=False)
    headers = view.get("headers")
    location = headers.get("location") if isinstance(headers, dict) else None
    if isinstance(location, str) and any(int(n) in ids for n in _NUMBER.findall(location)[-1:]):
        yield Blur(place=TOP.field("headers").field("location").text, kinds=("string",))


def row_blurs(recording: Recording, ids: frozenset[int], /) -> Iterator[Blur]:
    """Blurs for the same ids in the rows themselves."""
    if not ids:
        return
    for table, changes in recording.changes.items():
        added = TOP.field("database").field(table).field("added")
        for row in changes.added:
            yield from _below(tree_of({**row}), added.item(0), ids, named=False)


def _below(tree: Tree, place: Place, ids: frozenset[int], *, named: bool) -> Iterator[Blur]:
    if isinstance(tree, dict):
        for name, value in tree.items():
            is_id = name.lower() in {"id", "pk"} or name.lower().endswith("_id")
            yield from _below(value, place.field(name), ids, named=is_id)
    elif isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _below(item, place.item(index), ids, named=named)
    elif named and isinstance(tree, int) and not isinstance(tree, bool) and tree in ids:
        yield Blur(place=place.text, kinds=("integer",), among=tuple(sorted(ids)))
