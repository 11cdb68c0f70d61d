"""What happens in a run that changes things: the rest of the closed union `auditor/event@1`.

Apart from `auditor.model.events`, because an audit that answers from its cache has no use for them.
"""

import json
from typing import Literal

from pydantic import Field, JsonValue, TypeAdapter

from auditor.model.constraint import Constraint
from auditor.model.events import Envelope, Event
from auditor.model.judged import PromptUsed
from auditor.model.patch import Patch
from auditor.model.trial import GateResult, Verdict
from auditor.model.value import Value


class BaselineTakenData(Value):
    """The tree before the first change of a run."""

    commit: str
    """Of the store of trees."""
    tree: str
    """git's id of the tree itself."""
    source_commit: str | None = None
    """The target's own commit, where it is a git repository."""
    source_branch: str | None = None
    """The branch that was checked out."""
    settings: str = ""
    """Hash of the settings that are frozen for the run."""


class TrialStartedData(Value):
    """A candidate that goes through the gates; the envelope names the change."""

    attempt: int = Field(ge=1)
    title: str
    patch: Patch
    terms: dict[str, JsonValue] = Field(default_factory=dict)
    """What it was proposed with besides (`auditor.trial.proposal`): to try it once more on the same terms."""
    commit: str
    """The known-good tree with the patch applied, in the store of trees."""
    tree: str


class TrialEndedData(Value):
    """The verdict, and what to remember of a patch that was not kept."""

    verdict: Verdict
    normal_form: str = ""
    """`auditor.trial.repeating`: the same patch in other words is not run again."""
    left: Patch | None = None
    """What is left without the culprit, and is tried next: by whoever goes on, if this run is cut off here."""


class ConstraintLearntData(Value):
    """What is forbidden from now on."""

    constraint: Constraint


class ConstraintsHeldData(Value):
    """What was learnt before or given by the user, and holds for this run."""

    constraints: tuple[Constraint, ...] = ()


class ChangeUndoneData(Value):
    """A kept change was taken out again: known-good is what it stood on."""

    commit: str
    """The tree before the change."""
    tree: str
    because: str
    again: tuple[str, ...] = ()
    """Changes that were kept from this one on and wait to be tried on what is left, in this order."""


class DeliveredCommit(Value):
    """One change as it stands in the user's repository."""

    change: str
    commit: str
    """Of the user's repository."""


class ChangesDeliveredData(Value):
    """Kept changes were brought home."""

    branch: str
    base: str
    """The user's commit that the branch begins at."""
    commits: tuple[DeliveredCommit, ...]


class SentBackData(Value):
    """Several changes in a row came to nothing, so the tree is looked at anew with what they taught."""

    failures: tuple[str, ...]
    """Those changes."""
    set_aside: tuple[str, ...] = ()
    """Codemods that did nothing else but fail; what they propose comes last from now on."""


class ModelAskedData(Value):
    """What one part of a run asked a model for, and what that took; the transcript has the words."""

    model: str
    about: str
    """An endpoint, or a change."""
    prompts: tuple[PromptUsed, ...]
    calls: int
    input_tokens: int
    output_tokens: int
    usd: str | None = None
    """None where the price is not known."""


class KnownGoodConfirmedData(Value):
    """The whole workload was held against known-good, where trials begin with a part of it."""

    commit: str
    tree: str
    requests: int = Field(ge=0)


class BaselineTaken(Envelope):
    """What the run begins with is stored: from here on there is a known-good tree."""

    kind: Literal["baseline-taken"] = "baseline-taken"
    data: BaselineTakenData


class TrialStarted(Envelope):
    """A change is on trial."""

    kind: Literal["trial-started"] = "trial-started"
    data: TrialStartedData


class GateFinished(Envelope):
    """One gate has spoken."""

    kind: Literal["gate-finished"] = "gate-finished"
    data: GateResult


class TrialEnded(Envelope):
    """The verdict on the change; `kept` makes its tree the known-good one."""

    kind: Literal["trial-ended"] = "trial-ended"
    data: TrialEndedData


class ConstraintLearnt(Envelope):
    """A failure has taught something."""

    kind: Literal["constraint-learnt"] = "constraint-learnt"
    data: ConstraintLearntData


class ChangeUndone(Envelope):
    """A change that was kept is no longer part of known-good."""

    kind: Literal["change-undone"] = "change-undone"
    data: ChangeUndoneData


class ConstraintsHeld(Envelope):
    """From here on these constraints hold, in the place of those that held before."""

    kind: Literal["constraints-held"] = "constraints-held"
    data: ConstraintsHeldData


class ChangesDelivered(Envelope):
    """The user has been given what was kept."""

    kind: Literal["changes-delivered"] = "changes-delivered"
    data: ChangesDeliveredData


class ModelAsked(Envelope):
    """A model was asked."""

    kind: Literal["model-asked"] = "model-asked"
    data: ModelAskedData


class SentBack(Envelope):
    """Back to the analysis."""

    kind: Literal["sent-back"] = "sent-back"
    data: SentBackData


class KnownGoodConfirmed(Envelope):
    """Everything that was kept so far stands before the whole workload."""

    kind: Literal["known-good-confirmed"] = "known-good-confirmed"
    data: KnownGoodConfirmedData


TrialEvent = (
    BaselineTaken
    | ConstraintsHeld
    | TrialStarted
    | GateFinished
    | TrialEnded
    | ConstraintLearnt
    | ChangeUndone
    | ChangesDelivered
    | SentBack
    | ModelAsked
    | KnownGoodConfirmed
)
RunEvent = Event | TrialEvent
"""Everything that can stand in a run's `events.jsonl`."""


def event_of(tree: object, /) -> RunEvent:
    """Reads back one event from its JSON; `pydantic.ValidationError` for anything else."""
    return _ADAPTER.validate_python(tree) if not isinstance(tree, str) else _ADAPTER.validate_json(tree)


def tree_of(event: RunEvent, /) -> dict[str, object]:
    """The event as plain JSON values."""
    tree: dict[str, object] = json.loads(event.model_dump_json())
    return tree


_ADAPTER: TypeAdapter[RunEvent] = TypeAdapter(RunEvent)
