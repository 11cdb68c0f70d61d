"""The linked project: what a name or an expression means, class hierarchies."""

from __future__ import annotations

import builtins
from collections import Counter, deque
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from auditor.index import ir
from auditor.index.modules import Modules
from auditor.index.symbols import (
    Assigned,
    Binding,
    Class,
    External,
    Function,
    ImportedName,
    Module,
    Symbol,
    function_scope,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from auditor.index.ir import Node

_BUILTINS: Final = frozenset(dir(builtins))
_DEFINED: Final = (Function, Class)
"""What a name stands for by itself."""
_MAX_HOPS: Final = 24
"""Re-exports followed for one name; longer chains are cycles in practice."""


class Project:
    """Every module of a tree, linked lazily. Resolution is memoised: a `Project` is built, then read."""

    def __init__(
        self,
        files: Iterable[tuple[str, str, Mapping[str, Any]]],
        interfaces: Iterable[tuple[str, str]] = (),
    ) -> None:
        """`files` are `(path, role, summary)`; see `lower.lower` for the summary. `interfaces` are `(path, text)`."""
        self.interfaces = tuple(interfaces)
        """Descriptions of HTTP interfaces that lie in the tree, as they are written."""
        self._files = Modules(files)
        self.modules = self._files.listed
        self.by_path = self._files.by_path
        self._names: dict[tuple[int, str], Symbol | None] = {}
        self._bases: dict[int, tuple[Class | External, ...]] = {}
        self._mros: dict[int, tuple[Class | External, ...]] = {}
        self._subclasses: dict[int, list[Class]] | None = None
        self._below: dict[int, list[Class]] = {}
        self._members: dict[tuple[int, str], tuple[Class, list[Binding]] | None] = {}
        self._methods: dict[tuple[int, str], Function | None] = {}
        self._unsettled = 0
        """Hierarchies being put in line: what is found meanwhile may not be all there is."""
        self._star_names: dict[str, list[Module]] | None = None
        self._depth = 0
        self.made: dict[tuple[object, ...], Class] = {}
        """Classes that a framework puts together when the application starts, by what they are made of."""

    # -- modules ---------------------------------------------------------------------------------------------

    def module(self, dotted: str, near: Module | None = None) -> Module | None:
        """The module of that dotted name as `near` sees it."""
        return self._files.module(dotted, near)

    # -- names -----------------------------------------------------------------------------------------------

    def resolve(self, module: Module, name: str) -> Symbol | None:
        """What a bare name means at the top level of `module`; None where nothing binds it."""
        key = (id(module), name)
        if key not in self._names:
            if self._depth >= _MAX_HOPS:
                return None
            self._names[key] = None  # a cycle of re-exports ends here
            self._depth += 1
            try:
                self._names[key] = self._resolve(module, name)
            finally:
                self._depth -= 1
        return self._names[key]

    def _resolve(self, module: Module, name: str) -> Symbol | None:
        bindings = module.scope.get(name)
        if bindings:
            return self.pick(module, bindings)
        if module.stars:
            source = self._starred(module, name)
            if source is not None:
                return self.pick(source, source.scope[name])
        if name in _BUILTINS:
            return External(f"builtins.{name}")
        if name == "__name__":
            return None
        found = self.module(f"{module.name}.{name}", module) if module.is_package else None
        return found or self._imported_in_class(module, name) or self._of_library(module, name)

    def _of_library(self, module: Module, name: str) -> External | None:
        """A name that nothing here binds, where just one star import brings names from outside this tree."""
        outside = [star for star in module.stars if self.module(star, module) is None]
        return External(f"{outside[0]}.{name}") if len(outside) == 1 else None

    def _imported_in_class(self, module: Module, name: str) -> Symbol | None:
        """What the body of a class imports for its own assignments, where nothing else has the name."""
        for cls in module.classes:
            imported = [b for b in cls.scope.get(name, ()) if isinstance(b, ImportedName)]
            if imported:
                return self.pick(module, list(imported))
        return None

    def _starred(self, module: Module, name: str) -> Module | None:
        """The module that binds `name` among those star-imported by `module`, directly or through others.

        A walk over modules, each once, and only for names that a star import could bring: cycles are cheap.
        """
        if self._star_names is None:
            self._star_names = {}
            sources = {s for m in self.modules for star in m.stars if (s := self.module(star, m)) is not None}
            for source in sorted(sources, key=lambda m: m.path):
                for bound in source.scope:
                    self._star_names.setdefault(bound, []).append(source)
        if name not in self._star_names:
            return None
        met = {module}
        stack = [module]
        while stack:
            at = stack.pop()
            if at is not module and name in at.scope:
                return at
            for star in reversed(at.stars):
                further = self.module(star, at)
                if further is not None and further not in met:
                    met.add(further)
                    stack.append(further)
        return None

    def _in_plain_folder(self, module: Module, binding: ImportedName) -> Module | None:
        """`from folder import x` of a folder without `__init__.py`, below a folder that the importer is in, too."""
        found = self.module(f"{binding.module}.{binding.name}")
        if found is None or found.role == "library":
            return None
        below = f"{binding.module}.{binding.name}".replace(".", "/")
        place = found.path.removesuffix("/__init__.py").removesuffix(".py")
        if place != below and not place.endswith(f"/{below}"):
            return None
        return found if module.path.startswith(place.removesuffix(below)) else None

    def exported(self, module: Module, name: str) -> Symbol | None:
        """What `from module import name` gives; a builtin that shines through is not an export."""
        found = self.resolve(module, name)
        return None if isinstance(found, External) and found.name.startswith("builtins.") else found

    def pick(self, module: Module, bindings: list[Binding]) -> Symbol | None:
        """The binding that counts: the last; but a conditional import prefers what the project has."""
        last = bindings[-1]
        if isinstance(last, _DEFINED):
            return last
        chosen: Symbol | None = None
        for binding in reversed(bindings):
            found = self.follow(module, binding)
            if found is None or (isinstance(found, Assigned) and is_none(found.value)):
                continue
            if not isinstance(found, External):
                return found
            chosen = chosen or found
        return chosen or self.follow(module, bindings[-1])

    def follow(self, module: Module, binding: Binding) -> Symbol | None:
        """What one binding stands for, imports followed."""
        if not isinstance(binding, ImportedName):
            return binding
        target = self.module(binding.module, module)
        if binding.name is None:
            return target or External(binding.module)
        if target is None:
            return self._in_plain_folder(module, binding) or External(f"{binding.module}.{binding.name}")
        if binding.name in target.scope or target.stars:
            found = self.exported(target, binding.name)
            if found is not None:
                return found
        return self.module(f"{target.name}.{binding.name}", target) or (
            External(f"{binding.module}.{binding.name}") if target.role in {"stub", "library"} else None
        )

    def lookup(self, function: Function | None, module: Module, name: str) -> Symbol | None:
        """What a bare name means in `function`: its scope, those of enclosing functions, the module's."""
        scope_of = function
        while scope_of is not None:
            bindings = function_scope(scope_of).get(name)
            if bindings:
                return self.pick(module, bindings)
            if any(p[0] == name for p in scope_of.params):
                return None
            scope_of = scope_of.parent
        return self.resolve(module, name)

    # -- dotted expressions ----------------------------------------------------------------------------------

    def resolve_expression(
        self, module: Module, node: Node, function: Function | None = None
    ) -> Symbol | None:
        """What a dotted or called expression means without running it.

        A call of something external gives `External("name()")`, a call of a project class what its instance's
        attributes are looked up in: the class itself. An assigned name is followed to its expression.
        """
        return self._expression(module, node, function, 0)

    def _expression(self, module: Module, node: Node, function: Function | None, hops: int) -> Symbol | None:
        if hops > _MAX_HOPS:
            return None
        op = node[0]
        if op == ir.NAME:
            return self.settle(module, self.lookup(function, module, node[2]), function, hops + 1)
        if op == ir.ATTR:
            return self.attribute(self._expression(module, node[2], function, hops + 1), node[3], hops + 1)
        if op == ir.CALL:
            called = self._expression(module, node[2], function, hops + 1)
            if isinstance(called, External):
                return External(f"{called.name}()")
            return called if isinstance(called, Class) else None
        if op == ir.SUB:
            return self._expression(module, node[2], function, hops + 1)
        if op == ir.AWAIT:
            return self._expression(module, node[2], function, hops + 1)
        if op == ir.BOOL:
            found = [self._expression(module, item, function, hops + 1) for item in node[3]]
            return next((f for f in found if f is not None), None)
        return None

    def settle(
        self, module: Module, symbol: Symbol | None, function: Function | None, hops: int = 0
    ) -> Symbol | None:
        """Follows an assigned name to what its expression means; the assignment where that is unknown."""
        if isinstance(symbol, Assigned) and symbol.value is not None and hops <= _MAX_HOPS:
            home = self.home(module, symbol)
            return (
                self._expression(home, symbol.value, function if home is module else None, hops + 1) or symbol
            )
        return symbol

    def home(self, module: Module, symbol: Assigned) -> Module:
        """The module whose names an assigned expression uses (it may have come through imports)."""
        owner = self._homes().get(id(symbol))
        return module if owner is None else owner

    _assigned_homes: dict[int, Module] | None = None

    def _homes(self) -> dict[int, Module]:
        if self._assigned_homes is None:
            self._assigned_homes = {
                id(binding): module
                for module in self.modules
                for bindings in module.scope.values()
                for binding in bindings
                if isinstance(binding, Assigned)
            }
        return self._assigned_homes

    def attribute(self, base: Symbol | None, name: str, hops: int = 0) -> Symbol | None:
        """`base.name`, for modules, classes (through the MRO) and external names."""
        if isinstance(base, External):
            # A folder without `__init__.py` is no module, but those in it are.
            return self.module(f"{base.name}.{name}") or External(f"{base.name}.{name}")
        if isinstance(base, Module):
            found = self.exported(base, name) or self.module(f"{base.name}.{name}", base)
            if found is None and base.role == "library":
                return External(f"{base.name}.{name}")  # the model of a library leaves out what needs none
            return self.settle(base, found, None, hops + 1)
        if isinstance(base, Class):
            owner_binding = self.member(base, name)
            if owner_binding is None:
                outside = next((b for b in self.mro(base) if isinstance(b, External)), None)
                return None if outside is None else External(f"{outside.name}.{name}")
            owner, bindings = owner_binding
            found = self.pick(owner.module, bindings)
            if isinstance(found, Assigned) and found.value is not None:
                return self._expression(owner.module, found.value, None, hops + 1) or found
            return found
        return None

    # -- classes ---------------------------------------------------------------------------------------------

    def bases(self, cls: Class) -> tuple[Class | External, ...]:
        """Direct bases that mean something; subscripts (`Generic[T]`) and `with_metaclass` seen through."""
        key = id(cls)
        if key not in self._bases:
            self._bases[key] = ()
            function = cls.parent if isinstance(cls.parent, Function) else None
            found: list[Class | External] = []
            for node in cls.bases:
                found.extend(self._base(cls, node, function))
            self._bases[key] = tuple(found)
        return self._bases[key]

    def _base(self, cls: Class, node: Node, function: Function | None) -> list[Class | External]:
        if node[0] == ir.CALL:
            called = self.resolve_expression(cls.module, node[2], function)
            if isinstance(called, External) and called.name.endswith("with_metaclass"):
                return [b for argument in node[3][1:] for b in self._base(cls, argument, function)]
            if node[2][0] == ir.ATTR and node[2][3] in {"from_queryset", "as_manager"}:
                return [
                    b
                    for part in (node[2][2], *node[3])
                    for b in self._base(cls, part, function)
                    if b is not cls
                ]
        symbol: Symbol | None
        if isinstance(cls.parent, Class) and node[0] == ir.NAME and node[2] in cls.parent.scope:
            symbol = self.pick(cls.module, cls.parent.scope[node[2]])
        else:
            symbol = self.resolve_expression(cls.module, node, function)
        return [symbol] if isinstance(symbol, Class | External) and symbol is not cls else []

    def mro(self, cls: Class) -> tuple[Class | External, ...]:
        """C3 linearisation over what is known; where that fails, left to right and depth first."""
        known = self._mros.get(id(cls))
        if known is not None:
            return known
        waiting = [cls]
        self._unsettled += 1
        while waiting:  # no recursion: a hierarchy may be deeper than the stack
            top = waiting[-1]
            if id(top) not in self._mros:
                self._mros[id(top)] = (top,)  # all that is known of it where bases run in a circle
                waiting += [b for b in self.bases(top) if isinstance(b, Class) and id(b) not in self._mros]
            else:
                waiting.pop()
                self._mros[id(top)] = self._linearised(top)
        self._unsettled -= 1
        return self._mros[id(cls)]

    def _linearised(self, cls: Class) -> tuple[Class | External, ...]:
        bases = self.bases(cls)
        lines = [self._mros[id(b)] if isinstance(b, Class) else (b,) for b in bases]
        merged = lines[0] if len(lines) == 1 else merge([*lines, bases])
        return (cls, *(b for b in merged if b is not cls))

    def member(self, cls: Class, name: str) -> tuple[Class, list[Binding]] | None:
        """The class of the MRO that binds `name`, with the bindings."""
        key = (id(cls), name)
        known = self._members.get(key)
        if known is not None or key in self._members:
            return known
        line = self.mro(cls)
        found = next(((b, b.scope[name]) for b in line if isinstance(b, Class) and name in b.scope), None)
        if not self._unsettled:
            self._members[key] = found
        return found

    def method(self, cls: Class, name: str) -> Function | None:
        """The function that `cls.name` is, through the MRO and through `name = other_function`."""
        key = (id(cls), name)
        known = self._methods.get(key)
        if known is not None or key in self._methods:
            return known
        found = self._method(cls, name)
        if not self._unsettled and not self._depth:
            self._methods[key] = found
        return found

    def _method(self, cls: Class, name: str) -> Function | None:
        found = self.member(cls, name)
        if found is None:
            return None
        symbol = self.pick(found[0].module, found[1])
        if isinstance(symbol, Assigned) and symbol.value is not None:
            if symbol.value[0] == ir.NAME and symbol.value[2] in found[0].scope and symbol.value[2] != name:
                return self.method(found[0], symbol.value[2])
            symbol = self.resolve_expression(found[0].module, symbol.value)
        return symbol if isinstance(symbol, Function) else None

    def subclasses(self, cls: Class) -> list[Class]:
        """Every project class below `cls`, nearest first."""
        if self._subclasses is None:
            self._subclasses = {}
            for module in self.modules:
                for candidate in module.classes:
                    for base in self.bases(candidate):
                        if isinstance(base, Class):
                            self._subclasses.setdefault(id(base), []).append(candidate)
        if id(cls) in self._below:
            return self._below[id(cls)]
        below: dict[int, Class] = {}
        queue = deque(self._subclasses.get(id(cls), ()))
        while queue:
            found = queue.popleft()
            if id(found) not in below:
                below[id(found)] = found
                queue.extend(self._subclasses.get(id(found), ()))
        self._below[id(cls)] = list(below.values())
        return self._below[id(cls)]

    def external_bases(self, cls: Class) -> tuple[str, ...]:
        """Dotted names of the library classes in the MRO."""
        return tuple(b.name for b in self.mro(cls) if isinstance(b, External))


def merge(sequences: Iterable[Sequence[Class | External]]) -> list[Class | External]:
    """C3's merge; where no head is good, the first one is taken."""
    left = [deque(s) for s in sequences if s]
    behind = Counter(b for s in left for b in islice(s, 1, None))
    """In how many places each stands behind another."""
    merged: dict[Class | External, None] = {}
    while left:
        merged[next((s[0] for s in left if not behind[s[0]]), left[0][0])] = None
        for s in left:
            while s and s[0] in merged:
                s.popleft()
                if s:
                    behind[s[0]] -= 1
        left = [s for s in left if s]
    return list(merged)


def is_none(node: Node | None) -> bool:
    """Whether an expression is `None`, or missing."""
    return node is None or (node[0] == ir.CONST and node[2] is None)
