"""A change that is on trial: its patch, and what the tree becomes with it."""

from dataclasses import dataclass, field

from auditor.measure.contract.declared import NOTHING_DECLARED, Declared
from auditor.model.constraint import Constraint
from auditor.model.effect import EffectKind
from auditor.model.patch import Patch
from auditor.model.trial import GateResult
from auditor.trial.constraints.edited import Edited


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a change is for; it is kept only if this comes true."""

    endpoint: str
    kind: EffectKind
    before: str = ""
    """The cost formula, as far as it was known: `1 + 3·spaces`."""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What the gates look at. The files are those that the patch changes, sorted by path."""

    change: str
    """Id of the change in the plan."""
    patch: Patch
    files: tuple[Edited, ...]
    allowed: tuple[str, ...] = ()
    """The files that the change is about; a patch that touches others is refused. Empty is any."""
    promises: tuple[Promise, ...] = ()
    declared: Declared = NOTHING_DECLARED
    """What it may do differently, said before it is tried, with what the kept changes that it stands on declared: the baseline knows
    neither."""
    constant_rise: tuple[str, ...] = ()
    """Components that may rise by a constant where another loses a term in a size."""
    risen_before: tuple[str, ...] = ()
    """Those that the kept changes beneath it declared, each as often as it was."""
    constraints: tuple[Constraint, ...] = field(default=())
    """What it is held to."""
    may_touch: frozenset[str] = frozenset()
    """Classes of files that are part of the change although they are protected: `migration`."""
    sought: GateResult | None = None
    """The failure of the whole patch of which this is a part: it is only asked whether the part fails in the same way."""
