"""Which differences are no failure because they were declared."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from auditor.measure.contract.comparing import Found, differences
from auditor.measure.contract.declared import Declared
from auditor.measure.contract.deeds import Deed
from auditor.measure.contract.difference import Difference
from auditor.measure.contract.mask import Blur
from auditor.measure.contract.place import TOP
from auditor.measure.contract.recording import Heard, Recording
from auditor.measure.contract.tree import Tree
from auditor.measure.contract.view import named

_TOLD: Final = frozenset({"text", "hash"})
"""What a record tells besides its logger, level and exception: one that stands for many tells more."""
_QUIET: Final = TOP.field("quiet").field("log")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What was declared, as far as its conditions hold in this recording."""

    declared: Declared
    records: bool
    """Every template of a record below WARNING is still met somewhere, from the same logger at the same level."""
    reads: bool
    """Every GET to another host is still met somewhere."""

    def merged(self, was: Heard, now: Heard, /) -> frozenset[str]:
        """Places of the quiet records of a request that are as many as before or fewer, whatever their values say."""
        if not (self.declared.fewer_records and self.records):
            return frozenset()
        before, after = _records(was), _records(now)
        return frozenset(
            _QUIET.field(what).text for what, signed in after.items() if signed <= before.get(what, Counter())
        )

    def of(self, found: Found, /, merged: frozenset[str] = frozenset()) -> str:
        """Why a difference is allowed; empty when it is not. `merged` are the places that may tell other values."""
        place = found.place.text
        if any(_is_at(place, above) for above in merged):
            return "records below WARNING that tell of several at once, every template remains"
        if found.what not in {"fewer", "missing"}:
            return ""
        if (
            self.declared.fewer_records
            and self.records
            and place.startswith(("$.quiet.log.", "$.quiet.log["))
        ):
            return "fewer records below WARNING, every template remains"
        if self.declared.fewer_reads and self.reads and place.startswith(("$.quiet.http.", "$.quiet.http[")):
            return "fewer GET calls, each address remains"
        if found.place.text in {"$.quiet.log", "$.quiet.http"}:
            return self.of(Found(found.place.field("any"), found.what, found.before, found.after))
        return ""


def allowance_of(declared: Declared, baseline: Recording, candidate: Recording, /) -> Allowance:
    """Checks the conditions."""
    was, now = _templates(baseline), _templates(candidate)
    remaining = {kind: was.get(kind, set()) <= now.get(kind, set()) for kind in ("log", "http")}
    return Allowance(declared, records=remaining["log"], reads=remaining["http"])


def without_order(
    before: Tree,
    after: Tree,
    blurs: Mapping[str, Blur],
    orderless: Iterable[str],
    found: list[Found],
) -> tuple[list[Found], list[Found]]:
    """The differences that remain when the order of some lists is left free, and one for each list it freed.

    Args:
        before: what known-good gave.
        after: what the candidate gave.
        blurs: the noise.
        orderless: places in the body, `$.items`.
        found: the differences with order.
    """
    places = [f"$.body.content{place.removeprefix('$')}" for place in orderless]
    free = {place: _free(place, blurs) for place in places}
    kept = differences(before, after, {**blurs, **free})
    still = {each.place.exact for each in kept}
    freed: list[Found] = []
    for place in places:
        gone = [f for f in found if _is_at(f.place.text, place) and f.place.exact not in still]
        freed += gone[:1]
    return kept, freed


def order_difference(request: str, found: Found, /) -> Difference:
    """What a person is told of a list whose order was free and did change."""
    return Difference(
        request=request,
        part="body",
        what="order",
        place=named(found.place.text)[1],
        before=found.before,
        after=found.after,
        allowed="its order means nothing",
    )


def _free(place: str, blurs: Mapping[str, Blur]) -> Blur:
    known = blurs.get(place)
    return Blur(place=place, order=True) if known is None else known.model_copy(update={"order": True})


def _is_at(place: str, above: str) -> bool:
    return place == above or place.startswith((f"{above}.", f"{above}["))


def _templates(recording: Recording) -> dict[str, set[tuple[str, str]]]:
    """The quiet deeds that were met anywhere, by kind."""
    met: dict[str, set[tuple[str, str]]] = {}
    deeds = [deed for heard in recording.heard.values() for deed in heard.deeds]
    for deed in (*deeds, *recording.deferred):
        if deed.quiet:
            met.setdefault(deed.kind, set()).add((deed.what, _signed(deed)))
    return met


def _records(heard: Heard) -> dict[str, Counter[str]]:
    """By level and template, who wrote the quiet records and how many."""
    found: dict[str, Counter[str]] = {}
    for deed in heard.deeds:
        if deed.quiet and deed.kind == "log":
            found.setdefault(deed.what, Counter())[_signed(deed)] += 1
    return found


def _signed(deed: Deed) -> str:
    """Logger, level and exception of a record; of other deeds nothing."""
    if deed.kind != "log":
        return ""
    return repr(sorted((name, value) for name, value in deed.detail.items() if name not in _TOLD))
