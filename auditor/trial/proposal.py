"""A change that somebody wants tried: a codemod, a model, a person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

from pydantic import JsonValue, TypeAdapter

from auditor.measure.contract.declared import NOTHING_DECLARED, Declared
from auditor.model.patch import Patch
from auditor.trial.candidate import Promise
from auditor.trial.ledger import FailedTrial, KeptChange, LeftOver


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The patch, what it is for, and what it may do differently. Every field can be written to a run's events."""

    change: str
    title: str
    patch: Patch
    allowed: tuple[str, ...] = ()
    promises: tuple[Promise, ...] = ()
    declared: Declared = NOTHING_DECLARED
    constant_rise: tuple[str, ...] = ()
    may_touch: frozenset[str] = frozenset()
    endpoints: Mapping[str, frozenset[str]] | None = None
    """By file, the endpoints on whose way its changed functions lie."""


def terms_of(proposal: Proposal, /) -> dict[str, JsonValue]:
    """All of it but the patch and its names, so that the change can be tried once more on the same terms."""
    terms: dict[str, JsonValue] = _ADAPTER.dump_python(proposal, mode="json", exclude=_NAMED)
    return terms


def says_more(proposal: Proposal, failed: FailedTrial, /) -> bool:
    """Whether it declares beforehand what the failed one did not: the same patch may then pass where that one was stopped."""
    named = {"change": failed.change, "title": "", "patch": failed.patch}
    then = _ADAPTER.validate_python({**failed.terms, **named})
    return (
        then.declared.also(proposal.declared) != then.declared
        or not set(proposal.constant_rise) <= set(then.constant_rise)
        or not proposal.may_touch <= then.may_touch
    )


def proposal_of(recorded: KeptChange | LeftOver, /) -> Proposal:
    """The proposal that `terms_of` was asked about; `pydantic.ValidationError` for anything else."""
    named = {"change": recorded.change, "title": recorded.title, "patch": recorded.patch}
    return _ADAPTER.validate_python({**recorded.terms, **named})


def declared_by(kept: Iterable[KeptChange], /) -> Declared:
    """What kept changes declared, all together."""
    return reduce(Declared.also, (proposal_of(one).declared for one in kept), NOTHING_DECLARED)


_NAMED = {"change", "title", "patch"}
_ADAPTER: TypeAdapter[Proposal] = TypeAdapter(Proposal)
