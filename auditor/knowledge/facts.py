"""The frozen values that library knowledge compiles to; looked up by dotted name, never searched."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from auditor.model.effect import EffectKind

LogLevel = Literal["debug", "info", "warning", "error", "critical", "dynamic"]
"""`dynamic`: the level is an argument of the call."""

Fetch = Literal["one", "many", "all"]
"""How much of a result a call brings into Python: a row, a bounded batch, or everything there is."""

RunsIn = Literal["here", "thread", "process", "loop", "later"]
"""Where a callable that was handed over runs: in the call itself, elsewhere, or after the request's work."""

MemoScope = Literal["process", "instance", "request", "shared"]
"""Who sees a remembered value again: this worker, this object, this request, or every worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """An argument that the library calls."""

    position: int | None
    """0-based, `self` not counted; None if it can only be named."""
    keyword: str | None
    runs_in: RunsIn


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFact:
    """What is known about a function, a constructor or a method."""

    library: str
    effect: EffectKind | None = None
    """None: known to have no effect of its own."""
    write: bool = False
    """It changes something outside the process."""
    blocking: bool = False
    """It holds the thread while it waits, so it stops an event loop that it is called from."""
    is_async: bool = False
    """It must be awaited (or iterated with `async for`, entered with `async with`)."""
    returns: str | None = None
    """Canonical name of the type it gives, after `await` if it is async; a key of `Knowledge.types`."""
    timeout_argument: str | None = None
    """Keyword that bounds how long it waits."""
    timeout_default_s: float | None = None
    """The bound where that keyword is not given; None: it can wait for ever."""
    level: LogLevel | None = None
    sql_argument: int | None = None
    """Position of the SQL text, `self` not counted."""
    fetch: Fetch | None = None
    batch: str | None = None
    """What does the same for many at once, in words for a person: `get_many()`, `a pipeline`."""
    cheap: str | None = None
    """Why it costs the request next to nothing all the same: `queued for a background thread`."""
    callback: Callback | None = None
    decorates: str | None = None
    """As a decorator, it turns the function below it into an instance of this type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeFact:
    """What is known about instances of a class; bases are already folded in."""

    name: str
    """The canonical name, whichever alias it was looked up by."""
    library: str
    bases: tuple[str, ...]
    """Canonical names, nearest first, indirect ones included."""
    methods: Mapping[str, CallFact]
    """Dunder methods too: `__enter__` of a lock waits, `__getitem__` of a cache reads."""
    attributes: Mapping[str, str]
    """Attribute to canonical type name: `openai.OpenAI` has `chat`."""
    otherwise: CallFact | None
    """What any method not listed does, for clients whose methods are made at run time."""
    enters: str | None
    """Type that `with` binds; None: the instance itself."""
    iterates: str | None
    """Type that a `for` over the instance binds; None: nothing we know."""
    timeout_argument: str | None
    """Keyword of the constructor that bounds every call on the instance."""
    timeout_default_s: float | None
    """The bound where nobody gives one; None: for ever."""

    def method(self, name: str) -> CallFact | None:
        """What calling `name` on an instance does; None if nothing is known."""
        return self.methods.get(name, self.otherwise)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoFact:
    """A decorator that remembers what the function below it returned."""

    library: str
    scope: MemoScope
    bounded: bool
    """The number of remembered values has a limit unless the arguments lift it."""
    expires: bool
    """A remembered value goes stale by itself, or can be told to by an argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """All that is known about libraries; each mapping is keyed by full dotted name, aliases included."""

    calls: Mapping[str, CallFact]
    """Functions and constructors, and methods under their class: `requests.Session.get`."""
    types: Mapping[str, TypeFact]
    made_by: Mapping[str, str]
    """Callable to the canonical name of the type it gives; a class gives itself."""
    instances: Mapping[str, str]
    """Module-level objects: `django.core.cache.cache` to its type."""
    memos: Mapping[str, MemoFact]
    memo_decorators: frozenset[str]
    """The keys of `memos`."""
    module_roots: frozenset[str]
    """First parts of the names of modules that something is known about."""
    quiet_modules: frozenset[str]
    """Modules without effects except for the calls listed: `json`, `datetime`."""

    def is_quiet(self, name: str) -> bool:
        """Whether `name` is known to have no effect: listed so, or not listed and in a quiet module."""
        fact = self.calls.get(name)
        if fact is not None:
            return fact.effect is None
        module = name
        while module:
            if module in self.quiet_modules:
                return True
            module = module.rpartition(".")[0]
        return False
