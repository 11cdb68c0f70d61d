"""A model's answer waited for in a request

## What it finds
A call of a language model that a request waits for without a time limit of its own: what the library allows by default
is minutes, with retries on top.

## Why it is slow
Models answer within seconds on a good day, and the worker does nothing else meanwhile. On a bad day every worker waits
for the model, and pages that have nothing to do with it stop answering as well.

## When it does not matter
The endpoint exists for the model's answer, streams it, and has workers of its own.

## Example
```py
answer = client.chat.completions.create(model=MODEL, messages=messages)
return jsonify(json.loads(answer.choices[0].message.content))
```

## Instead
Give the call a time limit that the requester would wait for, few retries, and an answer for when it fails; put long work
into a queue and let the page ask for the result. What the model returns is text from outside: check it before use.

## How to verify
Let the model's server hang: the request must end within the limit with an answer that the page can show, and other pages
must answer as fast as before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import believable
from auditor.rules.claim import Claim, place
from auditor.rules.scene import spot_of
from auditor.rules.time_limits import limits_of, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.rules.scene import Scene
    from auditor.rules.time_limits import Limits
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="llm-in-request",
    group="outside-calls",
    phase=6,
    severity=Severity.HIGH,
    title="model called in a request without a limit",
    playbook="outside-calls",
    docs=__doc__,
)

_PATIENCE: Final = 60.0
"""Seconds beyond which nobody waits for a page."""
_PARSING: Final = frozenset({"loads", "literal_eval", "eval", "model_validate_json", "parse_raw"})


def find(scene: Scene) -> Iterator[Claim]:
    """One claim for each place that a request waits at."""
    limits = limits_of(scene)
    best: dict[tuple[str, int], Claim] = {}
    for scope, effect in scene.effects():
        if effect.kind != "llm" or effect.offloaded or effect.remembered:
            continue
        spot = spot_of(effect.site)
        if spot.key in best or id(scope) not in scene.waited_in or streams(effect):
            continue
        made = claim(scene, limits, effect)
        if made is not None and believable(scene, made):
            best[spot.key] = made
    yield from best.values()


def streams(effect: Effect) -> bool:
    """Whether the answer is passed on as it comes."""
    node = effect.node
    if node is not None and node[0] == ir.CALL:
        named = turns.name_of(node[2]).lower()
        if "stream" in named or any(key == "stream" and not is_false(value) for key, value in node[4]):
            return True
    return effect.site.function is not None and effect.site.function.is_generator


def is_false(node: tuple[object, ...]) -> bool:
    return node[0] == ir.CONST and not node[2]


def claim(scene: Scene, limits: Limits, effect: Effect) -> Claim | None:
    """What is told of it; nothing where a time limit is set."""
    longest = seconds(scene, limits, effect)
    if longest is None or longest <= _PATIENCE:
        return None
    allowed = (
        "for ever" if longest == float("inf") else f"up to {longest:.0f} seconds, and tries again after that"
    )
    function = effect.site.function
    parsed = (
        []
        if function is None
        else [
            n
            for n in turns.nodes(function.body)
            if n[0] == ir.CALL and turns.name_of(n[2]) in _PARSING and n[1] > effect.site.line
        ]
    )
    guarded = function is not None and any(n[0] == ir.TRY for n in turns.nodes(function.body))
    unchecked = bool(parsed) and not guarded
    return Claim(
        spot=spot_of(effect.site),
        title=f"a request waits for `{effect.label}`, {allowed.partition(',')[0]}",
        evidence=[
            Evidence(kind="code", text=f"no time limit is given, and the library waits {allowed}"),
            Evidence(kind="note", text="nothing on the way puts it into a queue"),
            *(
                [Evidence(kind="code", text=f"what it returns is parsed at line {parsed[0][1]} unchecked")]
                if unchecked
                else []
            ),
        ],
        confidence=0.8,
        related=[place(spot_of(effect.site), "call")],
        subject=effect.label,
        cost_term=TermAtStake(kind="llm"),
        could_be_wrong="The limit is set on the client, out of sight.",
        fix="Give the call a time limit and an answer for when it fails, or put it into a queue.",
        guessed=effect.guessed,
    )
