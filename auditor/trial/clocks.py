"""What a change begins to know of the clock for as long as a process lives: the day on which it came up, a token that was good once.

Nothing that is asked within minutes shows it. Seconds that are taken to tell how long something took are no clock in this sense.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Final

from auditor.trial.constraints.edited import Edited
from auditor.trial.remembering import Memory, added, forgets, functions, memories

_CLOCK: Final = re.compile(
    r"(?:^|\.)(?:date\.today|datetime\.(?:today|now|utcnow)|timezone\.(?:now|localdate|localtime)|pendulum\.(?:now|today)|arrow\.(?:now|utcnow))$"
)
_JUDGES_AGE: Final = re.compile(r"(?:^|\.)(?:jwt|jose|JWT)\.decode$|^time\.time$")
"""What tells by the clock whether something is still good; plain seconds only where they are compared."""
_AGES: Final = frozenset({"max_age"})


def frozen_clocks(files: Iterable[Edited], /) -> tuple[Memory, ...]:
    """Where the change reads the clock once: as a module or a class is made, for a default, or in what it remembers without an end."""
    listed = [file for file in files if file.trees is not None]
    ends = any(forgets("\n".join(added(file))) for file in listed)
    found: list[Memory] = []
    for file in listed:
        assert file.trees is not None
        was, now = ({one.text: one for one in _at_import(file.path, tree)} for tree in file.trees)
        found += [now[text] for text in sorted(now.keys() - was.keys())]
        if not ends:
            was, now = ({one.text: one for one in _remembered(file.path, tree)} for tree in file.trees)
            found += [now[text] for text in sorted(now.keys() - was.keys())]
    return tuple(found)


def _at_import(path: str, tree: ast.Module) -> Iterator[Memory]:
    for place, node in _run_at_import(tree):
        if isinstance(node, ast.Call) and _CLOCK.search(called := ast.unparse(node.func)):
            yield Memory(file=path, function=place, text=f"`{called}()` of {place or 'the module'}")


def _run_at_import(tree: ast.AST, place: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Nodes that are evaluated when the module is, by the function or class they belong to; what only a script runs is left out."""
    for child in ast.iter_child_nodes(tree):
        match child:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                name = f"the defaults of `{child.name}`"
                for default in [
                    *child.args.defaults,
                    *(one for one in child.args.kw_defaults if one is not None),
                ]:
                    yield from ((name, node) for node in ast.walk(default) if not _is_put_off(default, node))
                for decorator in child.decorator_list:
                    yield from ((f"what decorates `{child.name}`", node) for node in ast.walk(decorator))
            case ast.Lambda():
                pass
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                pass
            case ast.ClassDef():
                yield from _run_at_import(child, f"the class `{child.name}`")
            case _:
                yield place, child
                yield from _run_at_import(child, place)


def _is_put_off(whole: ast.AST, node: ast.AST) -> bool:
    return any(isinstance(one, ast.Lambda) and node in ast.walk(one) for one in ast.walk(whole))


def _remembered(path: str, tree: ast.Module) -> Iterator[Memory]:
    """What is remembered without an end and told by the clock, in the function or in one of the module's that it calls."""
    plain = {name.rpartition(".")[2]: function for name, function in functions(tree)}
    for one in memories(path, tree):
        waiting, seen = [one.function.rpartition(".")[2]], set[str]()
        while waiting:
            name = waiting.pop()
            function = plain.get(name)
            if function is None or name in seen:
                continue
            seen.add(name)
            if _reads(function):
                yield Memory(
                    file=path, function=one.function, text=f"{one.text}, which the clock decides in `{name}`"
                )
                break
            waiting += [
                called.id
                for node in ast.walk(function)
                if isinstance(node, ast.Call) and isinstance(called := node.func, ast.Name)
            ]


def _reads(function: ast.AST) -> bool:
    compared = {
        id(part) for node in ast.walk(function) if isinstance(node, ast.Compare) for part in ast.walk(node)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if _CLOCK.search(called) or any(one.arg in _AGES for one in node.keywords):
                return True
            if _JUDGES_AGE.search(called) and (called != "time.time" or id(node) in compared):
                return True
    return False
