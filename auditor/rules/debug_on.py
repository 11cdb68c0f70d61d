"""Debugging left on

## What it finds
Settings as shipped that keep an application in debugging: Django's `DEBUG = True` where no other settings are deployed
and the environment does not decide, an engine that echoes its SQL, a framework made with `debug=True`.

## Why it is slow
Django keeps every statement of a request in memory and builds templates anew each time; an echoing engine writes each
statement and each row to the log. Error pages show source and settings to strangers besides.

## When it does not matter
The file is used on developers' machines alone.

## Example
```py
DEBUG = True
engine = create_engine(url, echo=True)
```

## Instead
```py
DEBUG = os.environ.get("DEBUG") == "1"
engine = create_engine(url)
```

## How to verify
Ask the deployed process for the setting, and request an address that does not exist: the page must not explain itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import External
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import names, turns
from auditor.rules.claim import Claim
from auditor.rules.scene import Spot, statement_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function, Module
    from auditor.rules.scene import Scene

RULE = RuleInfo(
    id="debug-on",
    group="runtime-settings",
    phase=7,
    severity=Severity.MEDIUM,
    title="debugging left on",
    playbook="runtime-settings",
    docs=__doc__,
)

NOT_DEPLOYED: Final = re.compile(
    r"(^|[._/-])(tests?|testing|dev|develop\w*|local|debug|ci|docs?|example|sample|fixtures?|scripts?)([._/-]|$)"
)
"""Words in paths of files that production does not read."""
_FRAMEWORKS: Final = frozenset({"FastAPI", "Flask", "Starlette", "Litestar", "Quart", "Sanic"})
_ENGINES: Final = frozenset({"create_engine", "create_async_engine"})


def find(scene: Scene) -> Iterator[Claim]:
    """One claim a setting."""
    settings = [m for m in scene.project.modules if m.role == "app" and "ROOT_URLCONF" in m.scope]
    served = [m for m in settings if not NOT_DEPLOYED.search(m.path)]
    for module in scene.project.modules:
        if module.role not in {"app", "config"} or NOT_DEPLOYED.search(module.path):
            continue
        if module in served and len(settings) == 1 and not is_decided_elsewhere(scene, module):
            yield from django(module)
        yield from made_with(scene, module)


def is_decided_elsewhere(scene: Scene, module: Module) -> bool:
    """Whether another settings file has a word on it too: this one is what they build on."""
    return any(
        s[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == "DEBUG" for t in s[3])
        for other in scene.project.modules
        if other is not module and other.role in {"app", "config"} and not NOT_DEPLOYED.search(other.path)
        for s in other.body
    )


def django(module: Module) -> Iterator[Claim]:
    """`DEBUG = True` as the settings' last word on it."""
    said = [
        s
        for s in turns.nodes(module.body)
        if s[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == "DEBUG" for t in s[3])
    ]
    overridden = any(
        s[0] in {ir.IMPORT, ir.FROM} and said and s[1] > said[-1][1] and is_local(s)
        for s in turns.nodes(module.body)
    )
    if len(said) == 1 and is_true(said[0][4]) and not overridden:
        line = said[0][1]
        yield claim(
            Spot(module, None, line, line, said[0][2]),
            "`DEBUG` is on as shipped",
            "nothing in the file or the environment turns it off",
        )


def is_local(statement: Node) -> bool:
    """An import at the end of settings that brings in what a deployment says."""
    names_ = [str(n) for n in statement[3:] if isinstance(n, str)] + [a[0] for a in statement[-1]]
    return any(word in n.lower() for n in names_ for word in ("local", "settings", "config", "prod", "*"))


def made_with(scene: Scene, module: Module) -> Iterator[Claim]:
    """Engines that echo and frameworks that are made for debugging."""
    places: list[tuple[Function | None, tuple[Node, ...]]] = [
        (None, module.body),
        *((f, f.body) for f in module.functions),
    ]
    for function, body in places:
        for node in turns.nodes(body):
            if node[0] != ir.CALL:
                continue
            name = turns.name_of(node[2])
            keyword = "echo" if name in _ENGINES else "debug" if name in _FRAMEWORKS else ""
            given = next((v for key, v in node[4] if key == keyword), None) if keyword else None
            if given is None or not is_true(given) or is_main(module, node[1]):
                continue
            if function is None and any(f.line <= node[1] <= f.end_line for f in module.functions):
                continue
            found = scene.project.resolve_expression(module, node[2], function)
            if isinstance(found, External):
                start, end = statement_at(body, node[1]) or (node[1], node[1])
                what = (
                    "the engine writes every statement to the log"
                    if keyword == "echo"
                    else f"`{name}` is made for debugging"
                )
                yield claim(
                    Spot(module, function, node[1], start, end), what, f"`{keyword}=True` is written out"
                )


def is_true(node: Node) -> bool:
    return bool(node[0] == ir.CONST and node[2] is True)


def is_main(module: Module, line: int) -> bool:
    """Whether it runs only when the file is started by hand."""
    return any(
        s[0] == ir.IF
        and s[1] <= line <= s[2]
        and any(names.is_node(n) and n[0] == ir.NAME and n[2] == "__name__" for n in turns.nodes(s[3]))
        for s in module.body
    )


def claim(spot: Spot, title: str, note: str) -> Claim:
    return Claim(
        spot=spot,
        title=title,
        evidence=[Evidence(kind="setting", text=note)],
        confidence=0.8,
        could_be_wrong="This file is used on developers' machines alone, or another one overrides it.",
        fix="Let the environment turn it on, and leave it off by default.",
    )
