"""The gates that look at the text of a change alone: nothing is run for them."""

from collections.abc import Callable
from functools import partial

from auditor.model.trial import GateName, GateResult
from auditor.trial.candidate import Candidate
from auditor.trial.gates.constraints import check_constraints
from auditor.trial.gates.parse import check_parse
from auditor.trial.gates.policy import check_policy
from auditor.trial.libraries import libraries_of
from auditor.trial.startup import started_by
from auditor.trial.trees import Tree, TreeStore

StaticGate = Callable[[Candidate], GateResult]


def static_gates(store: TreeStore, baseline: Tree, /) -> list[tuple[GateName, StaticGate]]:
    """In their order. What starts the server and which libraries there are is read from the baseline."""
    files = {one.path: one.content for one in store.entries(baseline)}
    policy = partial(check_policy, started_by=started_by(files), libraries=libraries_of(files))
    return [("parse", check_parse), ("constraints", check_constraints), ("policy", policy)]
