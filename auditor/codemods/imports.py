"""Adds an import to a module, where its own imports stand."""

import ast
import sys
from typing import TYPE_CHECKING

from auditor.codemods.spans import Spans

if TYPE_CHECKING:
    from auditor.codemods.source import Source


def bound_to(tree: ast.Module, module: str, name: str | None, /) -> str | None:
    """Under which name `from module import name` (or `import module`) is already bound at the top; None when it is not."""
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=found, names=names, level=0) if name is not None and found == module:
                for alias in names:
                    if alias.name == name:
                        return alias.asname or alias.name
            case ast.Import(names=names) if name is None:
                for alias in names:
                    if alias.name == module:
                        return alias.asname or alias.name
            case _:
                pass
    return None


def add_import(spans: Spans, module: str, name: str | None = None, /) -> str | None:
    """Has `module`, or `name` out of it, imported; gives the name it goes by.

    None when the name is bound to something else in the module already.
    """
    if name is not None:
        return name_of(add_names(spans, module, [name]))
    known = bound_to(spans.tree, module, None)
    if known is not None:
        return known
    wanted = module.partition(".")[0]
    if wanted in _bound(spans.tree):
        return None
    _add_line(spans, module, f"import {module}")
    return wanted


def add_names(spans: Spans, module: str, names: list[str], /) -> list[str] | None:
    """Has several names imported from one module, by one statement; gives the names they go by, None as `add_import`."""
    going_by = [bound_to(spans.tree, module, name) for name in names]
    new = [name for name, known in zip(names, going_by, strict=True) if known is None]
    if set(new) & _bound(spans.tree):
        return None
    for node in spans.tree.body if new else []:
        if isinstance(node, ast.ImportFrom) and node.module == module and not node.level:
            for name in new:
                _extend(spans, node, name)
            break
    else:
        if new:
            _add_line(spans, module, f"from {module} import {', '.join(new)}")
    return [known or name for name, known in zip(names, going_by, strict=True)]


def add_modules(spans: Spans, modules: list[str], /) -> list[str] | None:
    """Has several modules of one kind imported whole; gives the names they go by, None as `add_import`."""
    going_by = [bound_to(spans.tree, module, None) for module in modules]
    new = [module for module, known in zip(modules, going_by, strict=True) if known is None]
    if {module.partition(".")[0] for module in new} & _bound(spans.tree):
        return None
    if new:
        _add_line(spans, new[0], "\n".join(f"import {module}" for module in new))
    return [known or module.partition(".")[0] for module, known in zip(modules, going_by, strict=True)]


def name_of(names: list[str] | None) -> str | None:
    return None if names is None else names[0]


def _add_line(spans: Spans, module: str, line: str) -> None:
    rank = _rank(spans, module, 0)
    if rank is not None and _add_in_order(spans, line, rank):
        return
    after = _last_import(spans.tree, module)
    if after is None:
        spans.insert(_after_docstring(spans), f"{line}\n")
    else:
        spans.insert_after(after, f"\n{line}")


def _rank(spans: Spans, module: str, level: int) -> int | None:
    """In which block of imports a module belongs: the standard library's, other people's, our own; None if unknown."""
    if module.partition(".")[0] in sys.stdlib_module_names and not level:
        return 0
    if spans.is_own is None:
        return None
    return 2 if level or spans.is_own(module) else 1


def _add_in_order(spans: Spans, line: str, rank: int) -> bool:
    """Behind the last import of its block, or before the first of a later one."""
    last: ast.stmt | None = None
    for node in spans.tree.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            break
        module = (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        found = _rank(spans, module, node.level if isinstance(node, ast.ImportFrom) else 0)
        if module == "__future__":
            continue
        if found == rank or (found is None and rank):
            last = node
        elif (found is None or found > rank) and last is None:
            spans.insert_lines_before(node, [*line.split("\n"), ""])
            return True
    if last is not None:
        spans.insert_after(last, f"\n{line}")
    return last is not None


def _bound(tree: ast.Module) -> set[str]:
    names = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names


def _extend(spans: Spans, node: ast.ImportFrom, name: str) -> None:
    """Into the list at its alphabetical place, if the list is sorted; else at its end."""
    listed = [alias.name for alias in node.names]
    for key in (_by_type, str.lower):
        if listed == sorted(listed, key=key):
            for alias in node.names:
                if key(alias.name) > key(name):
                    start, _ = spans.span(alias)
                    spans.insert(start, f"{name}, ")
                    return
            break
    spans.insert_after(node.names[-1], f", {name}")


def _by_type(name: str) -> str:
    """Constants, then classes, then the rest, as import sorters have it."""
    return f"{'0' if name.isupper() else '1' if name[:1].isupper() else '2'}{name.lower()}"


def _last_import(tree: ast.Module, module: str) -> ast.stmt | None:
    """The last absolute import at the top before code; one of the same package rather than of another."""
    found: ast.stmt | None = None
    same: ast.stmt | None = None
    for node in tree.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            break
        found = node
        top = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        if top and top.partition(".")[0] == module.partition(".")[0]:
            same = node
    return same or found


def _after_docstring(spans: Spans) -> int:
    body = spans.tree.body
    first = body[0] if body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        line = (first.end_lineno or 1) + 1
    else:
        line = 1
        while line <= len(spans.lines) and spans.lines[line - 1].startswith("#"):
            line += 1  # a shebang, a coding cookie, a licence
    return sum(len(text) + 1 for text in spans.lines[: line - 1])


def importable(source: "Source", module: str, name: str, /) -> bool:
    """Whether a module of the target binds a name at its top, so that importing it there works as for its neighbours."""
    path = module.replace(".", "/")
    scene = source.scene
    candidates = [f"{path}/__init__.py", f"{path}.py"]
    if scene is not None:
        candidates += [m.path for m in scene.project.modules if m.name == module]
    for candidate in candidates:
        spans = source.spans(candidate)
        if spans is not None:
            return any(
                (isinstance(node, ast.ClassDef) and node.name == name)
                or (
                    isinstance(node, ast.ImportFrom) and any((a.asname or a.name) == name for a in node.names)
                )
                for node in spans.tree.body
            )
    return False
