"""What a change begins to remember for as long as a process lives, of what it reads, with nothing that makes it forget.

No workload can show that such a memory is wrong where the row is changed by an admin, a command or another service. So a change
that remembers rows or what others answered must show by its text when it forgets: after a time, or at a write. Whether it forgets in
time is for the reads after writes to find.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from auditor.repo.decode import decode
from auditor.trial.constraints.edited import Edited
from auditor.trial.reach import Lines, Reached

_DECORATORS: Final = re.compile(
    r"(^|_)(lru_cache|cache[ds]?|memo(ize|ise)?d?|(ttl|timed?)_?cache|cached)$", re.IGNORECASE
)
_NAMED: Final = re.compile(r"cache|memo", re.IGNORECASE)
_PER_OBJECT: Final = frozenset({"cached_property", "cache_control", "never_cache", "cache_page"})
_KEEPING: Final = frozenset({"append", "add", "setdefault", "update", "insert", "extend"})
_CONTAINERS: Final = frozenset(
    {
        "dict",
        "list",
        "set",
        "deque",
        "defaultdict",
        "OrderedDict",
        "Counter",
        "WeakValueDictionary",
        "LRUCache",
    }
)
"""What a call makes that can be put into by all of these; of anything else it is not known what `add` does."""
_OF_THE_APPLICATION: Final = re.compile(
    r"\bapp\.(extensions|state|config)$|\bcurrent_app\.(extensions|config)$"
)
_FORGETS: Final = re.compile(
    r"\b(ttl|max_?age|monotonic|perf_counter|expir\w*|timeout|seconds|minutes|hours|timedelta|deadline|invalidat\w*|"
    r"cache_clear|post_save|post_delete|m2m_changed|listens_for|version|updated_at|modified|last_modified|etag)\b"
    r"|\btime\(\)|\bnow\(|\.(clear|delete|delete_many|evict|remove|discard)\(|^\s*del\s",
    re.IGNORECASE | re.MULTILINE,
)
"""Signs in a text that something is forgotten."""
_NEVER: Final = re.compile(r"\b(timeout|ttl|max_?age|expires?|seconds)\s*=\s*None\b", re.IGNORECASE)
_OVERFULL: Final = re.compile(r"\bif\s+len\((?P<kept>[\w.]+)\)\s*>=?[^:\n]*:\s*(?P=kept)\.clear\(\)")
"""How many it keeps is no sign, whoever counts them."""
_ITEMS: Final = frozenset({"[]", "setdefault"})
_SOMEBODY: Final = re.compile(
    r"\b(request|req|g|session|flask\.g|self\.request)\.(user|identity|account|member|tenant|student|customer|auth|session)\b"
    r"|\bcurrent_(user|member|account|tenant|identity)\b|\bget_jwt_identity\b"
)
"""Who asks, in an expression."""
_OF_MANY: Final = re.compile(
    r"(user_?)?(roles?|kind|type|level|plan|tier|lang(uage)?|locale|time_?zone)|is_\w+|(has|get)_\w*(role|type|level|plan)\w*"
)
"""What many of those who ask have in common: a key of it is nobody's own."""
_PUTTING: Final = frozenset({"set", "add", "get_or_set", "setdefault"})
_TIMED: Final = 3
"""Arguments of `cache.set(key, value, 300)`."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Something that outlives a request."""

    file: str
    function: str
    """Qualified; the one that is remembered, or that writes to it."""
    text: str
    """For a person."""


def unforgotten(
    files: Iterable[Edited], reach: Mapping[str, Reached], read: Mapping[str, Lines], /
) -> tuple[Memory, ...]:
    """What the change begins to remember of what it asks others for, and never forgets.

    Args:
        files: before and after the change.
        reach: what the requests ran on the baseline.
        read: by request, the lines on the way to effects of the changed tree.
    """
    listed = tuple(files)
    if any(forgets("\n".join(added(file))) for file in listed):
        return ()
    found = []
    for file in listed:
        if file.trees is None:
            continue
        before, after = ({one.text: one for one in memories(file.path, tree)} for tree in file.trees)
        for text in sorted(after.keys() - before.keys()):
            one = after[text]
            asked = (
                _is_on_the_way(
                    file.path, file.trees[0], one.function, (each.frames for each in reach.values())
                ),
                _is_on_the_way(file.path, file.trees[1], one.function, read.values()),
            )
            if any(asked):
                found.append(one)
    return tuple(found)


def shared(files: Iterable[Edited], /) -> tuple[Memory, ...]:
    """What the change begins to remember of who asks under a key that says nothing of who asks: the next one gets it, too.

    A workload may know of one person only. Told is what is made of the person and kept by a key that is not, however soon it is forgotten.
    """
    found = []
    for file in files:
        if file.trees is not None:
            before, after = ({one.text: one for one in _shared(file.path, tree)} for tree in file.trees)
            found += [after[text] for text in sorted(after.keys() - before.keys())]
    return tuple(found)


