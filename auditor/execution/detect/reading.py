"""Which environment variables the target's code reads, where, and what it does without them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from auditor.index import ir
from auditor.index.ir import Node
from auditor.index.project import Project
from auditor.index.symbols import Module

_ROLES: Final = frozenset({"app", "config"})
_ENVIRON: Final = re.compile(r"(?:.*\.)?environ")
_GET: Final = re.compile(r"(?:.*\.)?(?:environ\.(?:get|setdefault)|getenv)|env\.get")
_READER: Final = re.compile(
    r"(?:.*\.)?_?(?:env|config)(?:\.(?:str|bool|int|float|list|json|url|db|db_url|cache|cache_url|"
    r"email_url|search_url|path|tuple|dict|dj_db_url|dj_email_url|dj_cache_url|log_level))?"
)
_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]{0,60}")
_MOST_NODES: Final = 3_000_000
"""Looked at in all; a tree of twice the size of the largest known has fewer in its settings."""
_AT_START: Final = re.compile(
    r"create_app|make_app|get_app|configure|configure_app|init_app|from_env(?:ironment)?|main|load(?:_config)?"
)


_DEEPEST: Final = 3
"""Groups within groups of settings."""
_WRAPPERS: Final = frozenset({"SecretStr", "Secret", "Field"})
COMPUTED: Final = "(computed)"


@dataclass(frozen=True, slots=True)
class Read:
    """One place that reads a variable."""

    name: str
    default: str | None
    """The text it falls back to: empty for nothing at all, `COMPUTED` for what is no constant; None when reading
    a variable that is not set is an error."""
    place: str
    """``file:line``."""
    at_start: bool
    """Whether it is read when the module is imported or the application made."""
    kind: str
    """What is made of it where that can be seen: `bool`, `int`, `url`, …; else empty."""

    @property
    def needed(self) -> bool:
        """Whether the application can't start without it."""
        return self.at_start and self.default is None


def reads(project: Project, /) -> tuple[Read, ...]:
    """Every read of a variable by its constant name, in order of place."""
    found: list[Read] = []
    budget = _MOST_NODES
    groups = _classes(project)
    for module in project.modules:
        if module.role not in _ROLES:
            continue
        asked = _asked_for(module)
        for read, spent in _of(module, groups):
            budget -= spent
            if read is not None:
                unguarded = read if read.name not in asked else _optional(read)
                found.append(unguarded)
        if budget < 0:
            break
    return tuple(found)


def _optional(read: Read) -> Read:
    return Read(
        read.name, COMPUTED if read.default is None else read.default, read.place, read.at_start, read.kind
    )


def _of(module: Module, groups: Mapping[str, Node]) -> Iterator[tuple[Read | None, int]]:
    stack: list[tuple[Node, bool, bool]] = [(statement, True, False) for statement in reversed(module.body)]
    while stack:
        node, at_start, tried = stack.pop()
        op = node[0]
        if op == ir.DEF:
            stack.extend(
                (s, at_start and _AT_START.fullmatch(node[3]) is not None, tried) for s in _nodes(node[6])
            )
            continue
        if op == ir.CLASS and _is_settings(node, groups):
            prefix, delimiter = _said(node, "env_prefix"), _said(node, "env_nested_delimiter")
            yield from ((read, 1) for read in _fields(module, node, prefix, delimiter, groups))
        if op == ir.TRY:
            stack.extend((s, at_start, True) for s in _nodes(node[3]))
            stack.extend((s, at_start, tried) for part in node[4:] for s in _nodes(part))
            continue
        if op == ir.IF:
            # What only one setting of several needs is not needed; what stands behind `else` of a switch for
            # development is.
            stack.append((node[3], at_start, tried))
            stack.extend((s, False, tried) for s in _nodes(node[4]))
            stack.extend((s, at_start and s[0] != ir.IF, tried) for s in _nodes(node[5]))
            continue
        if op == ir.ASSIGN:
            stack.extend((target, at_start, True) for target in _nodes(node[3]) if target[0] != ir.SUB)
            stack.append((node[4], at_start, tried))
            continue
        if op == ir.BOOL and node[2] == "or":
            # `environ.get("X") or default`: the last operand is the fallback, unless it is nothing either.
            operands = list(_nodes(node[3]))
            falls_back = not operands or operands[-1][0] != ir.CONST or bool(operands[-1][2])
            stack.extend((operand, at_start, tried or falls_back) for operand in operands)
            continue
        yield _read(module, node, at_start=at_start, tried=tried), 1
        stack.extend((child, at_start, tried) for child in children(node))


def _read(module: Module, node: Node, *, at_start: bool, tried: bool) -> Read | None:
    op = node[0]
    place = f"{module.path}:{node[1]}"
    if op == ir.SUB and _ENVIRON.fullmatch(dotted(node[2])):
        name = _constant(node[3])
        return _made(name, COMPUTED if tried else None, place, at_start=at_start, kind="") if name else None
    if op != ir.CALL or not node[3]:
        return None
    function = dotted(node[2])
    name = _constant(node[3][0])
    if name is None:
        return None
    if _GET.fullmatch(function):
        default = _default(node[3][1]) if len(node[3]) > 1 else (COMPUTED if tried else "")
        return _made(name, default, place, at_start=at_start, kind="")
    if _READER.fullmatch(function) and _NAME.fullmatch(name):
        named = dict(node[4])
        fallback = named.get("default", node[3][1] if len(node[3]) > 1 else None)
        kind = function.rpartition(".")[2] if "." in function else dotted(named.get("cast"))
        without = COMPUTED if tried else None
        falls_back_to = without if fallback is None else _default(fallback)
        return _made(name, falls_back_to, place, at_start=at_start, kind=kind)
    return None


