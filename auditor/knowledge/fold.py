"""Folds the types of library files: dotted methods become attributes, bases hand their methods down."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from auditor.knowledge.entries import Entry, KnowledgeError
from auditor.knowledge.facts import CallFact, TypeFact

MakeFact = Callable[[Entry], CallFact]
"""Turns the entry of a method into its fact."""


class Folding:
    """The types of all files on their way to `TypeFact`s, each folded once, where it is needed."""

    def __init__(self, entries: Mapping[str, tuple[str, Entry]], canonical: Mapping[str, str]) -> None:
        self._entries: Final = entries
        self._canonical: Final = canonical
        self._open: Final[list[str]] = []
        self.folded: Final[dict[str, TypeFact]] = {}

    def fold(self, name: str, facts: Mapping[str, MakeFact]) -> TypeFact:
        """The type `name` with all that it inherits; `facts` makes the facts of each library's methods."""
        done = self.folded.get(name)
        if done is not None:
            return done
        if name in self._open:
            raise KnowledgeError(
                f"[[type]] {name!r}: inherits from itself: {' -> '.join([*self._open, name])}"
            )
        self._open.append(name)
        library, entry = self._entries[name]
        bases = [self.fold(self._known(base, name), facts) for base in entry.get("bases", "").split()]
        fact = self._with_own(name, library, bases=bases, make=facts[library])
        self._open.pop()
        self.folded[name] = fact
        return fact

    def _with_own(self, name: str, library: str, *, bases: list[TypeFact], make: MakeFact) -> TypeFact:
        entry = self._entries[name][1]
        methods: dict[str, CallFact] = {}
        attributes: dict[str, str] = {}
        for base in reversed(bases):
            methods.update(base.methods)
            attributes.update(base.attributes)
        otherwise = next((base.otherwise for base in bases if base.otherwise), None)
        if entry.get("async"):
            methods = _awaited(methods)
            otherwise = as_awaited(otherwise) if otherwise else None
            attributes = {a: self._async_twin(t, name, a) for a, t in attributes.items()}
        attributes |= {a: self._known(t, name) for a, t in entry.get("attributes", {}).items()}
        nested: dict[str, dict[str, CallFact]] = {}
        for method, fact in _own_methods(entry, make):
            owner, _, last = method.rpartition(".")
            (nested.setdefault(owner, {}) if owner else methods)[last] = fact
        attributes |= self._nest(name, library, nested)
        if "otherwise" in entry:
            otherwise = make(entry["otherwise"])
            otherwise = as_awaited(otherwise) if entry.get("async") else otherwise
        first = bases[0] if bases else None
        return TypeFact(
            name=name,
            library=library,
            bases=tuple(dict.fromkeys(n for base in bases for n in (base.name, *base.bases))),
            methods=MappingProxyType(methods),
            attributes=MappingProxyType(attributes),
            otherwise=otherwise,
            enters=self._reference(entry, "enters", name, default=first.enters if first else None),
            iterates=self._reference(entry, "iterates", name, default=first.iterates if first else None),
            timeout_argument=entry.get("timeout_argument", first and first.timeout_argument),
            timeout_default_s=entry.get("timeout_default_s", first and first.timeout_default_s),
        )

    def _nest(self, name: str, library: str, nested: Mapping[str, dict[str, CallFact]]) -> dict[str, str]:
        """Types for the steps of dotted methods: `chat.completions.create` makes `X.chat` and one below."""
        paths = {path for owner in nested for path in _prefixes(owner)}
        for path in sorted(paths):
            below = {p.rpartition(".")[2]: f"{name}.{p}" for p in paths if p.rpartition(".")[0] == path}
            self.folded[f"{name}.{path}"] = _plain_type(
                f"{name}.{path}", library, methods=nested.get(path, {}), attributes=below
            )
        return {path: f"{name}.{path}" for path in paths if "." not in path}

    def _async_twin(self, inherited: str, name: str, attribute: str) -> str:
        """The awaited copy of a step of a dotted method; any other attribute keeps its type."""
        if inherited in self._entries:
            return inherited
        step = self.folded[inherited]
        twin = f"{name}.{attribute}"
        below = {a: self._async_twin(t, twin, a) for a, t in step.attributes.items()}
        self.folded[twin] = _plain_type(twin, step.library, methods=_awaited(step.methods), attributes=below)
        return twin

    def _reference(self, entry: Entry, key: str, name: str, *, default: str | None) -> str | None:
        return self._known(entry[key], name) if key in entry else default

    def _known(self, given: str, name: str) -> str:
        found = self._canonical.get(given)
        if found is None:
            raise KnowledgeError(f"[[type]] {name!r}: no file describes the type {given!r} it refers to")
        return found


def as_awaited(fact: CallFact) -> CallFact:
    """The same call in an async client: awaited if it waits for anything, and the loop goes on meanwhile."""
    return replace(fact, is_async=True, blocking=False) if fact.effect else fact


def _awaited(methods: Mapping[str, CallFact]) -> dict[str, CallFact]:
    # One copy for each shared fact, not for each name.
    copies = {id(fact): as_awaited(fact) for fact in methods.values()}
    return {name: copies[id(fact)] for name, fact in methods.items()}


def _own_methods(entry: Entry, make: MakeFact) -> Iterator[tuple[str, CallFact]]:
    for method in entry.get("method", ()):
        fact = make(method)
        if entry.get("async") and "async" not in method:
            fact = as_awaited(fact)
        for name in method["names"].split():
            yield name, fact


def _prefixes(path: str) -> Iterator[str]:
    parts = path.split(".")
    return (".".join(parts[: end + 1]) for end in range(len(parts)))


def _plain_type(
    name: str, library: str, *, methods: Mapping[str, CallFact], attributes: Mapping[str, str]
) -> TypeFact:
    return TypeFact(
        name=name,
        library=library,
        bases=(),
        methods=MappingProxyType(dict(methods)),
        attributes=MappingProxyType(dict(attributes)),
        otherwise=None,
        enters=None,
        iterates=None,
        timeout_argument=None,
        timeout_default_s=None,
    )
