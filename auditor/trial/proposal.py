"""A change that somebody wants tried: a codemod, a model, a person."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue, TypeAdapter

from auditor.measure.contract.declared import NOTHING_DECLARED, Declared
from auditor.model.patch import Patch
from auditor.trial.candidate import Promise


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


def proposal_of(change: str, title: str, patch: Patch, terms: Mapping[str, JsonValue], /) -> Proposal:
    """The proposal that `terms_of` was asked about; `pydantic.ValidationError` for anything else."""
    return _ADAPTER.validate_python({**terms, "change": change, "title": title, "patch": patch})


_NAMED = {"change", "title", "patch"}
_ADAPTER: TypeAdapter[Proposal] = TypeAdapter(Proposal)
