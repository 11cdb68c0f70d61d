"""What kept changes gained together, step by step."""

from collections.abc import Iterable

from auditor.model.trial import Gain


def running_totals(kept: Iterable[tuple[str, tuple[Gain, ...]]], /) -> dict[str, tuple[Gain, ...]]:
    """By change, in the order in which they were kept: of each component that it gained in, from before the first gain to after it.

    Times of different changes were taken on different occasions, so they are carried on by their ratios; counts are as they were counted last.
    An interval is told where one change alone makes up the total.
    """
    so_far: dict[tuple[str, str], Gain] = {}
    totals: dict[str, tuple[Gain, ...]] = {}
    for change, gains in kept:
        for gain in gains:
            key = gain.endpoint, gain.kind
            so_far[key] = _together(so_far[key], gain) if key in so_far else gain
        totals[change] = tuple(so_far[gain.endpoint, gain.kind] for gain in gains)
    return totals


def _together(total: Gain, gain: Gain) -> Gain:
    after = gain.after
    if gain.kind.endswith("_ms"):
        after = round(total.after * (gain.after / gain.before if gain.before else 1.0), 3)
    return Gain(endpoint=total.endpoint, kind=total.kind, before=total.before, after=after)
