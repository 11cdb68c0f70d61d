"""Lays one tree beside another under a mask and says where they differ."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from auditor.measure.contract.mask import NOTHING, Blur
from auditor.measure.contract.matching import exact_pairs, likely_pairs
from auditor.measure.contract.noise import words
from auditor.measure.contract.place import TOP, Place
from auditor.measure.contract.shape import misfits
from auditor.measure.contract.tree import Bag, Lines, Tree, Twice, canonical, kind_of, same_leaf, shown

What = Literal["changed", "kind", "missing", "extra", "order", "fewer", "more"]
"""`kind`: another type, or null or empty where it was not. `fewer`, `more`: items of a list."""


@dataclass(frozen=True, slots=True)
class Found:
    """One place where two trees differ."""

    place: Place
    what: What
    before: str
    after: str
    times: int = 1
    """Items, for `fewer` and `more`."""


def differences(before: Tree, after: Tree, blurs: Mapping[str, Blur] = NOTHING, /) -> list[Found]:
    """Every difference that is not noise; the same trees give none."""
    return list(_Comparison(blurs).walk(before, after, TOP))


@dataclass(frozen=True, slots=True)
class _Comparison:
    blurs: Mapping[str, Blur]

    def walk(self, before: Tree, after: Tree, place: Place) -> Iterator[Found]:
        blur = self.blurs.get(place.text)
        if blur is not None and blur.allows(before, after):
            yield from self._noisy(before, after, blur, place)
        elif isinstance(before, dict) and isinstance(after, dict):
            yield from self._objects(before, after, place)
        elif isinstance(before, Lines) and isinstance(after, Lines):
            yield from self._lines(before, after, place)
        elif (
            isinstance(before, list)
            and isinstance(after, list)
            and isinstance(before, Twice) == isinstance(after, Twice)
        ):
            yield from self._lists(before, after, place, blur)
        elif not same_leaf(before, after):
            what: What = "changed" if _type(before) == _type(after) else "kind"
            yield Found(place, what, shown(before), shown(after))

    def _noisy(self, before: Tree, after: Tree, blur: Blur, place: Place) -> Iterator[Found]:
        # The shape was learnt where something varied; what stays as it was beside it needs none.
        if blur.shape is not None and canonical(before) != canonical(after):
            for where, expected, there in misfits(after, blur.shape, place):
                yield Found(where, "kind", expected, shown(there))

    def _objects(self, before: dict[str, Tree], after: dict[str, Tree], place: Place) -> Iterator[Found]:
        names = self.blurs.get(place.any_field)
        for name, value in before.items():
            here = place.field(name)
            if name in after:
                yield from self.walk(value, after[name], here)
            elif not self._may_be_missing(name, value, here, names):
                yield Found(here, "missing", shown(value), "")
        for name, value in after.items():
            if name in before:
                continue
            here = place.field(name)
            varies = names if names is not None and name not in names.stable else self.blurs.get(here.text)
            if varies is not None and varies.shape is not None and "missing" in varies.kinds:
                for where, expected, there in misfits(value, varies.shape, here):
                    yield Found(where, "kind", expected, shown(there))
            else:
                yield Found(here, "extra", "", shown(value))
        if names is not None and not after.keys() - names.stable:
            gone = {
                name: value
                for name, value in before.items()
                if name not in names.stable and not self._may_be_missing(name, value, place.field(name), None)
            }
            if gone:
                yield Found(place, "missing", shown(gone), "")

    def _may_be_missing(self, name: str, value: Tree, here: Place, names: Blur | None) -> bool:
        if names is not None and name not in names.stable:
            return True
        blur = self.blurs.get(here.text)
        return blur is not None and blur.covers("missing", kind_of(value))

    def _lists(
        self, before: list[Tree], after: list[Tree], place: Place, blur: Blur | None
    ) -> Iterator[Found]:
        in_order = not isinstance(before, Bag) and not (blur is not None and blur.order)
        if in_order and len(before) == len(after):
            found = [
                difference
                for at, (mine, theirs) in enumerate(zip(before, after, strict=True))
                for difference in self.walk(mine, theirs, place.item(at))
            ]
            if len(found) > 1 and self._same_items(before, after, place):
                yield Found(place, "order", shown(before), shown(after))
            else:
                yield from found
            return
        yield from self._in_any_order(before, after, place)

    def _same_items(self, before: list[Tree], after: list[Tree], place: Place) -> bool:
        inside = place.item(0)
        return sorted(self._text(item, inside) for item in before) == sorted(
            self._text(item, inside) for item in after
        )

    def _in_any_order(self, before: list[Tree], after: list[Tree], place: Place) -> Iterator[Found]:
        inside = place.item(0)
        _, gone, come = exact_pairs(before, after, lambda item: self._text(item, inside))
        if len(before) != len(after):
            pairs, gone, come = _renamed(before, after, gone, come)
        else:
            likely = likely_pairs(
                [before[at] for at in gone],
                [after[at] for at in come],
            )
            pairs = [(gone[a], come[b]) for a, b in likely]
            gone = come = []
        for a, b in pairs:
            yield from self.walk(before[a], after[b], place.item(a))
        if gone:
            yield Found(place, "fewer", _listed(before, gone), str(len(after)), len(gone))
        if come:
            yield Found(place, "more", str(len(before)), _listed(after, come), len(come))

    def _lines(self, before: Lines, after: Lines, place: Place) -> Iterator[Found]:
        if len(before) != len(after):
            what: What = "fewer" if len(after) < len(before) else "more"
            _, gone, come = exact_pairs(before, after)
            changed = abs(len(before) - len(after))
            yield Found(place, what, _listed(before, gone), _listed(after, come), changed)
            return
        for at, (mine, theirs) in enumerate(zip(before, after, strict=True)):
            here = place.line(at)
            blur = self.blurs.get(here.text)
            if mine != theirs and not (blur is not None and _fits(str(theirs), blur)):
                yield Found(here, "changed", shown(mine), shown(theirs))

    def _text(self, tree: Tree, place: Place) -> str:
        """As `canonical`, noise shown by its kind alone."""
        blur = self.blurs.get(place.text)
        if blur is not None and blur.allows(tree):
            return "|".join(blur.kinds)
        if isinstance(tree, dict):
            names = self.blurs.get(place.any_field)
            parts = []
            for name in sorted(tree):
                if names is None or name in names.stable:
                    here = place.field(name)
                    optional = self.blurs.get(here.text)
                    if optional is None or "missing" not in optional.kinds:
                        parts.append(f"{name!r}:{self._text(tree[name], here)}")
            return "{" + ",".join(parts) + "}"
        if isinstance(tree, list):
            items = [self._text(item, place.item(0)) for item in tree]
            any_order = isinstance(tree, Bag) or (blur is not None and blur.order)
            return type(tree).__name__ + "[" + ",".join(sorted(items) if any_order else items) + "]"
        return canonical(tree)


def _renamed(
    before: list[Tree], after: list[Tree], gone: list[int], come: list[int]
) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Pairs the items that carry the same name on both sides; what is left is gone or new."""
    pairs: list[tuple[int, int]] = []
    for name in ("id", "pk", "uuid", "key", "slug"):
        theirs = {
            canonical(item[name]): at for at in come if isinstance(item := after[at], dict) and name in item
        }
        for at in gone:
            item = before[at]
            if (
                isinstance(item, dict)
                and name in item
                and (b := theirs.pop(canonical(item[name]), None)) is not None
            ):
                pairs.append((at, b))
        if pairs:
            break
    used, used_other = {a for a, _ in pairs}, {b for _, b in pairs}
    return pairs, [at for at in gone if at not in used], [at for at in come if at not in used_other]


def _fits(line: str, blur: Blur) -> bool:
    if kind_of(line) not in blur.kinds and ("empty string" in {kind_of(line), *blur.kinds}):
        return False
    if not blur.pattern:
        return True
    parts = words(line)
    return len(parts) == len(blur.pattern) and all(
        want is None or want == part for want, part in zip(blur.pattern, parts, strict=True)
    )


def _type(tree: Tree) -> str:
    kind = kind_of(tree)
    return "string" if kind in {"uuid", "moment"} else kind


def _listed(items: list[Tree], at: list[int]) -> str:
    counted = Counter(shown(items[index]) for index in at)
    named = [text if times == 1 else f"{text} ({times} times)" for text, times in counted.items()]
    return ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")
