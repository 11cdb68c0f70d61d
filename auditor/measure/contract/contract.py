"""What known-good answers and does for a workload, with its noise."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import Field

from auditor.measure.contract.arrival import arrival_blurs, handed_out, row_blurs
from auditor.measure.contract.excluded import excluded_blurs
from auditor.measure.contract.mask import Blur, Mask, mask_of
from auditor.measure.contract.noise import learn
from auditor.measure.contract.recording import Recording
from auditor.measure.contract.tree import Tree
from auditor.measure.contract.view import left_behind, view_of
from auditor.measure.workload import Workload, part_of
from auditor.model.value import Value


class About(Value):
    """What a contract was recorded from."""

    tree: str = ""
    """Hash of the target's tree."""
    settings: str = ""
    """Hash of the target's settings."""
    environment: dict[str, str] = Field(default_factory=dict)
    """Interpreter, server, database and the like, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Made by `make_contract`, or read from a folder."""

    about: About
    workload: Workload
    recording: Recording
    """The first run; what others may differ in stands in the masks."""
    runs: int
    """How many runs the noise was learnt from; with one nothing is known to be noise."""
    masks: Mapping[str, Mask]
    """Noise by request; one without noise is not there."""
    left: Mask
    """Noise in what is left behind at the end."""
    statuses: Mapping[str, tuple[int, ...]]
    """For requests whose status varies by itself: all that were seen."""

    @property
    def unsteady(self) -> tuple[str, ...]:
        """Requests that can't be judged: known-good does not answer them the same way, or not at all."""
        silent = [id_ for id_, heard in self.recording.heard.items() if heard.answer.ending != "answered"]
        return tuple(sorted({*self.statuses, *silent}))


def make_contract(
    workload: Workload, runs: Sequence[Recording], /, *, about: About, excluded: Collection[str] = ()
) -> Contract:
    """From two or more runs of known-good on the same data.

    Args:
        workload: what was sent.
        runs: one or more, in the same mode; the first is what others are held to.
        about: what they were recorded from.
        excluded: places in bodies (`$.generated_at`) that are noise by the target's settings.
    """
    first = runs[0]
    masks: dict[str, Mask] = {}
    statuses: dict[str, tuple[int, ...]] = {}
    ids = frozenset[int]().union(*map(handed_out, runs))
    for id_ in first.heard:
        heard = [run.heard[id_] for run in runs if id_ in run.heard]
        seen = sorted({each.answer.status for each in heard if each.answer.status is not None})
        if len(seen) > 1:
            statuses[id_] = tuple(seen)
        views = [view_of(each) for each in heard]
        known = [blur for view in views for blur in (*_excluded(view, excluded), *arrival_blurs(view, ids))]
        mask = mask_of([*learn(views).blurs, *known])
        if mask.blurs:
            masks[id_] = mask
    left = mask_of([*learn([left_behind(run) for run in runs]).blurs, *row_blurs(first, ids)])
    return Contract(
        about=about,
        workload=workload,
        recording=first,
        runs=len(runs),
        masks=masks,
        left=left,
        statuses=statuses,
    )


def part_of_contract(contract: Contract, ids: Collection[str], /) -> Contract:
    """Of those requests and what they need alone.

    What is left behind at the end stays that of the whole: so the part must have every request that leaves something.
    """
    workload = part_of(contract.workload, ids)
    kept = {id_: heard for id_, heard in contract.recording.heard.items() if id_ in workload.needs}
    return replace(contract, workload=workload, recording=replace(contract.recording, heard=kept))


def _excluded(view: Mapping[str, Tree], places: Collection[str]) -> Iterator[Blur]:
    body = view["body"]
    if places and isinstance(body, dict) and body.get("as") == "json":
        yield from excluded_blurs(body["content"], places)
