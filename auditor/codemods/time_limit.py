"""Gives outside calls the time limit that they lack

## What it does
Calls by `requests` and `urlopen` that a request waits for, in one file, get `timeout=`: a constant of that file whose
name says that it is one, or else 30 seconds, after which the usual application servers end a silent worker anyway.

## What it never does
It leaves calls alone that read a stream, that write and are tried again when they fail, whose client or keywords may
bring a limit along, and those that a job makes: how long a job may wait is for a person to say.

## What it leaves to a person
The error path: where nothing answered in time the call waited, and now raises. What the answer is then.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.outcome import Declined, Written
from auditor.codemods.parameter_lists import extend
from auditor.codemods.tried_again import is_tried_again
from auditor.rules.time_limits import limits_of, waits_for_ever

if TYPE_CHECKING:
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.model.report import Finding
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

NAME: Final = "time_limit"
RULES: Final = ("no-timeout",)
DEFAULT_S: Final = 30
"""What gunicorn gives a silent worker by default: who waits longer than that is cut off already."""
_POSITION: Final = {"urllib.request.urlopen": 2, "requests.Session.request": 8}
"""Where the limit may stand without its name, behind so many other arguments."""
_RAISED: Final = {
    "requests": "requests.exceptions.Timeout",
    "urllib": "TimeoutError, or URLError around one",
}
_NAMED: Final = re.compile(r"(^|_)TIMEOUT(_S|_SECONDS|_SECS)?($|_)")
_OF_SOMETHING_ELSE: Final = re.compile(
    r"CACHE|SESSION|LOCK|TOKEN|LOGIN|TASK|CELERY|JOB|DB|DATABASE|SQL|REDIS|WORKER|IDLE|MS($|_)|MIN|HOUR|DAY|RESET|LINK"
)
_SENSIBLE: Final = range(1, 121)
_ANSWERED: Final = frozenset({"http", "graphql"})


@dataclass(frozen=True, slots=True)
class Unlimited:
    """A call without a limit."""

    call: ast.Call
    library: str


def propose(finding: "Finding", source: "Source") -> Written | Declined:
    """A limit for every call of the finding's file that may get one."""
    spans, scene = source.spans(finding.file), source.scene
    if spans is None or scene is None:
        return Declined(NAME, "the calls and what is known of them are not at hand")
    reason = ""
    found: list[Unlimited] = []
    for effect in unlimited(scene, finding.file):
        call = _call(spans, effect)
        problem = "what is called is not written plainly" if call is None else _problem(spans, call, effect)
        problem = problem or _waiting(source, effect)
        if problem or call is None:
            reason = reason or problem
        elif all(one.call is not call for one in found):
            found.append(Unlimited(call, effect.target.partition(".")[0]))
    if not found:
        return Declined(NAME, reason or "no call of a known library waits there")
    value = stated_limit(spans.tree) or str(DEFAULT_S)
    for one in found:
        extend(spans, [spans.span(given) for given in _arguments(one.call)], f"timeout={value}")
    raised = sorted({_RAISED[one.library] for one in found})
    return Written(
        codemod=NAME,
        title=f"Let outside calls wait for at most {value}{' seconds' if value.isdecimal() else ''}",
        files={finding.file: spans.result()},
        verify=(
            f"The error path is another one: a call that is not answered in time raises {' or '.join(raised)}",
            "No good answer takes longer than the limit",
        ),
    )


def unlimited(scene: "Scene", path: str, /) -> "Iterator[Effect]":
    """The calls of a file that may wait for ever, each once, in the order of the text."""
    limits = limits_of(scene)
    found: dict[tuple[int, str], Effect] = {}
    for _, effect in scene.effects():
        here = effect.kind == "http" and effect.site.module.path == path
        if here and waits_for_ever(scene, limits, effect):
            found.setdefault((effect.site.line, effect.target), effect)
    for key in sorted(found):
        yield found[key]


def stated_limit(tree: ast.Module, /) -> str:
    """The one constant at the top of a module that is a time limit in seconds, going by its name; "" for none."""
    found: list[str] = []
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int() | float() as value)):
                plain = not isinstance(value, bool) and _SENSIBLE.start <= value < _SENSIBLE.stop
                if plain and name.isupper() and _NAMED.search(name) and not _OF_SOMETHING_ELSE.search(name):
                    found.append(name)
            case _:
                pass
    return found[0] if len(found) == 1 else ""


def _call(spans: "Spans", effect: "Effect") -> ast.Call | None:
    """The one call of that name which begins on the effect's line."""
    name = effect.target.rpartition(".")[2]
    found = [
        node
        for node in ast.walk(spans.tree)
        if isinstance(node, ast.Call)
        and node.lineno <= effect.site.line <= (node.end_lineno or 0)
        and (
            node.func.attr
            if isinstance(node.func, ast.Attribute)
            else node.func.id
            if isinstance(node.func, ast.Name)
            else ""
        )
        == name
    ]
    return found[0] if len(found) == 1 else None


def _problem(spans: "Spans", call: ast.Call, effect: "Effect") -> str:
    """Why this call gets no limit, as far as its own text says."""
    if effect.guessed or effect.target.partition(".")[0] not in _RAISED:
        return f"`{effect.target}` is not a call of `requests` or `urlopen`"
    if any(word.arg is None or "timeout" in word.arg for word in call.keywords):
        return "a limit is spoken of already"
    if any(isinstance(one, ast.Starred) for one in call.args):
        return "the arguments are unpacked"
    if len(call.args) > _POSITION.get(effect.target, len(call.args)):
        return "a limit may be among the arguments without a name"
    if any(word.arg == "stream" for word in call.keywords):
        return "a stream may be silent for as long as it likes"
    last = max((spans.span(one)[1] for one in _arguments(call)), default=-1)
    if last < 0 or spans.text[last : spans.span(call)[1]].strip(" \t\n,") != ")":
        return "the arguments end in another parenthesis, or a comment"
    return ""


def _arguments(call: ast.Call) -> list[ast.expr | ast.keyword]:
    return sorted([*call.args, *call.keywords], key=lambda one: (one.lineno, one.col_offset))


def _waiting(source: "Source", effect: "Effect") -> str:
    """Why it may have to wait longer than a request does, or must not fail."""
    scene, site = source.scene, effect.site
    assert scene is not None, "looked for above"
    kinds = {entry.kind for entry in scene.trace.endpoints_of(site.function)}
    if not kinds or not kinds <= _ANSWERED:
        return "not only requests wait for it, and how long a job may wait is for a person to say"
    writes = effect.operation == "write"
    if writes and is_tried_again(source, site.module.path, site.line, site.function):
        return "it writes, and is tried again when it fails: it might be done twice"
    return ""
