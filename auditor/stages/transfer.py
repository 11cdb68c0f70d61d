"""Stage 6: what carries over to the next endpoint.

A run that kept changes is distilled into a playbook: precondition, recipe, what broke. Each step must have been seen in a kept change and each
lesson in a failed change or a constraint of this run; what was not is dropped. The next endpoint's analysis begins with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.llm.answer import Answered
from auditor.model.judged import Dropped
from auditor.model.playbook import Playbook
from auditor.model.text import code
from auditor.stages.answers.playbook import PlaybookAnswer
from auditor.stages.checking.wording import sentence
from auditor.stages.context.facts import constraint_facts
from auditor.stages.failure import patch_text
from auditor.stages.playbook.skill import SECTIONS
from auditor.stages.prompting.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.stages.desk import Desk
    from auditor.trial.ledger import FailedTrial, KeptChange, Ledger

_NAME: Final = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
_MOST_PATCH: Final = 3_000
"""Characters of a patch that are shown; what it did is in its title and its gain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """The playbook, or why there is none."""

    playbook: Playbook | None = None
    dropped: tuple[Dropped, ...] = ()
    reason: str = ""


async def transfer(
    desk: Desk,
    ledger: Ledger,
    endpoint: str,
    /,
    *,
    gains: str,
    rules: tuple[str, ...] = (),
    changes: frozenset[str] | None = None,
) -> Transferred:
    """What the run of `ledger` teaches beyond `endpoint`.

    `changes` are those of this endpoint, all without it; `rules` those whose findings were treated: they are the precondition that a
    program can check.
    """
    kept = [one for one in ledger.kept if changes is None or one.change in changes]
    failed = [one for one in ledger.failed if changes is None or one.change in changes]
    if not kept:
        return Transferred(reason="nothing was kept, so there is nothing to carry over")
    given = {
        "kept": Shown(kind="kept", text="\n".join(map(_kept, kept))),
        "failed": Shown(kind="failed", text="\n".join(map(_failed, failed)) or "none"),
        "constraints": Shown(kind="constraints", text=constraint_facts(ledger.constraints) or "none"),
        "gains": Shown(kind="gains", text=gains or "not measured"),
    }
    asked = await desk.ask("transfer", given, PlaybookAnswer, check=lambda answer: _problems(answer, kept))
    if not isinstance(asked.answer, Answered):
        return Transferred(reason=asked.answer.detail)
    return _playbook(asked.answer.data, ledger, endpoint, kept, failed, rules)


def _problems(answer: PlaybookAnswer, kept: Sequence[KeptChange]) -> list[str]:
    problems = []
    if not _NAME.match(_slug(answer.name)) or len(_slug(answer.name)) > 64:
        problems.append(f"{answer.name[:64]!r} is no name: lower case words with hyphens")
    if not answer.description.strip() or not answer.title.strip():
        problems.append("there is no title, or no description")
    if not any(text.strip() for text in answer.precondition):
        problems.append("there is no precondition")
    known = {one.change for one in kept}
    if not any(step.change in known and step.text.strip() for step in answer.recipe):
        problems.append(f"no step names a kept change; these were kept: {', '.join(sorted(known))}")
    return problems


def _playbook(
    answer: PlaybookAnswer,
    ledger: Ledger,
    endpoint: str,
    kept: Sequence[KeptChange],
    failed: Sequence[FailedTrial],
    rules: tuple[str, ...],
) -> Transferred:
    done = {one.change for one in kept}
    taught = {one.change for one in failed} | {one.id for one in ledger.constraints}
    recipe = [step for step in answer.recipe if step.change in done and step.text.strip()]
    broke = [one for one in answer.broke if one.source in taught and one.text.strip()]
    dropped = [
        Dropped(endpoint=endpoint, what="step", reason="names no kept change")
        for step in answer.recipe
        if step not in recipe
    ]
    dropped += [
        Dropped(endpoint=endpoint, what="lesson", reason="was not seen in this run")
        for one in answer.broke
        if one not in broke
    ]
    sections = (
        _said(answer.precondition),
        [f"{sentence(step.text)} ({step.change})" for step in recipe],
        _said(answer.verify),
        [f"{sentence(one.text)} ({one.source})" for one in broke] or ["Nothing so far."],
    )
    parts = [f"# {_line(answer.title)}", f"Distilled from {code(endpoint)}."]
    for heading, lines in zip(SECTIONS, sections, strict=True):
        numbered = heading == SECTIONS[1]
        marks = [f"{n}." if numbered else "-" for n in range(1, len(lines) + 1)]
        listed = "\n".join(f"{mark} {_line(line)}" for mark, line in zip(marks, lines, strict=True))
        parts.append(f"## {heading}\n\n{listed}")
    playbook = Playbook(
        name=_slug(answer.name),
        description=_line(answer.description)[:1024],
        rules=rules,
        body="\n\n".join(parts) + "\n",
        learnt_from=ledger.run,
    )
    return Transferred(playbook=playbook, dropped=tuple(dropped))


def _slug(name: str) -> str:
    """`Batch and join` as a folder is named."""
    return re.sub(r"[\s_]+", "-", name.strip()).lower()


def _said(texts: Iterable[str]) -> list[str]:
    return [sentence(text) for text in texts if text.strip()]


def _line(text: str) -> str:
    """A sentence as markdown: it holds no links, pictures or tags, and begins no heading."""
    return re.sub(r"[\[\]<>|#]", "", sentence(text)).strip()


def _kept(one: KeptChange) -> str:
    gains = ", ".join(f"{g.kind} {g.before:g} → {g.after:g} on {g.endpoint}" for g in one.verdict.gains[:6])
    return f"{one.change}: {one.title}\ngained: {gains or 'nothing countable'}\n{patch_text(one.patch)[:_MOST_PATCH]}"


def _failed(one: FailedTrial) -> str:
    culprit = "; ".join(one.verdict.culprit)
    return f"{one.change}: {one.verdict.gate}: {one.verdict.text}" + (
        f"; culprit: {culprit}" if culprit else ""
    )