def _made(name: str, default: str | None, place: str, *, at_start: bool, kind: str) -> Read | None:
    return Read(name, default, place, at_start, kind) if re.fullmatch(r"[A-Za-z_]\w{0,60}", name) else None


def _classes(project: Project) -> Mapping[str, Node]:
    """Classes at the top of modules by name; a name that several have tells none."""
    found: dict[str, list[Node]] = {}
    for module in project.modules:
        for node in module.body if module.role in _ROLES else ():
            if node[0] == ir.CLASS:
                found.setdefault(node[3], []).append(node)
    return {name: nodes[0] for name, nodes in found.items() if len(nodes) == 1}


def _fields(
    module: Module, node: Node, prefix: str, delimiter: str, groups: Mapping[str, Node], within: int = 0
) -> Iterator[Read]:
    """Of a pydantic settings class: each field is a variable; with a delimiter so is each field of a field that is a group."""
    for statement in _nodes(node[7]):
        if statement[0] != ir.ANN or statement[3][0] != ir.NAME:
            continue
        field = statement[3][2]
        if field.startswith("_") or field in {"model_config", "Config"}:
            continue
        value = statement[5]
        required = value is None or _is_required(value)
        needed = required and not _accepts_none(statement[4])
        default = None if needed else _default(value) or COMPUTED
        kind = dotted(statement[4]).rpartition(".")[2]
        group = groups.get(kind) if delimiter and within < _DEEPEST else None
        if group is not None and _is_group(group):
            yield from _fields(module, group, f"{prefix}{field}{delimiter}", delimiter, groups, within + 1)
            continue
        yield Read(f"{prefix}{field}".upper(), default, f"{module.path}:{statement[1]}", True, kind)


def _is_required(value: Node) -> bool:
    """Whether a field's value is a `Field(...)` that gives it none."""
    if value[0] != ir.CALL or dotted(value[2]).rpartition(".")[2] != "Field":
        return False
    if {"default", "default_factory"} & set(dict(value[4])):
        return False
    return not value[3] or (value[3][0][0] == ir.CONST and value[3][0][2] is Ellipsis)


def _accepts_none(annotation: Node) -> bool:
    text = repr(annotation)
    return "Optional" in text or "None" in text


def _said(node: Node, key: str) -> str:
    """What the configuration of a settings class says of `key`."""
    stack = list(_nodes(node[7]))
    while stack:
        each = stack.pop()
        if each[0] == ir.CALL and dotted(each[2]).endswith(("SettingsConfigDict", "ConfigDict")):
            return _constant(dict(each[4]).get(key)) or ""
        if each[0] == ir.ASSIGN and any(dotted(target) == key for target in _nodes(each[3])):
            return _constant(each[4]) or ""
        stack.extend(children(each))
    return ""


def _is_settings(node: Node, known: Mapping[str, Node], within: int = 0) -> bool:
    """Whether it is one of pydantic's settings classes, itself or by a class of the tree's that it derives from."""
    bases = [dotted(base).rpartition(".")[2] for base in _nodes(node[4])]
    return "BaseSettings" in bases or (
        within < _DEEPEST
        and any(_is_settings(known[base], known, within + 1) for base in bases if base in known)
    )


def _is_group(node: Node) -> bool:
    return any(dotted(base).rpartition(".")[2] == "BaseModel" for base in _nodes(node[4]))


def _asked_for(module: Module) -> frozenset[str]:
    """Names that the module looks for with `in` before it reads them."""
    asked: set[str] = set()
    stack = list(module.body)
    while stack:
        node = stack.pop()
        if node[0] == ir.CMP and "in" in node[2]:
            asked.update(name for operand in _nodes(node[3]) if (name := _constant(operand)))
        stack.extend(children(node))
    return frozenset(asked)


def dotted(node: Node | None, /) -> str:
    """`a.b.c` of a chain of attributes; empty for anything else."""
    parts = []
    while node is not None and node[0] == ir.ATTR:
        parts.append(node[3])
        node = node[2]
    if node is None or node[0] != ir.NAME:
        return ""
    return ".".join([str(node[2]), *reversed(parts)])


def _constant(node: Node | None) -> str | None:
    return node[2] if node is not None and node[0] == ir.CONST and isinstance(node[2], str) else None


def _default(node: Node | None) -> str:
    """The text of a constant, also where a secret's type or a field is made of it, empty for None; `COMPUTED` for anything else."""
    if node is not None and node[0] == ir.CALL and dotted(node[2]).rpartition(".")[2] in _WRAPPERS:
        inside = [*node[3][:1], *(value for key, value in node[4] if key == "default")]
        return _default(inside[0]) if inside else COMPUTED
    if node is None or node[0] != ir.CONST:
        return COMPUTED
    return "" if node[2] is None else str(node[2])


def children(node: Node, /) -> Iterator[Node]:
    """The nodes right below one."""
    for part in node[2:]:
        if isinstance(part, tuple):
            yield from _nodes(part)


def _nodes(part: object) -> Iterator[Node]:
    """The nodes in `part`: itself, or those in the tuples that it is made of."""
    if not isinstance(part, tuple) or not part:
        return
    if (
        isinstance(part[0], int)
        and not isinstance(part[0], bool)
        and len(part) > 1
        and isinstance(part[1], int)
    ):
        yield part
        return
    for each in part:
        yield from _nodes(each)
