"""Adds an import to a module, where its own imports stand."""

import ast

from auditor.codemods.spans import Spans


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
    known = bound_to(spans.tree, module, name)
    if known is not None:
        return known
    wanted = name or module.partition(".")[0]
    if wanted in _bound(spans.tree):
        return None
    for node in spans.tree.body:
        if name is not None and isinstance(node, ast.ImportFrom) and node.module == module and not node.level:
            _extend(spans, node, name)
            return wanted
    line = f"from {module} import {name}" if name is not None else f"import {module}"
    after = _last_import(spans.tree, module)
    if after is None:
        spans.insert(_after_docstring(spans), f"{line}\n")
    else:
        spans.insert_after(after, f"\n{line}")
    return wanted


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
    if listed == sorted(listed, key=str.lower):
        for alias in node.names:
            if alias.name.lower() > name.lower():
                start, _ = spans.span(alias)
                spans.insert(start, f"{name}, ")
                return
    spans.insert_after(node.names[-1], f", {name}")


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
