"""One request at a time, and requests that wait

## What it finds
Gunicorn settings with synchronous workers (one request at a time each), where endpoints call other services or models
while the requester waits.

## Why it is slow
A worker that waits a second for somebody else serves nobody for a second. As many slow calls as there are workers, and
the application stands still with an idle processor.

## When it does not matter
The endpoints that wait are rarely asked, or there are many more workers than such requests.

## Example
```py
workers = 4
```

## Instead
```py
workers = 4
worker_class = "gthread"
threads = 8
```
with a pool of connections to match; better still, take the call out of the request.

## How to verify
Let the outside service take a second and send twice as many requests as there are workers: a page that calls nothing must
answer as fast as before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules.claim import Claim, place
from auditor.rules.connection_held import is_wait
from auditor.rules.scene import Spot, spot_of
from auditor.rules.serving import assigned, servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="sync-worker-with-slow-io",
    group="runtime-settings",
    phase=7,
    severity=Severity.MEDIUM,
    title="one request at a time, and requests that wait",
    playbook="runtime-settings",
    docs=__doc__,
)

_SLOW: Final = frozenset({"http", "llm"})
_ASYNCHRONOUS: Final = frozenset(
    {"sanic", "fastapi", "starlette", "litestar", "aiohttp", "tornado", "quart", "robyn", "strawberry"}
)
"""Frameworks that no sync worker serves: where the settings name no class, the command line does."""
_FEW: Final = 2
"""Endpoints that wait, up to which it is a corner of the application."""


def find(scene: Scene) -> Iterator[Claim]:
    """One claim for each server's settings."""
    for server in servers(scene):
        if server.worker_class not in {"sync", "SyncWorker"} or server.at_once > 1:
            continue
        waits, endpoints = slow(scene)
        said = next(
            (s for n in ("worker_class", "threads", "workers") if (s := assigned(server.module, n))), None
        )
        if len(endpoints) > _FEW and said is not None:
            spot = Spot(server.module, None, said[1], said[1], said[2])
            yield claim(spot, waits, len(endpoints))


def slow(scene: Scene) -> tuple[list[Effect], set[str]]:
    """Outside calls that requests wait for, and the endpoints that do."""
    found: dict[tuple[str, int], Effect] = {}
    endpoints: set[str] = set()
    for scope, effect in scene.effects():
        function = effect.site.function
        if effect.kind in _SLOW and id(scope) in scene.waited_in and is_wait(effect):
            found.setdefault((effect.site.module.path, effect.site.line), effect)
            endpoints |= {
                e.id
                for e in scene.trace.endpoints_of(function)
                if e.kind in {"http", "graphql"} and e.framework not in _ASYNCHRONOUS
            }
    return list(found.values()), endpoints


def claim(spot: Spot, waits: list[Effect], endpoints: int) -> Claim:
    """What is told of it."""
    return Claim(
        spot=spot,
        title=f"each worker takes one request at a time, and {endpoints} endpoints wait for other services",
        evidence=[
            Evidence(kind="setting", text="the worker class is `sync`, without threads"),
            *(
                Evidence(kind="code", text=f"`{e.label}` at `{e.site.module.path}:{e.site.line}`")
                for e in waits[:4]
            ),
        ],
        confidence=0.75,
        related=[place(spot_of(e.site), "call") for e in waits[:3]],
        could_be_wrong="The endpoints that wait are rarely asked.",
        fix="Use threads (`gthread`), or take the calls out of the requests.",
    )
