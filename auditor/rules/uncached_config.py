"""Configuration read again for every request

## What it finds
Settings of the application (rows of a table of settings, switches or configuration) that requests read from the database
each time, although nothing in the request decides what is read, and nobody keeps them; and files of settings, tariffs
or words that they open, whose names are written in the code.

## Why it is slow
It is one statement more, and its rows, on every request, for values that change once in months. Where it stands in a
middleware or a context processor, every page pays.

## When it does not matter
A change must take effect with the next request everywhere, or few requests ask.

## Example
```py
def context(request):
    return {"site": SiteSettings.objects.get()}
```

## Instead
Keep it in the process for some minutes, and drop it where the settings are saved:
```py
def site_settings():
    if _held is None or _held.until < time.monotonic():
        _hold(SiteSettings.objects.get())
    return _held.value
```
Of SQLAlchemy keep plain values, not rows of a session that is closed.

## How to verify
Two requests one after the other: the second runs one statement less. Change the setting: the process that did it sees it at
once, the others after the stated time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.model.report import CostTerm, Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules.audience import believable
from auditor.rules.claim import Claim, place
from auditor.rules.constant_files import constant_files
from auditor.rules.constant_reads import constant_reads, spot, told, writes_of
from auditor.rules.scene import spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.rules.constant_files import FileRead
    from auditor.rules.constant_reads import ConstantRead
    from auditor.rules.scene import Scene

RULE = RuleInfo(
    id="uncached-config",
    group="caching",
    phase=5,
    severity=Severity.MEDIUM,
    title="configuration read for every request",
    playbook="config-memo",
    docs=__doc__,
)

_CONFIGURATION: Final = re.compile(
    r"(Settings?|Configs?|Configurations?|Preferences?|Parameters?|FeatureFlags?|FeatureToggles?|Switch(es)?|Toggles?)$"
)
_MANY: Final = 3
"""Endpoints from which on it is everybody's configuration, also where an answering function reads it itself."""


def is_configuration(name: str) -> bool:
    """Whether a model's name says that its rows configure the application."""
    return _CONFIGURATION.search(name) is not None


def find(scene: Scene) -> Iterator[Claim]:
    """One claim a model, at the place most endpoints lead to."""
    for reads in scene.once(constant_reads).values():
        if is_configuration(reads[0].model.name):
            best = reads[0]
            if not best.is_handler or best.endpoints >= _MANY:
                made = claim(scene, reads)
                if believable(scene, made):
                    yield made
    for read in scene.once(constant_files):
        yield of_file(read)


def of_file(read: FileRead) -> Claim:
    """What is told of a file."""
    return Claim(
        spot=spot_of(read.effect.site),
        title=f"`{read.name}` is read for every request",
        evidence=[
            Evidence(kind="code", text="its name is written in the code; nothing of the request decides it"),
            Evidence(kind="note", text="no code of the project writes it"),
        ],
        confidence=0.7,
        severity=Severity.LOW,
        subject=read.name,
        cost_term=TermAtStake(kind="file", after=CostTerm(low=0, high=0)),
        could_be_wrong="It is changed while the application runs, and a change must be seen at once.",
        fix="Read it once for each process: `functools.cache` on a function without arguments that does nothing else.",
    )


def claim(scene: Scene, reads: list[ConstantRead]) -> Claim:
    """What is told of it."""
    best, *others = reads
    writes = writes_of(scene, best.model)
    count = best.endpoints
    return Claim(
        spot=spot(best),
        title=f"`{best.effect.label}` reads configuration for every request, on {count} endpoint{'s' * (count > 1)}",
        evidence=[
            Evidence(
                kind="query",
                text="what it asks for is written in the code; nothing of the request decides it",
            ),
            Evidence(kind="note", text=told(writes)),
            *(
                Evidence(kind="query", text=f"it is read at `{spot(r).module.path}:{spot(r).line}` as well")
                for r in others[:4]
            ),
        ],
        confidence=0.75,
        related=[
            *(place(spot_of(w.site), "write") for w in writes[:2]),
            *(place(spot(r), "query") for r in others[:2]),
        ],
        subject=best.model.name,
        cost_term=TermAtStake(kind="sql", after=CostTerm(low=0, high=0)),
        could_be_wrong="A change must be seen by the next request everywhere.",
        fix="Keep it in the process for some minutes, and drop it where it is written.",
    )
