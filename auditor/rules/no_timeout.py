"""An outside call that may wait for ever

## What it finds
A call to another service for which neither the call, nor its client, nor the library sets a time limit.

## Why it is slow
When the other side hangs, so does the worker, until somebody restarts it. A handful of such requests is enough to stop
a whole application that does nothing wrong.

## When it does not matter
A script that a person watches, or a client for which the limit is set out of sight (a proxy, a patched session).

## Example
```py
answer = requests.get(url)
```

## Instead
```py
answer = requests.get(url, timeout=(3.05, 10))
```

## How to verify
Point the call at a server that accepts and never answers: the request must end with an error that is handled, within
the limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules.audience import audience, believable
from auditor.rules.claim import Claim, place
from auditor.rules.scene import spot_of
from auditor.rules.time_limits import lifted_by_client, limits_of, waits_for_ever

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="no-timeout",
    group="outside-calls",
    phase=6,
    severity=Severity.MEDIUM,
    title="outside call without a time limit",
    playbook="outside-calls",
    docs=__doc__,
)

_KINDS: Final = frozenset({"http", "llm", "mail"})
_TOLD: Final = 6


def find(scene: Scene) -> Iterator[Claim]:
    """One claim a file: its calls are mended together."""
    limits = limits_of(scene)
    by_file: dict[str, dict[tuple[str, int], Effect]] = {}
    for _, effect in scene.effects():
        if effect.kind in _KINDS and waits_for_ever(scene, limits, effect) and not is_stream(effect):
            spot = spot_of(effect.site)
            if audience(scene, spot) != "command":
                by_file.setdefault(spot.module.path, {}).setdefault(spot.key, effect)
    for path in sorted(by_file):
        ordered = sorted(by_file[path].values(), key=lambda e: (e.guessed, rank(scene, e), e.site.line))
        made = claim(scene, ordered[0], ordered[1:])
        if believable(scene, made):
            yield made


def is_lifted(effect: Effect) -> bool:
    """Whether the call itself says `None`."""
    node = effect.node
    return node is not None and any(key is not None and "timeout" in key for key, _ in node[4])


def is_stream(effect: Effect) -> bool:
    """Whether somebody wants to hear what comes for as long as it comes: a stream whose limit was lifted."""
    return is_lifted(effect) and effect.target.rpartition(".")[2] == "stream"


def rank(scene: Scene, effect: Effect) -> int:
    """Those that a request waits for come first."""
    return ["request", "task", "unknown", "command"].index(audience(scene, spot_of(effect.site)))


def claim(scene: Scene, effect: Effect, others: list[Effect]) -> Claim:
    """What is told of a file's calls."""
    who = audience(scene, spot_of(effect.site))
    argument = "" if effect.fact is None else effect.fact.timeout_argument
    lifted = lifted_by_client(scene, effect) is not None
    on_client = effect.target.count(".") > 1 and not lifted
    more = f", with {len(others)} more in this file" if others else ""
    return Claim(
        spot=spot_of(effect.site),
        title=f"`{effect.target}` may wait for ever{more}",
        evidence=[
            Evidence(
                kind="code",
                text=f"`{argument}=None` takes the limit away"
                if is_lifted(effect)
                else "its client is made with `timeout=None`, which takes the limit away"
                if lifted
                else f"no `{argument}` is given, and the library sets none",
            ),
            *(
                Evidence(kind="code", text=f"and at `{e.site.module.path}:{e.site.start}`: `{e.target}`")
                for e in others[:_TOLD]
            ),
        ],
        confidence=0.65 if on_client else 0.9,
        severity=Severity.HIGH if who == "request" and effect.kind != "mail" else None,
        related=[place(spot_of(e.site), "call") for e in others],
        subject=effect.target,
        could_be_wrong="The limit is set where it can't be seen, such as on the client that is passed in.",
        fix=f"Give it `{argument}`: a few seconds to connect, and as long as the answer is worth.",
        guessed=effect.guessed,
        payers=tuple(e.site.function for e in others if e.site.function is not None),
    )