def _shared(path: str, tree: ast.Module) -> Iterator[Memory]:
    kept = _containers(tree)
    for name, function in functions(tree):
        nodes = list(_own(function))
        if not any(_is_somebody(node) for node in nodes):
            continue
        values: defaultdict[str, list[ast.expr]] = defaultdict(list)
        for node in nodes:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        values[target.id].append(node.value)
        for node in nodes:
            for owner, key, value in _put(node, kept):
                whose = [any(map(_is_somebody, _spelt_out(one, values))) for one in (key, value)]
                if whose == [False, True] or (all(whose) and _is_of_many(key, value, values)):
                    yield Memory(
                        file=path,
                        function=name,
                        text=f"what `{name}` answers to one who asks, kept in `{owner}` by `{ast.unparse(key)[:60]}`",
                    )


def _put(node: ast.AST, kept: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, ast.expr, ast.expr]]:
    """What something is put into that outlives the request, by which key, and what."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr=attr), args=[key, value, *_]) if attr in _PUTTING:
            text = ast.unparse(owner)
            if _NAMED.search(text) or (attr == "setdefault" and "setdefault" in kept.get(text, frozenset())):
                yield text, key, value
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if isinstance(target, ast.Subscript):
                    text = ast.unparse(target.value)
                    if "[]" in kept.get(text, frozenset()) or _OF_THE_APPLICATION.search(text):
                        yield text, target.slice, value
        case _:
            pass


def _spelt_out(expression: ast.expr, values: Mapping[str, list[ast.expr]]) -> Iterator[ast.AST]:
    """The nodes of an expression, local names taken for what they were given."""
    stack, seen = [expression], set[str]()
    while stack:
        for node in ast.walk(stack.pop()):
            yield node
            if isinstance(node, ast.Name) and node.id in values and node.id not in seen:
                seen.add(node.id)
                stack.extend(values[node.id])


def _is_of_many(key: ast.expr, value: ast.expr, values: Mapping[str, list[ast.expr]]) -> bool:
    """Whether a key tells only what many of those who ask have in common, and the value is made of more."""
    by, of = (_said_of_somebody(one, values) for one in (key, value))
    return all(map(_OF_MANY.fullmatch, by)) and not of <= by


def _said_of_somebody(expression: ast.expr, values: Mapping[str, list[ast.expr]]) -> set[str]:
    """The attributes that are read of who asks; "" for the person as a whole, or a part of the request."""
    people = {name for name, given in values.items() if all(map(_is_somebody, given))}
    others = {name: given for name, given in values.items() if name not in people}

    def is_somebody(node: ast.AST) -> bool:
        return _is_somebody(node) or (isinstance(node, ast.Name) and node.id in people)

    nodes = list(_spelt_out(expression, others))
    read = {
        id(node.value): node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and is_somebody(node.value) and not is_somebody(node)
    }
    return {read.get(id(node), "") for node in nodes if is_somebody(node)}


def _is_somebody(node: ast.AST) -> bool:
    """Whether an expression is who asks, or a part of the request that says so."""
    match node:
        case ast.Attribute() | ast.Name():
            return _SOMEBODY.fullmatch(text := ast.unparse(node)) is not None or text.startswith(
                "request.headers"
            )
        case _:
            return False


def added(file: Edited) -> Iterator[str]:
    """Lines that were not there."""
    known = set(decode(file.before or b"").text.splitlines())
    yield from (line for line in decode(file.after).text.splitlines() if line not in known)


def forgets(added: str) -> bool:
    return _FORGETS.search(_OVERFULL.sub("", _NEVER.sub("", added))) is not None


def _is_on_the_way(path: str, tree: ast.Module, name: str, ways: Iterable[Lines]) -> bool:
    """Whether a function's own lines lead to an effect."""
    function = next((node for known, node in functions(tree) if known == name), None)
    if function is None:
        return False
    lines = range(function.body[0].lineno, (function.end_lineno or function.lineno) + 1)
    return any(not lines_of.get(path, frozenset()).isdisjoint(lines) for lines_of in ways)


