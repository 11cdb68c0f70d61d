"""Work that the answer does not need

## What it finds
Mail that is sent, and outside services that are told something, while the request waits, although nothing of the answer
depends on it.

## Why it is slow
The requester pays for the mail server's latency, and gets an error when it is down. Under load the workers wait for it
too.

## When it does not matter
The mail goes to a local server that queues it, or the answer has to say whether it was accepted.

## Example
```py
order.save()
send_mail("Thank you", text, SENDER, [order.email])
return redirect("thanks")
```

## Instead
```py
order.save()
transaction.on_commit(lambda: send_receipt.delay(order.pk))
return redirect("thanks")
```

## How to verify
Let the mail server hang: the request answers as fast as before. Check that the mail is still sent once when the worker
is restarted, and never when the transaction is rolled back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import CostTerm, Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import believable
from auditor.rules.claim import Claim, place
from auditor.rules.scene import spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene, Spot
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="deferrable-work",
    group="request-path",
    phase=6,
    severity=Severity.MEDIUM,
    title="work that the answer does not need",
    playbook="deferrable-work",
    docs=__doc__,
)

_SENDING: Final = re.compile(
    r"(^|_)(send|deliver|notify|mail|sendmail|send_messages?|send_mass_mail|broadcast)"
)
_ALARMS: Final = frozenset({"mail_admins", "mail_managers"})
"""Sent when something is wrong, which is rare, and to be known at once."""
_TRIAL: Final = re.compile(r"((^|_)[tT]|(?<=[a-z])T)est(s|er|ing)?($|_|[A-Z])")
_QUEUED: Final = re.compile(
    r"celery|queue|async|post_office|django_q|rq|mailer|dummy|locmem|console", re.IGNORECASE
)


def find(scene: Scene) -> Iterator[Claim]:
    """One claim for each place that sends while a request waits."""
    if mail_is_queued(scene):
        return
    best: dict[tuple[str, int], Claim] = {}
    for scope, effect in scene.effects():
        if effect.kind != "mail" or effect.offloaded or effect.remembered or not sends(effect):
            continue
        spot = spot_of(effect.site)
        if spot.key in best or id(scope) not in scene.waited_in or in_thread(effect.site.function):
            continue
        if is_trial(effect.site.function) or tells_failure(spot):
            continue
        made = claim(effect)
        if believable(scene, made):
            best[spot.key] = made
    yield from best.values()


def sends(effect: Effect) -> bool:
    """Whether it hands a message over; connecting and logging in belong to it."""
    name = effect.target.rpartition(".")[2]
    cheap = effect.fact is not None and effect.fact.cheap is not None
    return not cheap and name not in _ALARMS and _SENDING.search(name) is not None


def in_thread(function: Function | None) -> bool:
    """Whether it is the body of a thread, which is started and not waited for."""
    owner = None if function is None else function.owner
    return owner is not None and any(turns.name_of(b) in {"Thread", "Process"} for b in owner.bases)


def is_trial(function: Function | None) -> bool:
    """Whether it is called after a trial of the settings: whether it can be sent is what is asked."""
    if function is None:
        return False
    named = function.name if function.owner is None else f"{function.owner.name}_{function.name}"
    return _TRIAL.search(named) is not None


def tells_failure(spot: Spot) -> bool:
    """Whether the answer says what went wrong: the handler around it gives back something made of the exception."""
    body = () if spot.function is None else spot.function.body
    for attempt in turns.nodes(body):
        if attempt[0] != ir.TRY or not any(s[1] <= spot.start <= s[2] for s in attempt[3]):
            continue
        for _, name, handled in attempt[4]:
            if name and any(s[0] == ir.RETURN and mentions(s, name, handled) for s in turns.nodes(handled)):
                return True
    return False


def mentions(returned: Node, name: str, handled: tuple[Node, ...]) -> bool:
    """Whether what is given back has an exception in it, or a name that the handler made of the exception."""
    made = {name}
    for s in turns.nodes(handled):
        if s[0] == ir.ASSIGN and any(n[0] == ir.NAME and n[2] in made for n in turns.nodes(s[4])):
            made |= turns.bound_by(s)
    return any(n[0] == ir.NAME and n[2] in made for n in turns.nodes(returned))


def mail_is_queued(scene: Scene) -> bool:
    """Whether the settings name a mail backend that only queues."""
    for module in scene.project.modules:
        if module.role in {"app", "config"}:
            for s in turns.nodes(module.body):
                if s[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == "EMAIL_BACKEND" for t in s[3]):
                    texts = [n[2] for n in turns.nodes(s[4]) if n[0] == ir.CONST and isinstance(n[2], str)]
                    if any(_QUEUED.search(t) and "console" not in t and "locmem" not in t for t in texts):
                        return True
    return False


def claim(effect: Effect) -> Claim:
    """What is told of it."""
    name = "" if effect.site.function is None else effect.site.function.name
    return Claim(
        spot=spot_of(effect.site),
        title=f"`{effect.target.rpartition('.')[2]}` in `{name}` talks to the mail server while the request waits",
        evidence=[
            Evidence(kind="code", text=f"`{effect.target}` sends at once, in the request's own thread"),
            Evidence(kind="note", text="nothing on the way puts it into a queue"),
        ],
        confidence=0.75,
        related=[place(spot_of(effect.site), "call")],
        cost_term=TermAtStake(kind="mail", after=CostTerm(low=0, high=0)),
        could_be_wrong="The mail server is a local one that queues, or the mail backend does.",
        fix="Send from a task, put into its queue once the transaction is committed.",
        guessed=effect.guessed,
    )
