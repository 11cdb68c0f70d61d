"""An error of an outside call that nobody sees

## What it finds
A `try` around an outside call whose `except` catches everything and leaves no trace: no log, no count, no error.

## Why it is slow
Calls that time out look like calls that work. Each costs its whole time limit, on every request, and no dashboard
shows why the page takes as long as it does. Errors in the code itself vanish the same way.

## When it does not matter
The call is decoration, its failing is counted elsewhere, and its time limit is short.

## Example
```py
try:
    weather = requests.get(WEATHER, timeout=30).json()
except Exception:
    weather = None
```

## Instead
```py
try:
    weather = requests.get(WEATHER, timeout=2).json()
except (requests.RequestException, ValueError):
    logger.warning("no weather", exc_info=True)
    weather = None
```

## How to verify
Let the call fail: the answer is as before, and a record says what failed and how long it took.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import audience, believable
from auditor.rules.claim import Claim, place
from auditor.rules.scene import Spot, spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="swallowed-error-on-io",
    group="outside-calls",
    phase=6,
    severity=Severity.LOW,
    title="error of an outside call swallowed",
    playbook="outside-calls",
    docs=__doc__,
)

_OUTSIDE: Final = ("http", "llm", "mail")
_BROAD: Final = frozenset({"Exception", "BaseException"})
_ENDING: Final = frozenset(
    {"close", "aclose", "quit", "logout", "disconnect", "shutdown", "cleanup", "__exit__", "__del__"}
)
"""Calls and functions whose failing changes nothing any more."""


def find(scene: Scene) -> Iterator[Claim]:
    """One claim a `try`."""
    for module in scene.project.modules:
        for function in module.functions if module.role == "app" else ():
            if function.name in _ENDING:
                continue
            for node in turns.own_nodes(function.body):
                silent = None if node[0] != ir.TRY or not node[3] else silent_handler(node)
                if silent is None:
                    continue
                found = [
                    e
                    for e in scene.doings.at(function, node[3][0][1], node[3][-1][2], *_OUTSIDE)
                    if counts(e)
                ]
                if found:
                    made = claim(function, silent, found[0])
                    if audience(scene, made.spot) in {"request", "task"} and believable(scene, made):
                        yield made


def counts(effect: Effect) -> bool:
    """Whether it is a call that somebody waits for."""
    cheap = effect.fact is not None and effect.fact.cheap is not None
    return not cheap and not effect.offloaded and effect.target.rpartition(".")[2] not in _ENDING


def silent_handler(node: Node) -> int | None:
    """The line of the handler that catches everything and tells nobody."""
    for kind, name, body in node[4]:
        broad = kind is None or turns.name_of(kind) in _BROAD
        if broad and body and not tells(body, name) and not answers(node[3], body):
            return max(int(node[3][-1][2]) + 1, int(body[0][1]) - 1)
    return None


def answers(tried: tuple[Node, ...], body: tuple[Node, ...]) -> bool:
    """Whether success and failure are the two answers to a question: `return True`, and `return False` where it fails."""
    yes, no = tried[-1], body[-1]
    if yes[0] != no[0] or yes[0] not in {ir.RETURN, ir.ASSIGN}:
        return False
    values = [s[3] if s[0] == ir.RETURN else s[4] for s in (yes, no)]
    return all(v is not None and v[0] == ir.CONST and isinstance(v[2], bool) for v in values)


def tells(body: tuple[Node, ...], name: str | None) -> bool:
    """Whether the handler does anything with the error: raises, calls, keeps or answers it."""
    for n in turns.nodes(body):
        if n[0] in {ir.RAISE, ir.CALL, ir.AUG, ir.YIELD}:
            return True
        if n[0] == ir.NAME and n[2] == name:
            return True
    return False


def claim(function: Function, line: int, effect: Effect) -> Claim:
    """What is told of it."""
    return Claim(
        spot=Spot(function.module, function, line, line, line),
        title=f"whatever goes wrong with `{effect.label}` is not seen",
        evidence=[
            Evidence(
                kind="code", text="the handler catches everything, and neither logs nor counts nor raises"
            ),
            Evidence(kind="code", text=f"`{effect.label}` at `{effect.site.module.path}:{effect.site.line}`"),
        ],
        confidence=0.75,
        related=[place(spot_of(effect.site), "call")],
        subject=effect.label,
        could_be_wrong="Its failing is counted where it is called.",
        fix="Catch what the call raises, and log it.",
        guessed=effect.guessed,
    )