def functions(tree: ast.AST, outer: str = "") -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{outer}{child.name}", child
            yield from functions(child, f"{outer}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from functions(child, f"{outer}{child.name}.")
        else:
            yield from functions(child, outer)


def memories(path: str, tree: ast.Module) -> Iterator[Memory]:
    kept = _containers(tree)
    for name, function in functions(tree):
        for decorator in function.decorator_list:
            called = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
            last = called.rpartition(".")[2]
            if _DECORATORS.search(last) and last not in _PER_OBJECT:
                yield Memory(file=path, function=name, text=f"`@{called}` on `{name}`")
        local = _local(function)
        defaults = {
            argument.arg
            for argument, default in _defaults(function)
            if isinstance(default, ast.Dict | ast.List | ast.Set | ast.Call)
        }
        for node in _own(function):
            for root, by in _written(node):
                is_kept = by in kept.get(root, frozenset()) or _OF_THE_APPLICATION.search(root)
                if is_kept and root.partition(".")[0] not in local:
                    yield Memory(file=path, function=name, text=f"`{root}`, written by `{name}`")
                elif root in defaults:
                    yield Memory(
                        file=path, function=name, text=f"the default of `{root}`, written by `{name}`"
                    )
            if isinstance(node, ast.Global):
                for each in node.names:
                    yield Memory(file=path, function=name, text=f"the global `{each}`, written by `{name}`")
            if (owner := _for_ever(node)) is not None:
                yield Memory(file=path, function=name, text=f"`{owner}` without a time, by `{name}`")


def _containers(tree: ast.Module) -> dict[str, frozenset[str]]:
    """Names that live as long as the module, and by what they are put into.

    What is assigned at its top or imported, what a class holds (`self.x`, `cls.x`, `C.x`) or is given later (`C.*`), its functions.
    """
    found: dict[str, frozenset[str]] = {}
    for statement in tree.body:
        found |= _assigned(statement)
        if isinstance(statement, ast.ImportFrom):
            names = [one.asname or one.name for one in statement.names]
            found |= dict.fromkeys((*names, *(f"{one}.*" for one in names if one[:1].isupper())), _ITEMS)
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            found[f"{statement.name}.*"] = _ITEMS
        if isinstance(statement, ast.ClassDef):
            for each in statement.body:
                for name, by in _assigned(each).items():
                    owners = ("self", "cls", statement.name, "type(self)")
                    found |= {f"{owner}.{name}": by for owner in owners}
            found |= dict.fromkeys((f"{statement.name}.*", "cls.*", "type(self).*", "self.__class__"), _ITEMS)
    return found


def _assigned(statement: ast.stmt) -> dict[str, frozenset[str]]:
    """Names of a statement that assigns a container or an object."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            names = [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            names = [name]
        case _:
            return {}
    match value:
        case ast.Dict(keys=[]) | ast.List() | ast.Set():
            by = _ITEMS | _KEEPING
        case ast.Call(func=called):
            plain = ast.unparse(called).rpartition(".")[2] in _CONTAINERS
            by = _ITEMS | _KEEPING if plain else _ITEMS
        case _:
            return {}
    return dict.fromkeys(names, by)


def _local(function: Function) -> set[str]:
    arguments = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    stored = {
        node.id for node in _own(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    declared = {name for node in _own(function) if isinstance(node, ast.Global) for name in node.names}
    return (arguments - {"self", "cls"}) | (stored - declared)


def _defaults(function: Function) -> Iterator[tuple[ast.arg, ast.expr]]:
    positional = [*function.args.posonlyargs, *function.args.args]
    yield from zip(
        positional[len(positional) - len(function.args.defaults) :], function.args.defaults, strict=True
    )
    for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
        if default is not None:
            yield argument, default


def _own(function: Function) -> Iterator[ast.AST]:
    """Its nodes, without those of functions inside it."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            stack.extend(ast.iter_child_nodes(node))


def _written(node: ast.AST) -> Iterator[tuple[str, str]]:
    """What something is put into, as it is written (`SEEN`, `self._kept`, `find.*` for an attribute of a function), and by what."""
    match node:
        case ast.Subscript(value=ast.Name() | ast.Attribute() as owner, ctx=ast.Store()):
            yield ast.unparse(owner), "[]"
        case ast.Call(func=ast.Attribute(value=ast.Name() | ast.Attribute() as owner, attr=attr)) if (
            attr in _KEEPING
        ):
            yield ast.unparse(owner), attr
        case ast.Attribute(value=ast.Name(id=owner), ctx=ast.Store()):
            yield f"{owner}.*", "[]"
        case ast.Attribute(
            value=ast.Call(func=ast.Name(id="type"), args=[ast.Name(id="self")]), ctx=ast.Store()
        ):
            yield "type(self).*", "[]"
        case ast.Attribute(value=ast.Attribute() as owner, ctx=ast.Store()):
            yield ast.unparse(owner), "[]"
        case _:
            pass


def _for_ever(node: ast.AST) -> str | None:
    """A cache that is told to keep something without end: `cache.set(key, value, None)`."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=owner, attr="set" | "add" | "get_or_set" | "set_many"),
            args=arguments,
            keywords=keywords,
        ) if _NAMED.search(ast.unparse(owner)):
            times = [one.value for one in keywords if one.arg in {"timeout", "ttl", "ex"}] + arguments[
                _TIMED - 1 : _TIMED
            ]
            if any(isinstance(one, ast.Constant) and one.value is None for one in times):
                return f"{ast.unparse(owner)}.{ast.unparse(node.func).rpartition('.')[2]}"
            return None
        case _:
            return None
