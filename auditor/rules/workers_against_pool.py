"""More requests at once than connections to give them

## What it finds
A worker that works on many requests at the same time (gevent, eventlet, threads) with a pool of database connections
that is far smaller.

## Why it is slow
All but a few of the requests stand in line for a connection. The line is invisible: the database is idle, the
processor is idle, and every request takes as long as the requests before it.

## When it does not matter
Few requests need the database, or the connections are held for a fraction of the time that a request takes.

## Example
```py
worker_class = "gevent"
worker_connections = 200
```
```py
engine = create_engine(url, pool_size=5)
```

## Instead
Let a worker take no more requests than its pool and overflow can serve, with a margin for those that need no
connection; let workers times pool stay below what the database admits.

## How to verify
Load the application with as many requests at once as a worker admits, and measure the wait for a connection beside the
time of the queries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules.claim import Claim, place
from auditor.rules.serving import pools, servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.rules.scene import Scene

RULE = RuleInfo(
    id="workers-against-pool",
    group="runtime-settings",
    phase=7,
    severity=Severity.MEDIUM,
    title="more requests at once than connections",
    playbook="runtime-settings",
    docs=__doc__,
)
_MARGIN: Final = 2
"""Requests for each connection up to which waiting is rare."""


def find(scene: Scene) -> Iterator[Claim]:
    """One claim a server, against the target's largest pool."""
    made = [p for p in scene.once(pools) if p.spot.module.role != "script"]
    largest = max(made, key=lambda p: (p.most, p.told), default=None)
    for server in servers(scene):
        if largest is None or server.at_once <= _MARGIN * largest.most:
            continue
        yield Claim(
            spot=server.spot,
            title=f"{server.at_once} requests at once in each worker share {largest.size} connections, "
            f"{largest.most} at most",
            evidence=[
                Evidence(
                    kind="setting", text=f"a {server.worker_class} worker takes {server.at_once} requests"
                ),
                Evidence(
                    kind="setting",
                    text=f"the pool at `{largest.spot.module.path}:{largest.spot.line}` has {largest.size}, "
                    f"and {largest.overflow} in overflow",
                ),
            ],
            confidence=0.95 if largest.told else 0.85,
            related=[place(largest.spot, "setting")],
            cost_term=TermAtStake(kind="session"),
            could_be_wrong="The environment sets other numbers, or few requests need the database.",
            fix="Bring both together: fewer requests in a worker, or a larger pool within the database's limit.",
        )
