"""What a failure, or the user, forbids from now on: typed, so that code can hold every later attempt to it."""

import hashlib
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from auditor.model.effect import EffectKind
from auditor.model.value import Value


class Rule(Value):
    """What all kinds share."""

    scope: str = "**"
    """A glob over paths: only files that match are held to it."""


class NoNewImport(Rule):
    """No import may be added: of these modules, or of any where `modules` is empty."""

    kind: Literal["no-new-import"] = "no-new-import"
    modules: tuple[str, ...] = ()
    """Dotted names; each stands for everything below it too."""
    inside_functions: Literal["allowed", "forbidden"] = "allowed"
    """Whether an import that runs with a function, and not with the module, is meant too."""


class NoModuleLevelCode(Rule):
    """Nothing may be added that runs when a module is imported, other than definitions, imports and constants."""

    kind: Literal["no-module-level-code"] = "no-module-level-code"


class FrozenFile(Rule):
    """Files that match `scope` stay byte for byte."""

    kind: Literal["frozen-file"] = "frozen-file"


class KeepFalsy(Rule):
    """0, '', false and an absent value of a parameter go on meaning what they meant."""

    kind: Literal["keep-falsy"] = "keep-falsy"
    parameter: str
    endpoint: str | None = None


class KeepField(Rule):
    """A field of a response stays, with its type and its null-ness."""

    kind: Literal["keep-field"] = "keep-field"
    path: str
    """As in a difference: `$.items[].price`."""
    endpoint: str | None = None


class KeepOrder(Rule):
    """The order of a response's lists is part of the answer."""

    kind: Literal["keep-order"] = "keep-order"
    endpoint: str


class NoCache(Rule):
    """Nothing of this endpoint's may be remembered between requests."""

    kind: Literal["no-cache"] = "no-cache"
    endpoint: str


class MaxCost(Rule):
    """An endpoint may not cost more than `formula` in one kind of effect."""

    kind: Literal["max-cost"] = "max-cost"
    endpoint: str
    effect: EffectKind
    formula: str
    """As a report writes it: `4 + 3·spaces`."""


ConstraintRule = Annotated[
    NoNewImport | NoModuleLevelCode | FrozenFile | KeepFalsy | KeepField | KeepOrder | NoCache | MaxCost,
    Field(discriminator="kind"),
]


class Constraint(Value):
    """A rule, why it holds, and until when."""

    rule: ConstraintRule
    origin: Literal["learnt", "user"]
    because: str
    """In one sentence, for a person: the root error, or what the user said."""
    evidence: tuple[str, ...] = ()
    """The root error's lines, the request, the part of the patch: enough to doubt it later."""
    change: str | None = None
    """The change whose failure taught it."""
    expires: date | None = None
    """The last day on which it holds."""
    runs: int | None = Field(default=None, ge=0)
    """For how many more runs it holds; None is for good."""

    @property
    def id(self) -> str:
        """Equal for the same rule, however often it was learnt."""
        return "K-" + hashlib.sha256(self.rule.model_dump_json().encode()).hexdigest()[:8]
