"""What comes of asking a codemod."""

from dataclasses import dataclass, field

from auditor.model.effect import EffectKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A patch, as the new text of each file it changes; line feeds only."""

    codemod: str
    title: str
    """What it does, as the subject of a commit."""
    files: dict[str, str]
    promises: tuple[EffectKind, ...] = ()
    """Kinds of effect of which the finding's endpoints do less."""
    fewer_records: tuple[str, ...] = ()
    """Message templates of INFO and DEBUG records of which there are fewer."""
    fewer_calls: tuple[str, ...] = ()
    """Hosts to which there are fewer GET requests."""
    constant_rise: tuple[EffectKind, ...] = ()
    may_touch: frozenset[str] = field(default_factory=frozenset)
    """Protected classes of files that belong to it: `migration`."""
    verify: tuple[str, ...] = ()
    """What a person should look at beside what the gates check."""


@dataclass(frozen=True, slots=True)
class Declined:
    """Why this fix is not made."""

    codemod: str
    reason: str
    """For a person, without a final full stop."""
