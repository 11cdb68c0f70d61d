"""Stage 4: one small patch for one change, within the constraints learnt.

The answer is edits that match exactly once; what does not match, leaves the change's files, does not parse or breaks a constraint is sent back with
the reason before anything is run. Before a patch is handed over, every field of the answer is held against the original once more.
After a failed trial the question goes on where it stopped: with the exact failing request and the root error, or with the part that was
found to be the culprit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auditor.llm.answer import Answered
from auditor.stages.answers.implementation import CrossCheck, Implementation
from auditor.stages.checking.edits import Ground, Written, without_copies, written
from auditor.stages.checking.wording import sentence
from auditor.stages.context.facts import constraint_facts, judged_facts
from auditor.stages.failure import culprit_text, patch_text
from auditor.stages.prompting.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.plan import Change
    from auditor.model.report import Finding
    from auditor.stages.desk import Asked, Desk
    from auditor.stages.failure import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Implemented:
    """Patches to be tried, the best first; or why there are none."""

    candidates: tuple[Written, ...] = ()
    copies: int = 0
    """Candidates left out because they were another one in other words."""
    reason: str = ""
    asked: Asked[Any] | None = field(default=None, repr=False)
    """The last question, for `again`."""


async def implement(
    desk: Desk, change: Change, findings: Sequence[Finding], ground: Ground, /, *, count: int = 1
) -> Implemented:
    """At most `count` patches for `change`, cross-checked."""
    given = {
        "change": Shown(kind="change", text=change_facts(change)),
        "findings": Shown(kind="findings", text=judged_facts(findings) or "none"),
        "constraints": _constraints(ground),
        "count": Shown(kind="count", text=str(count)),
    }
    asked = await desk.ask("implement", given, Implementation, check=_check(change, ground, count))
    made = _made(asked, change, ground, count)
    return await _crosschecked(desk, change, ground, made) if made.candidates else made


async def again(
    desk: Desk, change: Change, ground: Ground, before: Implemented, failure: Failure, /, *, slow: str = ""
) -> Implemented:
    """The next attempt after `failure`, on the same known-good, as the next turn of the same question.

    `slow` is the target and where the endpoint stands, for when constraints have been learnt on the way.
    """
    assert before.asked is not None, "there was a first attempt"
    thought = Shown(kind="cause", text=failure.thought or "nothing was made of it yet")
    given = failure.inputs | {"constraints": _constraints(ground), "cause": thought}
    prompt = "repair"
    if failure.verdict.culprit:
        prompt = "culprit"
        given["culprit"] = Shown(kind="culprit", text=culprit_text(failure.verdict))
    after = before.asked
    asked = await desk.ask(prompt, given, Implementation, check=_check(change, ground, 1), after=after, within=(
        {"target": Shown(kind="target", text=slow), "constraints": _constraints(ground)}
        if slow and ground.constraints
        else None
    ))  # fmt: skip
    made = _made(asked, change, ground, 1)
    return await _crosschecked(desk, change, ground, made) if made.candidates else made


async def _crosschecked(desk: Desk, change: Change, ground: Ground, made: Implemented) -> Implemented:
    """The first candidate with each field of the answer held against the original; written once more if one differs."""
    assert made.asked is not None
    given = {"patch": Shown(kind="patch", text=patch_text(made.candidates[0].patch))}
    asked = await desk.ask("crosscheck", given, CrossCheck, after=made.asked)
    if not isinstance(asked.answer, Answered) or not any(
        text.strip() for text in asked.answer.data.differences
    ):
        return made
    repaired = await desk.ask("differs", {}, Implementation, check=_check(change, ground, 1), after=asked)
    better = _made(repaired, change, ground, 1)
    if not better.candidates:
        said = "; ".join(sentence(text) for text in asked.answer.data.differences[:3])
        return Implemented(
            reason=better.reason or f"it would change what is answered: {said}", asked=repaired
        )
    return Implemented(candidates=(*better.candidates, *made.candidates[1:]), asked=repaired)


def change_facts(change: Change, /) -> str:
    """What is to be done, on which files, for what."""
    lines = [f"{change.id}: {change.title}", f"endpoints: {', '.join(change.endpoints)}"]
    lines += [f"file: {path}" for path in change.files]
    lines += [f"expected in {kind}: {text}" for kind, text in sorted(change.expected.items())]
    lines += [f"step: {step}" for step in change.steps]
    lines += [f"verify: {check}" for check in change.verify.splitlines()]
    lines += [f"risk: {change.risk}"]
    return "\n".join(lines)


def _check(change: Change, ground: Ground, count: int) -> Any:
    def check(answer: Implementation) -> list[str]:
        if not answer.candidates:
            asks = answer.more_code or (answer.impossible or "").strip()
            return [] if asks else ["there is no candidate, and `impossible` does not say why"]
        problems: list[str] = []
        for number, candidate in enumerate(answer.candidates[:count], start=1):
            made = written(candidate, ground, change=change.id)
            if not isinstance(made, Written):
                problems += [f"candidate {number}: {text}" for text in made]
        return problems

    return check


def _made(asked: Asked[Implementation], change: Change, ground: Ground, count: int) -> Implemented:
    if not isinstance(asked.answer, Answered):
        return Implemented(reason=asked.answer.detail, asked=asked)
    answer = asked.answer.data
    made = [written(candidate, ground, change=change.id) for candidate in answer.candidates[:count]]
    kept, copies = without_copies(one for one in made if isinstance(one, Written))
    reason = "" if kept else sentence(answer.impossible or "no candidate was given")
    return Implemented(candidates=tuple(kept), copies=copies, reason=reason, asked=asked)


def _constraints(ground: Ground) -> Shown:
    return Shown(kind="constraints", text=constraint_facts(ground.constraints) or "none yet")
