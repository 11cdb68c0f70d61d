"""A new database connection for every request

## What it finds
Django settings whose databases have neither `CONN_MAX_AGE` nor a pool, so that each request opens a connection of its own
and closes it again.

## Why it is slow
A connection costs several round trips, a TLS handshake, and on PostgreSQL a process: five to fifty milliseconds before
the first query, and as much work for the server as a few cheap queries.

## When it does not matter
A pooler next to the application (PgBouncer, RDS Proxy) makes connecting cheap, or the database is SQLite.

## Example
```py
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop"}}
```

## Instead
```py
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "shop",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
```
Workers times threads must stay below what the database admits. Under an event loop or gevent, use a pool instead.

## How to verify
Count connections made per minute at the database under load, before and after, and the time to first byte of a cheap page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.claim import Claim
from auditor.rules.debug_on import NOT_DEPLOYED
from auditor.rules.scene import Spot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Module
    from auditor.rules.scene import Scene

RULE = RuleInfo(
    id="no-persistent-connection",
    group="runtime-settings",
    phase=7,
    severity=Severity.LOW,
    title="new database connection for every request",
    playbook="runtime-settings",
    docs=__doc__,
)

_SERVERS: Final = ("postgres", "postgis", "mysql", "mariadb", "oracle", "mssql", "psycopg")
_KEEPING: Final = frozenset(
    {"CONN_MAX_AGE", "conn_max_age", "pool", "POOL_OPTIONS", "DISABLE_SERVER_SIDE_CURSORS"}
)
"""What says that somebody has thought of it; the last one is set where a pooler stands in between."""


def find(scene: Scene) -> Iterator[Claim]:
    """One claim for the settings that declare the databases, where no settings file speaks of keeping connections."""
    declaring = []
    for module in scene.project.modules:
        if module.role in {"library", "migration"}:
            continue
        if speaks_of_keeping(module):
            return
        if module.role == "app" and not NOT_DEPLOYED.search(module.path):
            declaring += [(module, s) for s in module.body if is_databases(s)]
    for module, statement in declaring[:1]:
        engine = engine_of(statement[4])
        if engine:
            yield claim(module, statement, engine)


def speaks_of_keeping(module: Module) -> bool:
    """Whether the module names one of the options, in whatever way."""
    for node in turns.nodes(module.body):
        if node[0] == ir.CONST and isinstance(node[2], str) and node[2] in _KEEPING:
            return True
        if node[0] == ir.CALL and any(key in _KEEPING for key, _ in node[4]):
            return True
    return False


def is_databases(s: Node) -> bool:
    return bool(
        s[0] == ir.ASSIGN
        and any(t[0] == ir.NAME and t[2] == "DATABASES" for t in s[3])
        and s[4][0] == ir.DICT
    )


def engine_of(declared: Node) -> str:
    """The engine of the default database, where it is a server's and every option is written out."""
    for key, value in declared[2]:
        if key is None or key[0] != ir.CONST or key[2] != "default" or value[0] != ir.DICT:
            continue
        if any(k is None for k, _ in value[2]):
            return ""
        given = {k[2]: v for k, v in value[2] if k[0] == ir.CONST}
        engine = given.get("ENGINE")
        texts = [str(n[2]) for n in turns.nodes(engine) if n[0] == ir.CONST] if engine is not None else []
        found = [t for t in texts if any(s in t for s in _SERVERS)]
        return found[-1] if found else ""
    return ""


def claim(module: Module, statement: Node, engine: str) -> Claim:
    """What is told of it."""
    return Claim(
        spot=Spot(module, None, statement[1], statement[1], min(statement[2], statement[1] + 11)),
        title="each request opens a database connection of its own",
        evidence=[
            Evidence(kind="setting", text=f"`{engine}` without `CONN_MAX_AGE`, which is 0 by default"),
            Evidence(kind="setting", text="no settings file speaks of a pool"),
        ],
        confidence=0.75,
        cost_term=TermAtStake(kind="session"),
        could_be_wrong="A pooler stands next to the application, or the deployment's own settings say otherwise.",
        fix="Set `CONN_MAX_AGE` and `CONN_HEALTH_CHECKS`, or a pool.",
    )
