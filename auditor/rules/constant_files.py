"""Files whose names are written in the code, read while requests wait: settings, tariffs, lists of words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Assigned, External, function_scope
from auditor.rules import turns
from auditor.rules.audience import audience
from auditor.rules.scene import spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.index.values import Site
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

_SETTINGS: Final = re.compile(
    r"[\w.\-]+\.(?:json|ya?ml|toml|ini|cfg|conf|txt|csv|properties)$", re.IGNORECASE
)
_CHANGING: Final = frozenset("wax+")
_OF_A_REQUEST: Final = frozenset({"request", "g", "session", "websocket"})
"""Names below which a framework keeps what is of one request."""
_READS: Final = frozenset({"open", "read_text", "read_bytes"})
_OF_A_PATH: Final = frozenset("read_text read_bytes write_text write_bytes touch unlink".split())
_ANSWERS: Final = frozenset(
    "send_file send_from_directory FileResponse StreamingResponse StreamingHttpResponse".split()
)


@dataclass(frozen=True, slots=True)
class FileRead:
    """One place that reads such a file."""

    effect: Effect
    name: str
    """The file's own name: `limits.json`."""


def constant_files(scene: Scene) -> list[FileRead]:
    """The first place of each file that requests read and no code of the project writes; ask for it `once`."""
    found: dict[str, FileRead] = {}
    written: set[str] = set()
    kept: set[Site] = set()
    for _, effect in scene.effects():
        node = effect.node
        if effect.kind != "file" or node is None or node[0] != ir.CALL or effect.site.module.role != "app":
            continue
        names = list(file_names(scene, effect.site.function, node))
        if effect.remembered or is_memoised(scene, effect):
            kept.add(effect.site)
        if effect.operation == "write" or not _CHANGING.isdisjoint(mode_of(node)):
            written.update(names)
        elif len(names) == 1 and is_asked_for(scene, effect) and turns.name_of(node[2]) in _READS:
            found.setdefault(names[0], FileRead(effect, names[0]))
    told = [read for name, read in sorted(found.items()) if name not in written]
    return [read for read in told if read.effect.site not in kept]


def is_memoised(scene: Scene, effect: Effect) -> bool:
    """Whether the function that reads it remembers what it gives."""
    function = effect.site.function
    return function is not None and scene.trace.machine.is_memoised(function)


def is_asked_for(scene: Scene, effect: Effect) -> bool:
    """Whether a request waits for it every time, for what is in it and not to hand it on."""
    function = effect.site.function
    if function is None or effect.remembered or effect.offloaded or effect.loops:
        return False
    if any(turns.name_of(n[2]) in _ANSWERS for n in turns.nodes(function.body) if n[0] == ir.CALL):
        return False
    return audience(scene, spot_of(effect.site)) == "request" and is_fixed(
        scene, function, path_of(effect.node)
    )


def path_of(node: Node | None) -> Node | None:
    """The expression of the path: the first argument of `open`, what a method of a path is called on."""
    if node is None:
        return None
    if node[2][0] == ir.ATTR and node[2][3] in _OF_A_PATH:
        return node[2][2]  # type: ignore[no-any-return]  # an expression
    if node[2][0] == ir.ATTR and node[2][3] == "open" and node[2][2][0] != ir.NAME:
        return node[2][2]  # type: ignore[no-any-return]  # likewise
    return node[3][0] if node[3] else None


def mode_of(node: Node) -> str:
    """The mode of an `open`; "" where it is not told."""
    given = [*node[3][1:2], *(value for name, value in node[4] if name == "mode")]
    return next((str(one[2]) for one in given if one[0] == ir.CONST), "")


def file_names(scene: Scene, function: Function | None, node: Node) -> Iterator[str]:
    """The names of files in the expression of the path, and in the names that it uses."""
    local = local_values(function, path_of(node))
    for part in turns.nodes((path_of(node), local, constants(scene, function, (path_of(node), local)))):
        if part[0] == ir.CONST and isinstance(part[2], str) and (named := _SETTINGS.search(part[2])):
            yield named[0]


def local_values(function: Function | None, node: Node | None) -> tuple[Node, ...]:
    """What the local names in an expression are bound to, where that is once."""
    if function is None or node is None:
        return ()
    scope = function_scope(function)
    bound = [scope[n[2]] for n in turns.nodes(node) if n[0] == ir.NAME and n[2] in scope]
    return tuple(
        b[0].value for b in bound if len(b) == 1 and isinstance(b[0], Assigned) and b[0].value is not None
    )


def constants(scene: Scene, function: Function | None, nodes: object) -> tuple[Node, ...]:
    """What the names of the module in these expressions are bound to, where that is an expression."""
    if function is None:
        return ()
    found = {
        n[2]: scene.project.lookup(function, function.module, n[2])
        for n in turns.nodes(nodes)
        if n[0] == ir.NAME and n[2] not in function_scope(function)
    }
    return tuple(s.value for s in found.values() if isinstance(s, Assigned) and s.value is not None)


def is_fixed(scene: Scene, function: Function, node: Node | None) -> bool:
    """Whether nothing of a request or a call decides the path."""
    if node is None:
        return False
    parameters = {p[0] for p in function.params}
    scope = function_scope(function)
    inner = local_values(function, node)
    for part in turns.nodes((node, inner)):
        if part[0] != ir.NAME:
            continue
        if part[2] in parameters or (
            part[2] in scope and not any(is_bound(scope[part[2]], v) for v in inner)
        ):
            return False
        symbol = scene.project.lookup(function, function.module, part[2])
        if isinstance(symbol, External) and symbol.name.rpartition(".")[2] in _OF_A_REQUEST:
            return False
    return True


def is_bound(bindings: Sequence[object], value: Node) -> bool:
    return any(isinstance(b, Assigned) and b.value is value for b in bindings)
