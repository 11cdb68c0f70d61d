"""Stage 5: what broke, which part of the change did it, and what that forbids from now on.

The tree is known-good again before anybody is asked. What the model makes of the root error, the culprit and the exact failing request becomes a
typed constraint only if the evidence bears it: the failed part breaks it, or the failing request shows it. Otherwise nothing is learnt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from auditor.llm.answer import Answered
from auditor.model.constraint import (
    Constraint,
    ConstraintRule,
    FrozenFile,
    KeepFalsy,
    KeepField,
    KeepOrder,
    NoCache,
    NoModuleLevelCode,
    NoNewImport,
)
from auditor.stages.answers.diagnosis import ConstraintDrafted, Diagnosis
from auditor.stages.checking.wording import sentence
from auditor.stages.context.facts import constraint_facts
from auditor.stages.failure import culprit_text, patch_text
from auditor.stages.implement import change_facts
from auditor.stages.prompting.shown import Shown
from auditor.trial.constraints import violations
from auditor.trial.constraints.edited import Edited
from auditor.trial.constraints.imports import added_imports
from auditor.trial.patching import Applied, apply_patch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.model.plan import Change
    from auditor.stages.desk import Desk
    from auditor.stages.failure import Failure

_FALSY: Final = frozenset({"", "0", "false", "False", "null", "None", "[]"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosed:
    """What a failure taught."""

    cause: str = ""
    constraint: Constraint | None = None
    gives_up: bool = False
    advice: str = ""
    dropped: str = ""
    """Why a constraint that was named is not kept."""


async def diagnose(
    desk: Desk,
    change: Change,
    failure: Failure,
    known: Sequence[Constraint],
    read: Callable[[str], bytes | None],
    /,
) -> Diagnosed:
    """What `failure` of `change` forbids from now on; `read` gives the files of known-good, on which it was tried."""
    given = failure.inputs | {
        "change": Shown(kind="change", text=change_facts(change)),
        "patch": Shown(kind="patch", text=patch_text(failure.patch)),
        "culprit": Shown(kind="culprit", text=culprit_text(failure.verdict) or "it was not isolated"),
        "constraints": Shown(kind="constraints", text=constraint_facts(known) or "none yet"),
    }
    asked = await desk.ask("revert", given, Diagnosis)
    if not isinstance(asked.answer, Answered):
        return Diagnosed(dropped=asked.answer.detail)
    answer = asked.answer.data
    learnt = _learnt(answer, change, failure, read) if answer.constraint else None
    dropped = learnt if isinstance(learnt, str) else ""
    constraint = learnt if isinstance(learnt, Constraint) else None
    if constraint is not None and any(one.id == constraint.id for one in known):
        constraint, dropped = None, "it holds already"
    return Diagnosed(
        cause=sentence(answer.cause),
        constraint=constraint,
        gives_up=answer.next == "give-up",
        advice=sentence(answer.advice),
        dropped=dropped,
    )


def _learnt(
    answer: Diagnosis, change: Change, failure: Failure, read: Callable[[str], bytes | None]
) -> Constraint | str:
    """The constraint, if the evidence bears it; else why not."""
    assert answer.constraint is not None
    try:
        rule = _rule(answer.constraint)
    except ValidationError:
        return f"it is no constraint of the kind {answer.constraint.kind}"
    constraint = Constraint(
        rule=rule,
        origin="learnt",
        because=sentence(answer.cause) or failure.verdict.text,
        evidence=(failure.verdict.text, *failure.verdict.culprit)[:20],
        change=change.id,
    )
    problem = _unborne(constraint, change, failure, read)
    return problem or constraint


def _rule(drafted: ConstraintDrafted) -> ConstraintRule:
    scope = {"scope": drafted.scope} if drafted.scope else {}
    match drafted.kind:
        case "no-new-import":
            return NoNewImport.model_validate({"modules": tuple(drafted.modules or ()), **scope})
        case "no-module-level-code":
            return NoModuleLevelCode.model_validate(scope)
        case "frozen-file":
            return FrozenFile.model_validate(scope)
        case "keep-falsy":
            return KeepFalsy.model_validate({"parameter": drafted.parameter, "endpoint": drafted.endpoint})
        case "keep-field":
            return KeepField.model_validate({"path": drafted.path, "endpoint": drafted.endpoint})
        case "keep-order":
            return KeepOrder.model_validate({"endpoint": drafted.endpoint})
        case "no-cache":
            return NoCache.model_validate({"endpoint": drafted.endpoint})


def _unborne(
    constraint: Constraint, change: Change, failure: Failure, read: Callable[[str], bytes | None]
) -> str:
    """Why the evidence does not bear the rule; empty if it does."""
    rule, verdict = constraint.rule, failure.verdict
    seen = f"{verdict.text}\n{verdict.root_error}"
    edited = _edited(failure, change, read)
    endpoint = getattr(rule, "endpoint", None)
    if endpoint is not None and endpoint not in change.endpoints:
        return f"{endpoint} is no endpoint of the change"
    match rule:
        case NoNewImport(modules=()):
            return "it names no module, and so forbids more than has failed"
        case NoNewImport(modules=modules):
            added = " ".join(text for file in edited for text in added_imports(NoNewImport(), file))
            if verdict.gate != "boot" or not all(f"`{module}" in added for module in modules):
                return "the patch did not import it, or an import did not fail"
        case NoModuleLevelCode() if verdict.gate != "boot":
            return "nothing failed at import"
        case FrozenFile(scope=scope) if scope in {"**", "*", ""} or "*" in scope:
            return "it freezes more than what has failed"
        case KeepFalsy(parameter=parameter):
            pairs = [pair for request in failure.requests for pair in request.query]
            if not any(name == parameter and value in _FALSY for name, value in pairs):
                return "no failing request has this parameter with an empty value"
        case KeepField(path=path):
            if not path or f"`{path}`" not in seen:
                return "the differences do not name this field"
        case KeepOrder():
            if "in another order" not in seen:
                return "no difference is one of order"
        case NoCache():
            if "not read" not in seen and not violations(edited, [constraint]):
                return "nothing was stale, and nothing was remembered"
        case _:
            pass
    if isinstance(rule, (NoNewImport, NoModuleLevelCode, FrozenFile)) and not violations(
        edited, [constraint]
    ):
        return "the patch that failed does not break it"
    return ""


def _edited(failure: Failure, change: Change, read: Callable[[str], bytes | None]) -> tuple[Edited, ...]:
    applied = apply_patch(failure.patch, read)
    if not isinstance(applied, Applied):
        return ()
    on_the_way = frozenset(change.endpoints)
    return tuple(Edited(path, read(path), applied.files[path], on_the_way) for path in sorted(applied.files))
