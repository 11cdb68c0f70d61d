"""What is asked for by `revert`."""

from typing import Literal

from auditor.stages.answers.told import Told


class ConstraintDrafted(Told):
    """A rule in the form that code can enforce; what does not belong to its kind is null."""

    kind: Literal[
        "no-new-import",
        "no-module-level-code",
        "frozen-file",
        "keep-falsy",
        "keep-field",
        "keep-order",
        "no-cache",
    ]
    modules: list[str] | None
    """`no-new-import`: dotted names."""
    scope: str | None
    """A glob over paths, where it does not hold everywhere."""
    parameter: str | None
    """`keep-falsy`: of the request."""
    path: str | None
    """`keep-field`: as in the difference, `$.items[].price`."""
    endpoint: str | None


class Diagnosis(Told):
    """The whole answer."""

    cause: str
    """What the change did, in one or two sentences: the old code with this input, the new code, where they part."""
    constraint: ConstraintDrafted | None
    """Only what the evidence names."""
    next: Literal["repair", "give-up"]
    advice: str
    """How the next attempt does without what failed, or why there should be none."""
