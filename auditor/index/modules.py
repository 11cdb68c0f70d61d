"""Which file a dotted name is: the modules of a tree, and what each of them sees under a name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from auditor.index.path_roots import path_roots
from auditor.index.symbols import ImportedName, Module, declare

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Modules:
    """Every module of a tree and of the libraries' models, by name and by path."""

    def __init__(self, files: Iterable[tuple[str, str, Mapping[str, Any]]]) -> None:
        """As `Project`."""
        given = sorted(files)
        packages = {
            path.rpartition("/")[0]
            for path, role, _ in given
            if path.endswith("__init__.py") and role != "library"
        }
        self._packages = packages
        self.listed: list[Module] = []
        self._by_name: dict[str, list[Module]] = {}
        self.by_path: dict[str, Module] = {}
        self._library: dict[str, Module] = {}
        for path, role, summary in given:
            root, name, is_package = library_name(path) if role == "library" else module_name(path, packages)
            module = Module(
                name,
                path,
                role,
                root,
                is_package,
                summary["body"],
                summary["lines"],
                tuple(summary["ignores"]),
            )
            self.listed.append(declare(module))
            self.by_path[path] = module
            if role == "library":
                self._library[name] = module
            else:
                self._by_name.setdefault(name, []).append(module)
        self._library_tops = {name.partition(".")[0] for name in self._library}
        self._suffixes: dict[str, list[Module]] | None = None
        self._roots: list[str] | None = None
        self._found: dict[tuple[str, str], Module | None] = {}
        self._importing: dict[str, list[Module]] | None = None
        self._installed: dict[tuple[str, str], bool] = {}

    def module(self, dotted: str, near: Module | None = None) -> Module | None:
        """The module of that dotted name as `near` sees it: of its own root, of another, then of a library.

        Where several roots have one, the one with the shortest path.
        """
        key = (dotted, "" if near is None else near.root)
        if key not in self._found:
            self._found[key] = self._find(dotted, near)
        found = self._found[key]
        if found is None and near is not None:
            found = self._neighbour(dotted, near)
        # A plain file that imports its own name means the library: `tasks/celery.py` says `import celery`.
        itself = found is not None and found is near and not found.is_package
        return self._library.get(dotted) if itself else found

    def _find(self, dotted: str, near: Module | None) -> Module | None:
        named = self._by_name.get(dotted, [])
        same = [m for m in named if near is None or m.root == near.root]
        candidates = same or [m for m in named if self._is_reachable(m, near)]
        if not candidates:
            if dotted in self._library:
                return self._library[dotted]
            candidates = self._by_suffix(dotted) or self._on_path(dotted)
        return min(candidates, key=lambda m: (m.path.count("/"), m.path), default=None)

    def _neighbour(self, dotted: str, near: Module) -> Module | None:
        """One imported by its bare name, as a script does whose folder happens to be a package: for that folder alone."""
        if "." not in near.name and not near.is_package:
            return None
        package = near.name if near.is_package else near.name.rpartition(".")[0]
        top = dotted.partition(".")[0]
        if not package or top in sys.stdlib_module_names or top in self._library_tops:
            return None
        found = next((m for m in self._by_name.get(f"{package}.{dotted}", []) if m.root == near.root), None)
        return None if found is None or self._is_installed(top, near.path.rpartition("/")[0]) else found

    def _is_installed(self, top: str, folder: str) -> bool:
        """Whether the application imports that name outside of `folder` too, where only a library can answer to it."""
        key = (top, folder)
        if key not in self._installed:
            self._installed[key] = any(
                not m.path.startswith(f"{folder}/")
                and self._find(top, m) is None
                and not self._by_name.get(f"{m.name if m.is_package else m.name.rpartition('.')[0]}.{top}")
                for m in self._importers(top)
            )
        return self._installed[key]

    def _importers(self, top: str) -> list[Module]:
        """The application's modules that import something of that name at their top."""
        if self._importing is None:
            self._importing = {}
            for module in self.listed:
                bound = (b for bindings in module.scope.values() for b in bindings)
                tops = {b.module.partition(".")[0] for b in bound if isinstance(b, ImportedName)}
                for name in tops if module.role == "app" else ():
                    self._importing.setdefault(name, []).append(module)
        return self._importing.get(top, [])

    def _is_reachable(self, module: Module, near: Module | None) -> bool:
        """Whether a module of another root can be what `near` imports: not where its name is better known."""
        top = module.name.partition(".")[0]
        if top in sys.stdlib_module_names or top in self._library_tops:
            return False
        return module.role != "script" or near is None or near.role == "script"

    def _by_suffix(self, dotted: str) -> list[Module]:
        """Modules in folders without `__init__.py` (namespace packages), by the tail of their path."""
        if self._suffixes is None:
            self._suffixes = {}
            for module in self.listed:
                if module.role == "library":
                    continue
                parts = module.path.removesuffix(".py").removesuffix("/__init__").split("/")
                for n in range(2, len(parts) + 1):
                    if "/".join(parts[:-n]) in self._packages:
                        continue
                    self._suffixes.setdefault(".".join(parts[-n:]), []).append(module)
        if "." not in dotted:
            return []
        return self._suffixes.get(dotted, [])

    def _on_path(self, dotted: str) -> list[Module]:
        """Modules below the packages that settings put on the path."""
        if self._roots is None:
            self._roots = path_roots((m for m in self.listed if m.role != "library"), self._packages)
        places = (f"{root}/{dotted.replace('.', '/')}" for root in self._roots)
        files = (f"{place}{end}" for place in places for end in (".py", "/__init__.py"))
        return [self.by_path[file] for file in files if file in self.by_path][:1]


def module_name(path: str, packages: set[str]) -> tuple[str, str, bool]:
    """`(root, dotted name, is a package)` of a file: its root is the nearest folder that is no package."""
    folder, _, file = path.rpartition("/")
    is_package = file == "__init__.py"
    stem = file.removesuffix(".py").removesuffix(".pyi")
    parts = [] if is_package else [stem]
    while folder and (folder in packages or inside_package(folder, packages)):
        folder, _, name = folder.rpartition("/")
        parts.insert(0, name)
    return folder, ".".join(p for p in parts if p), is_package


def inside_package(folder: str, packages: set[str]) -> bool:
    """Whether a folder without `__init__.py` lies below a package: a namespace package within it."""
    while folder:
        folder = folder.rpartition("/")[0]
        if folder and folder in packages:
            return True
    return False


def library_name(path: str) -> tuple[str, str, bool]:
    """As `module_name`, for a model below the library's root: folders there need no `__init__.py`."""
    root, _, inside = path.partition("/")
    is_package = inside.endswith("__init__.py")
    return root, inside.removesuffix(".py").removesuffix("__init__").strip("/").replace("/", "."), is_package
