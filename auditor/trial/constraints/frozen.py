"""`frozen-file`: what may not be touched."""

from auditor.model.constraint import FrozenFile
from auditor.trial.constraints.edited import Edited


def frozen_touched(_rule: FrozenFile, file: Edited) -> list[str]:
    """A patch that leaves the bytes as they were touches nothing."""
    return [] if file.before == file.after else ["is frozen and would change"]
