"""Rules: one bottleneck a file, registered by being there.

A rule is a module with a docstring (its published page), `RULE` and `find(scene)`, a generator of claims.
"""

from __future__ import annotations

import hashlib
import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from auditor.model.stumbles import Stumbles
from auditor.rules.claim import findings as findings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from auditor.model.report import Finding
    from auditor.model.rule import RuleInfo
    from auditor.rules.claim import Claim
    from auditor.rules.scene import Scene


class Rule(Protocol):
    """What a rule's module offers."""

    RULE: RuleInfo
    find: Callable[[Scene], Iterator[Claim]]


def rules() -> tuple[Rule, ...]:
    """Every rule, by id."""
    found = []
    for info in pkgutil.iter_modules(__path__):
        module = import_module(f"{__name__}.{info.name}")
        if hasattr(module, "RULE"):
            found.append(cast("Rule", module))
    return tuple(sorted(found, key=lambda r: r.RULE.id))


def rule_infos() -> tuple[RuleInfo, ...]:
    """What each rule is, with its page."""
    return tuple(r.RULE for r in rules())


def run_rules(
    scene: Scene,
    *,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    stumbles: Stumbles | None = None,
) -> tuple[Finding, ...]:
    """Findings of the selected rules (all without a selection), by file, line and rule.

    `stumbles` says whether a rule that fails is left out, and learns of it.
    """
    stumbles = stumbles or Stumbles()
    chosen, left_out = frozenset(select), frozenset(ignore)
    made: list[Finding] = []
    for rule in rules():
        identity = rule.RULE.id
        if (not chosen or identity in chosen) and identity not in left_out:
            claims: list[Claim] = []
            with stumbles.over(f"the rule `{identity}` looked at a part only"):
                claims.extend(rule.find(scene))
            with stumbles.over(f"what the rule `{identity}` found is not all shown"):
                made.extend(findings_of(scene, rule.RULE, claims))
    return told_apart(sorted(made, key=lambda f: (f.file, f.line, f.rule, f.id)))


def told_apart(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """`found`, in order, with ids of their own: two applications may have functions of the same name that do the same."""
    taken: set[str] = set()
    told: list[Finding] = []
    for one in found:
        name, identity = one.id, f"{one.id}\0{one.file}"
        while name in taken:
            name = (
                f"F-{hashlib.blake2b(identity.encode('utf-8', 'surrogateescape'), digest_size=5).hexdigest()}"
            )
            identity = f"{identity}\0"
        taken.add(name)
        told.append(one if name == one.id else one.model_copy(update={"id": name}))
    return tuple(told)
