"""Answers that nobody may keep

## What it finds
An application none of whose endpoints says how long its answer may be kept, or what version it is (`Cache-Control`,
`ETag`, `Last-Modified`), although the dearest endpoint that answers everybody alike is asked by GET.

## Why it is slow
Browsers, proxies and a CDN ask again for what they have just been given, and every time the application computes it anew.

## When it does not matter
The answers differ for each person, or something in front of the application adds the headers.

## Example
```py
@app.get("/catalogue")
def catalogue():
    return jsonify(page())
```

## Instead
```py
@app.get("/catalogue")
def catalogue():
    answer = jsonify(page())
    answer.headers["Cache-Control"] = "public, max-age=60"
    return answer
```

## How to verify
Ask twice by way of the proxy: the second answer must not reach the application. Check that what a signed-in person sees
is never kept for others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from auditor.frameworks.fastapi_dependencies import dependency_of
from auditor.index import ir
from auditor.index.symbols import Function
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.claim import Claim
from auditor.rules.scene import Spot, statement_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.index.ir import Node
    from auditor.rules.scene import Scene
    from auditor.trace.evaluation import Root

T = TypeVar("T")

RULE = RuleInfo(
    id="no-http-cache-headers",
    group="runtime-settings",
    phase=4,
    severity=Severity.LOW,
    title="answers that nobody may keep",
    playbook="runtime-settings",
    docs=__doc__,
)

_HEADERS: Final = re.compile(
    r"cache[-_]?control|^etag$|last[-_]modified|^max[-_]age$|cache_page|never_cache|no_store|conditional_?get|"
    r"http_cache|cache_expires|surrogate|add_etag|make_conditional|patch_response_headers|no_cache",
    re.IGNORECASE,
)
_PERSONAL: Final = re.compile(
    r"auth|user|login|signed|perm|member|account|session_id|token|identity|api_?key|admin|staff|scopes|roles?$|guard|csrf|"
    r"^headers$|^cookies$|^g$|(?:^|_)m[ey](?:_|$)",
    re.IGNORECASE,
)
_GUARDS: Final = frozenset({"permission", "authentication", "dependency"})
_GUARDED: Final = re.compile(
    r"^rest_framework\.permissions\.(IsAuthenticated|IsAdminUser|Django\w*Permissions)"
)
_DATABASE: Final = "sql"
_DEAR: Final = 5
"""Queries from which on an answer is worth keeping, where none is repeated by a loop."""


def find(scene: Scene) -> Iterator[Claim]:
    """At most one claim: on the dearest endpoint whose answer is the same for everybody."""
    if mentions_headers(scene):
        return
    best: tuple[int, int, str] | None = None
    chosen: Root | None = None
    for root in scene.trace.entries:
        entry = root.entry
        if entry is None or entry.method != "GET" or entry.kind != "http" or is_personal(scene, root):
            continue
        cost = scene.costs.root(root).get(_DATABASE, {})
        looped = sum(high for sizes, (_, high) in cost.items() if sizes)
        plain = sum(high for sizes, (_, high) in cost.items() if not sizes)
        if (looped or plain >= _DEAR) and (best is None or (looped, plain, entry.id) > best):
            best, chosen = (looped, plain, entry.id), root
    if chosen is not None and chosen.entry is not None and best is not None:
        yield claim(scene, chosen.function, chosen.entry.id, best[0] + best[1])


def mentions_headers(scene: Scene) -> bool:
    """Whether the target speaks of keeping answers anywhere."""
    for module in scene.project.modules:
        if module.role not in {"app", "config"}:
            continue
        for node in turns.nodes(module.body):
            text = node[2] if node[0] in {ir.CONST, ir.NAME} else node[3] if node[0] == ir.ATTR else ""
            if isinstance(text, str) and len(text) < 80 and _HEADERS.search(text):
                return True
            if node[0] == ir.FROM and any(_HEADERS.search(name) for name, _ in node[-1]):
                return True
            if node[0] == ir.CALL and any(key is not None and _HEADERS.search(key) for key, _ in node[4]):
                return True
    return False


def is_personal(scene: Scene, root: Root) -> bool:
    """Whether the answer may depend on who asks: decorators (and what they do), parameters and names speak of it."""
    function, entry = root.function, root.entry
    if function.owner is not None or speaks_of_who_asks(scene, function):
        return True
    if entry is not None:
        if _PERSONAL.search(entry.path.replace("/", "_")):
            return True
        if any(is_about_who_asks(scene, a.function) for a in entry.around if a.role in _GUARDS):
            return True
        if any(is_about_who_asks(scene, asked) for asked in scene.once(dependencies)(function)):
            return True
    return scene.once(guarded_by_default)(function)


def speaks_of_who_asks(scene: Scene, function: Function) -> bool:
    """Whether names in a function, its parameters, its decorators and what these do are those of a person."""
    return scene.once(speaking)(function)


def speaking(scene: Scene) -> Callable[[Function], bool]:
    """Kept by function: as many routes as one likes can lead to one."""

    def speaks(function: Function) -> bool:
        around = [
            made for d in function.decorators if (made := project_function(scene, function, d)) is not None
        ]
        trees = (*function.decorators, *function.params, function.body, *(f.body for f in around))
        return any(_PERSONAL.search(p[0]) for p in function.params) or any(
            _PERSONAL.search(word) for tree in trees for word in named_in(tree)
        )

    return kept(speaks)


def is_about_who_asks(scene: Scene, asked: Function) -> bool:
    """Whether what is called before an endpoint speaks of a person."""
    return scene.once(about)(asked)


def about(_scene: Scene) -> Callable[[Function], bool]:
    """Kept by function, as `speaking`."""

    def is_about(asked: Function) -> bool:
        words = (asked.name, *(p[0] for p in asked.params), *named_in(asked.params), *named_in(asked.body))
        return any(_PERSONAL.search(word) for word in words)

    return kept(is_about)


def dependencies(scene: Scene) -> Callable[[Function], tuple[Function, ...]]:
    """What FastAPI calls for the parameters of a function, kept by function."""
    return kept(lambda function: tuple(fillers(scene, function, set())))


def guarded_by_default(scene: Scene) -> Callable[[Function], bool]:
    """`is_guarded_by_default`, kept by function."""
    return kept(lambda function: is_guarded_by_default(scene, function))


def kept(ask: Callable[[Function], T]) -> Callable[[Function], T]:
    """`ask`, asked once for each function."""
    known: dict[int, T] = {}

    def answer(function: Function) -> T:
        if id(function) not in known:
            known[id(function)] = ask(function)
        return known[id(function)]

    return answer


def fillers(scene: Scene, function: Function, met: set[int]) -> Iterator[Function]:
    """What FastAPI calls for the parameters of a function, and for theirs."""
    for name, *_ in function.params:
        found = dependency_of(scene.project, function, name)
        if isinstance(found, Function) and id(found) not in met and found.module.role != "library":
            met.add(id(found))
            yield found
            yield from fillers(scene, found, met)


def is_guarded_by_default(scene: Scene, function: Function) -> bool:
    """Whether DRF's settings ask who comes, and a function under `@api_view` doesn't say that anybody may."""
    words = {w for d in function.decorators for w in named_in(d)}
    return "api_view" in words and "AllowAny" not in words and scene.once(asks_who_comes)


def asks_who_comes(scene: Scene) -> bool:
    """Whether one of DRF's permissions is named by a text, as its settings do."""
    modules = (m for m in scene.project.modules if m.role in {"app", "config"})
    texts = (n[2] for m in modules for n in turns.nodes(m.body) if n[0] == ir.CONST)
    return any(isinstance(t, str) and _GUARDED.search(t) for t in texts)


