"""What earlier runs taught, asked before a patch is run, and what this one teaches, written before anything follows from it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from auditor.model.constraint import Constraint
from auditor.model.trial import GateName
from auditor.repo.decode import decode
from auditor.trial.constraints.edited import Edited
from auditor.trial.memory import FailedPatch, Memory
from auditor.trial.units import Unit, units_of

_BEHAVIOUR: Final[frozenset[GateName]] = frozenset({"contract", "side-effects", "tests"})
"""What fails here is wrong, whatever it is asked by later, as long as the same gates ask."""
_COSTS: Final[frozenset[GateName]] = frozenset({"counts", "latency", "scaling", "load"})
"""What fails here may pass with other requests, other data or another server."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A patch that is known to fail."""

    text: str
    rest: frozenset[int]
    """Its units that have no part in the failure; empty where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """The target's memory, as one run with one workload and one set of settings sees it."""

    memory: Memory
    settings: str
    """A digest of how the target is run."""
    workload: str
    """A digest of what it is asked."""
    edition: str
    """Of the gates: `auditor.trial.edition`."""

    def refusal(
        self, form: str, units: Sequence[Unit], before: Mapping[str, str | None], /
    ) -> Refusal | None:
        """Why a patch is not run at all; None when nothing speaks against it."""
        forms = [unit_form(unit, before) for unit in units]
        known = {self._with(gate) for gate in ("boot", "contract", "counts")}
        for failed in self.memory.read().failed:
            by_hand = failed.gate == "undone" and not failed.only_with
            if not by_hand and failed.only_with not in known:
                continue
            repeated = failed.part and set(failed.part) <= set(forms)
            if failed.form != form and not repeated:
                continue
            guilty = {at for at, one in enumerate(forms) if one in failed.part}
            innocent = {at for at, unit in enumerate(units) if not ({at} | unit.needs) & guilty}
            what = (
                "the same patch has failed already, as" if failed.form == form else "in it is what made fail"
            )
            text = f"{what} {failed.id} ({failed.gate}: {failed.because})"
            return Refusal(text, frozenset(innocent) if guilty else frozenset())
        return None

    def failed(self, patch: FailedPatch, gate: GateName, /) -> None:
        """A patch was taken through the gates and stopped by one that ran it."""
        if gate == "boot" or gate in _BEHAVIOUR | _COSTS:
            self.memory.add_failed(
                FailedPatch(
                    form=patch.form,
                    change=patch.change,
                    title=patch.title,
                    gate=gate,
                    because=patch.because,
                    part=() if gate in _COSTS else patch.part,
                    taught=patch.taught,
                    only_with=self._with(gate),
                )
            )

    def learnt(self, constraint: Constraint, /) -> None:
        """A failure forbids something."""
        self.memory.add(constraint)

    def _with(self, gate: GateName) -> str:
        about = (
            ""
            if gate in _BEHAVIOUR
            else self.settings
            if gate == "boot"
            else f"{self.settings} {self.workload}"
        )
        return hashlib.sha256(f"{self.edition} {about}".encode()).hexdigest()[:16]


def patch_forms(files: Iterable[Edited], /) -> tuple[str, ...]:
    """The forms of all units of a patch: it is known again in whatever else has become of its files."""
    edited = tuple(files)
    before = {one.path: None if one.before is None else decode(one.before).text for one in edited}
    units = units_of(before, {one.path: decode(one.after).text for one in edited})
    return tuple(unit_form(unit, before) for unit in units)


def unit_form(unit: Unit, before: Mapping[str, str | None], /) -> str:
    """A hash that is equal for the same lines in the place of the same lines of the same file, however indented."""
    old = (before.get(unit.file) or "").splitlines()[unit.start : unit.stop]
    texts = ("\n".join(line.strip() for line in lines) for lines in (old, unit.text.splitlines()))
    return hashlib.sha256("\0".join((unit.file, *texts)).encode()).hexdigest()[:16]
