"""What worked on one endpoint is tried first on the next; `recipes.json` in the target's state remembers it between runs."""

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Final

from auditor.engine.fixing.proposing import Proposed
from auditor.model.fault import Fault
from auditor.model.result import EffortResult, TransferResult
from auditor.model.trial import Verdict
from auditor.stages.playbook.transfer import (
    Effort,
    Tried,
    failed_everywhere,
    preferred,
    transfers,
)
from auditor.trial.memory import write_whole

FILE: Final = "recipes.json"
SCHEMA: Final = "auditor/recipes@1"
MOST: Final = 2_000
"""Trials that are remembered; the oldest are forgotten first."""


class Recipes:
    """The trials of this target so far, each with the recipe that it followed."""

    def __init__(self, folder: Path, /) -> None:
        self._path = folder / FILE
        self._tried = _read(self._path)

    def note(self, made: Proposed, verdict: Verdict, /, *, endpoint: str, runs: int, seconds: float) -> None:
        """Remembers how a change ended, on the disk when this returns. A void trial says nothing."""
        if verdict.verdict == "void":
            return
        gained = [g.before - g.after for g in verdict.gains if g.endpoint == endpoint and g.kind == "sql"]
        tried = Tried(
            endpoint=endpoint,
            recipe=recipe_of(made),
            kept=verdict.verdict == "kept",
            runs=runs,
            seconds=round(seconds, 1),
            gain=max(0.0, *gained) if gained else 0.0,
        )
        self._tried = (*self._tried, tried)[-MOST:]
        document = {"schema": SCHEMA, "tried": [asdict(one) for one in self._tried]}
        write_whole(self._path, json.dumps(document, indent=1).encode())

    def in_order(self, made: Iterable[Proposed], /, *, endpoint: str) -> Iterable[Proposed]:
        """Proposals for an endpoint: what gained most a run elsewhere first, what failed wherever it was tried last.

        Nothing was tried elsewhere, or no endpoint is meant: as they come, and no sooner than they are asked for.
        """
        elsewhere = [one for one in self._tried if endpoint and one.endpoint != endpoint]
        if not elsewhere:
            return made
        ranks = {name: rank for rank, name in enumerate(preferred(elsewhere))}
        failed = failed_everywhere(elsewhere)

        def rank(one: Proposed) -> int:
            recipe = recipe_of(one)
            return len(ranks) + 1 if recipe in failed else ranks.get(recipe, len(ranks))

        return sorted(made, key=rank)

    def transfers(self, endpoints: Iterable[str], /) -> tuple[TransferResult, ...]:
        """The first endpoint that was ever tried, against each of these."""
        wanted = set(endpoints)
        return tuple(
            TransferResult(
                first=_told(one.first),
                later=_told(one.later),
                carried=one.carried,
                refused=one.refused,
                share=one.share,
            )
            for one in transfers(self._tried)
            if one.later.endpoint in wanted
        )


def recipe_of(made: Proposed, /) -> str:
    """The playbook of the finding that a proposal treats, else its codemod."""
    return made.finding.playbook or made.codemod


def _told(effort: Effort) -> EffortResult:
    return EffortResult(
        endpoint=effort.endpoint,
        tried=effort.tried,
        kept=effort.kept,
        runs=effort.runs,
        seconds=effort.seconds,
        gain=effort.gain,
        runs_per_gain=effort.runs_per_gain,
        seconds_per_gain=effort.seconds_per_gain,
    )


def _read(path: Path) -> tuple[Tried, ...]:
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise _damaged(path) from error
    known = {field.name for field in fields(Tried)}
    rows = document.get("tried") if isinstance(document, dict) and document.get("schema") == SCHEMA else None
    if not isinstance(rows, list) or any(not isinstance(row, dict) or set(row) != known for row in rows):
        raise _damaged(path)
    return tuple(Tried(**row) for row in rows)


def _damaged(path: Path) -> Fault:
    return Fault("can't be understood", where=str(path), hint="move it away: then nothing is remembered")
