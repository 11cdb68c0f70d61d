"""What a run is asked for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.config.user import UserSettings
from auditor.engine.request import AuditRequest
from auditor.measure.request import Request

if TYPE_CHECKING:
    from auditor.llm.client import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class FixRequest:
    """What is asked for."""

    audit: AuditRequest
    """The tree, and how it is read; its `endpoints` are those to be made faster."""
    user: UserSettings
    workload: Path | None = None
    edges: bool = True
    """Adds requests at the edges of what the code compares, where no recorded contract gives the workload."""
    more: tuple[Request, ...] = ()
    """Requests besides: what was seen to break."""
    patches: tuple[Path, ...] = ()
    """Files with patches (`auditor/patch@1`) to be tried in this order, in the place of the codemods' proposals."""
    max_changes: int | None = None
    """So many kept changes at most."""
    dry_run: bool = False
    """Says what would be tried, and runs nothing of the target."""
    resume: bool = False
    """Goes on with the last run."""
    rules: frozenset[str] = frozenset()
    """Only what these rules find is treated; empty is all."""
    time: bool = False
    """Takes time: asks the gates `latency`, `scaling` and `load`, and judges the target."""
    beyond: bool = False
    """Goes on when the target is met."""
    model: "Callable[[Path, Iterable[str]], Client] | None" = None
    """Opens a model that implements what no codemod does, with its transcript in a folder and these secrets hidden; None asks none."""
    candidates: int = 1
    """Patches that the model is asked for at once."""