def project_function(scene: Scene, function: Function, decorator: Node) -> Function | None:
    """The target's own function that a decorator names, called or not."""
    named = decorator[2] if decorator[0] == ir.CALL else decorator
    found = scene.project.resolve_expression(function.module, named)
    return found if isinstance(found, Function) and found.module.role != "library" else None


def named_in(tree: object) -> list[str]:
    """The names and attributes that stand in a tree."""
    return [turns.name_of(n) for n in turns.nodes(tree) if n[0] in {ir.NAME, ir.ATTR}]


def claim(scene: Scene, function: Function, endpoint: str, queries: int) -> Claim:
    """What is told of it."""
    lines = [
        line
        for line in sorted(
            {*scene.doings.effects.get(id(function), {}), *scene.doings.calls.get(id(function), {})}
        )
        if scene.doings.at(function, line, line, _DATABASE)
    ]
    line = lines[-1] if lines else function.line
    start, end = statement_at(function.body, line) or (line, line)
    return Claim(
        spot=Spot(function.module, function, line, start, end),
        title=f"`{endpoint}` is computed anew for whoever asks, and no answer says how long it may be kept",
        evidence=[
            Evidence(kind="count", text=f"it runs up to {queries} statements, some of them in loops"),
            Evidence(kind="note", text="the target nowhere sets `Cache-Control`, `ETag` or `Last-Modified`"),
        ],
        confidence=0.6,
        could_be_wrong="The answer depends on who asks, or something in front of the application adds the headers.",
        fix="Say how long the answer may be kept, or what version it is.",
    )
