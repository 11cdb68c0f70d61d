"""Which differences are no failure because they were declared."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.measure.contract.comparing import Found, differences
from auditor.measure.contract.declared import Declared
from auditor.measure.contract.difference import Difference
from auditor.measure.contract.mask import Blur
from auditor.measure.contract.recording import Recording
from auditor.measure.contract.tree import Tree
from auditor.measure.contract.view import named


@dataclass(frozen=True, slots=True)
class Allowance:
    """What was declared, as far as its conditions hold in this recording."""

    declared: Declared
    records: bool
    """Every template of a record below WARNING is still met somewhere."""
    reads: bool
    """Every GET to another host is still met somewhere."""

    def of(self, found: Found, /) -> str:
        """Why a difference is allowed; empty when it is not."""
        if found.what not in {"fewer", "missing"}:
            return ""
        place = found.place.text
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


def _templates(recording: Recording) -> dict[str, set[str]]:
    """The quiet deeds that were met anywhere, by kind."""
    met: dict[str, set[str]] = {}
    deeds = [deed for heard in recording.heard.values() for deed in heard.deeds]
    for deed in (*deeds, *recording.deferred):
        if deed.quiet:
            met.setdefault(deed.kind, set()).add(deed.what)
    return met
