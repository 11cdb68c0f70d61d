"""Abstract values: what is known about a Python value without running anything.

Instances are shared and compared by identity, because identity is what says that two reads touch the same row.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.index.ir import Node
    from auditor.index.symbols import Class, Function, Module


class Value:
    """Base of every abstract value."""

    __slots__ = ()


class _Unknown(Value):
    __slots__ = ()

    def __repr__(self) -> str:
        return "?"


UNKNOWN = _Unknown()


@dataclass(frozen=True, slots=True, eq=False)
class Const(Value):
    """A literal: str, int, float, bool, bytes or None."""

    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Exact(Const):
    """A literal where it is written, or handed on as an argument: here, the value can be nothing else.

    A plain `Const` may be one of several outcomes: what joins, attributes and names of modules give is never exact.
    """


@dataclass(slots=True, eq=False)
class Text(Value):
    """A string that is only partly known; `template` has `{}` for its holes."""

    template: str


@dataclass(frozen=True, slots=True, eq=False)
class ModuleValue(Value):
    """A module of the project."""

    module: Module


@dataclass(frozen=True, slots=True, eq=False)
class Ext(Value):
    """Something of a library, by dotted name; `()` after what was called."""

    name: str


@dataclass(slots=True, eq=False)
class ExtInst(Value):
    """An instance of a library type that `knowledge` describes, by canonical type name."""

    type: str
    rows: Size | None = field(default=None, kw_only=True)
    """Of a cursor: how many rows the statement that it ran last gives, where that is known."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassValue(Value):
    """A class of the project that is no ORM model."""

    cls: Class


@dataclass(slots=True, eq=False)
class Func(Value):
    """A project function, bound to `receiver` where it is a method; `env` where it closes over names."""

    function: Function
    receiver: Value | None = None
    env: dict[str, Value] | None = None
    args: tuple[Value, ...] = ()
    """Leading arguments that `functools.partial` fixed."""
    kwargs: dict[str, Value] | None = None
    offloaded: bool = False
    """Wrapped so that calling it runs it in a thread: `sync_to_async(f)`."""
    bare: bool = False
    """The function below its decorators, as a decorator gets it."""


@dataclass(slots=True, eq=False)
class Lambda(Value):
    """A lambda with the names around it; `function` is the one whose body it stands in."""

    node: Node
    env: dict[str, Value]
    function: Function | None
    module: Module


@dataclass(slots=True, eq=False)
class Inst(Value):
    """An instance of a project class that is no ORM model; `fields` is filled by its methods' stores."""

    cls: Class
    fields: dict[str, Value] = field(default_factory=dict)
    guessed: bool = False
    built: bool = False
    """Its constructor was seen, so a field that is missing really is missing."""
    declared: bool = False
    """Known by a declaration only: it may be of any class below `cls`."""
    loops: tuple[Any, ...] = ()
    """The loops it was made in: what it caches is paid once per turn of these."""
    home: Function | None = None
    """The function that made it: each of its calls makes another one."""
    shared: bool = False
    """Made when a module is imported: every request sees the same one."""


@dataclass(frozen=True, slots=True, eq=False)
class Star(Value):
    """`*value` among a call's arguments, where its items are not known yet; the first `skip` were taken already."""

    value: Value
    skip: int = 0


@dataclass(slots=True, eq=False)
class SuperOf(Value):
    """`super()` inside a method of `owner`, on `receiver` (an instance of `cls` or below)."""

    owner: Class
    receiver: Value


@dataclass(slots=True, eq=False)
class Items(Value):
    """A literal sequence whose elements are each known."""

    kind: str
    items: list[Value]
    count: int


@dataclass(slots=True, eq=False)
class Dictionary(Value):
    """A dictionary: values by constant key, and what the other values have in common."""

    entries: dict[Any, Value]
    key: Value | None = None
    other: Value | None = None
    size: Size | None = None
    grown: bool = False
    """Filled key by key in a loop."""
    rest: Value | None = None
    """`{**rest}`: a mapping that only a caller knows, whose other entries it has too."""


@dataclass(slots=True, eq=False)
class Size:
    """How many: `name` is what a person would call it; `bound` the most there can be, where the code says so."""

    name: str
    bound: int | None = None
    table: str | None = None
    file: str | None = None
    line: int | None = None
    exact: bool = False
    """There are always as many as `bound` says: the items of a literal, the turns of a `range`."""
    unnamed: bool = False
    """The name says nothing, as of the rows of a statement whose table nobody could tell: what is gone through has a better one."""


@dataclass(slots=True, eq=False)
class Many(Value):
    """Values of one kind in memory: a fetched list, a generator, a set."""

    elem: Value
    size: Size | None
    kind: str = "list"
    source: Value | None = None
    """The query whose rows these are, while nothing was added or left out."""
    lazy: bool = False
    """A generator: what it does, it does when it is consumed."""


@dataclass(slots=True, eq=False)
class OneOf(Value):
    """One of a few values, from different branches."""

    options: tuple[Value, ...]


# -- ORM -----------------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Column:
    """A stored attribute of a model."""

    name: str
    line: int
    column: str = ""
    type: str = ""
    indexed: bool = False
    unique: bool = False
    nullable: bool = False
    foreign_key: str | None = None
    deferred: bool = False
    """SQLAlchemy: the mapper leaves it out of the SELECT; reading it costs one per row."""
    in_key: bool = False
    """SQLAlchemy: it is the primary key, or one of several columns that are it together."""


@dataclass(slots=True, eq=False)
class Relation:
    """An attribute of a model that gives other rows."""

    name: str
    target: str
    """Key of the model at the other end, in the registry of its ORM; "" where it can be any (generic)."""
    many: bool
    kind: str
    """"fk", "o2o", "reverse-fk", "reverse-o2o", "m2m", "generic-fk", "generic"."""
    line: int
    column: str | None = None
    """The local column that holds the key, whose value is read without a query."""
    lazy: str = "select"
    """SQLAlchemy's loading strategy; "select" is lazy. Django's relations are always "select"."""
    file: str = ""
    back: str = ""
    """The attribute at the other end that gives this row again; "" where there is none."""
    through: str = ""
    """Key of the model of the rows between, where a many-to-many names one."""


@dataclass(slots=True, eq=False)
class Model:
    """A mapped class."""

    orm: str
    key: str
    cls: Class
    name: str
    table: str
    columns: dict[str, Column] = field(default_factory=dict)
    relations: dict[str, Relation] = field(default_factory=dict)
    indexes: list[tuple[str, ...]] = field(default_factory=list)
    abstract: bool = False
    plural: str = ""
    primary_key: str = "id"
    ordering: tuple[str, ...] = ()
    """Columns that its queries are ordered by, where nothing else is asked for."""
    parents: tuple[Model, ...] = ()
    """Concrete models whose rows are part of its own (joined-table inheritance)."""
    proxy: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ModelValue(Value):
    """The mapped class itself, as a value."""

    model: Model


@dataclass(frozen=True, slots=True, eq=False)
class ManagerValue(Value):
    """`Model.objects`, `Model.query`: where queries start. `cls` is the project's manager class, if it is one."""

    model: Model
    cls: Class | None = None
    queryset_cls: Class | None = None
    source: Query | None = None
    """Django: the related rows it starts from, for `row.books`; None: every row."""


@dataclass(frozen=True, slots=True, eq=False)
class FieldPath(Value):
    """`Model.column` or `Model.relation` as an expression of a query."""

    model: Model
    path: tuple[str, ...]


@dataclass(slots=True, unsafe_hash=True)
class Site:
    """Where something happens: a place in a function, with the statement it is part of. Never changed, as `Query`."""

    function: Function | None
    module: Module
    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Prefetched(Value):
    """A relation loaded by queries of its own, after the rows: `Prefetch("books", queryset=..., to_attr=...)`."""

    path: str
    """Dotted, from the rows of the query that it is given to."""
    query: Query | None = None
    """The query that was named for it; None: all related rows."""
    to_attr: str = ""


@dataclass(slots=True, eq=False)
class Query(Value):
    """A query that has been built; nothing is executed before something consumes it.

    It is not `frozen`, since making one of thirty fields would then take five times as long; what sets a field is
    `prefetch_related_objects` alone, which loads relations of the rows that a queryset keeps.
    """

    orm: str
    model: Model
    site: Site
    loaded: frozenset[str] = frozenset()
    """Relations loaded with it, dotted: `author`, `author.profile`."""
    shape: str = "rows"
    """"rows", "dicts", "tuples", "flat"."""
    filters: tuple[tuple[str, str], ...] = ()
    """(column path, lookup) of each condition, in order: `("author.name", "iexact")`."""
    ordered: tuple[str, ...] = ()
    bound: int | None = None
    limited: bool = False
    only: frozenset[str] | None = None
    """Columns fetched, where named."""
    owner: Value | None = None
    """The row whose related rows these are."""
    relation: str | None = None
    in_memory: bool = False
    """Its rows were prefetched: consuming it costs nothing."""
    fetched: list[bool] = field(default_factory=list)
    """Non-empty once it was evaluated: a Django queryset keeps its rows. Shared by references, not by derived queries."""
    streaming: bool = False
    distinct: bool = False
    grouped: bool = False
    locked: bool = False
    cls: Class | None = None
    """The project's queryset class, whose methods it has."""
    columns: tuple[Value, ...] = ()
    """SQLAlchemy: what is selected, when it is not one entity."""
    binding: Value | None = None
    """SQLAlchemy: the session it belongs to."""
    kind: str = ""
    """SQLAlchemy: "query" runs when consumed, "select" "insert" "update" "delete" wait for a session, "result" has run."""
    strategies: tuple[tuple[str, str, str], ...] = ()
    """SQLAlchemy: (key of the root model, relation path, loading strategy) of each option, in order."""
    text: str = ""
    """Normalised text of what was called on it: equal texts mean equal queries if the arguments are."""
    empty: bool = False
    to_attr: tuple[tuple[str, str], ...] = ()
    """Django: (attribute, relation path) of each `Prefetch(to_attr=...)`."""
    loops: tuple[Any, ...] = ()
    """Django: the loops around the place that built it; its rows are kept, so it is paid once per turn of these."""
    kept: dict[str, Value] = field(default_factory=dict)
    """Django: what its kept rows remember of their relations, shared by every iteration."""
    prefetches: tuple[Prefetched, ...] = ()
    """Django: what `prefetch_related` named, in order."""
    joined: frozenset[str] = frozenset()
    """Django: those of `loaded` that come with the rows by a join (`select_related`)."""
    annotated: tuple[str, ...] = ()
    """Django: attributes that `annotate` adds to its rows."""
    steps: tuple[Site, ...] = ()
    """Where each function that had a part in building it began to, the first one first; () where one function did."""


def stepped(query: Query, site: Site) -> tuple[Site, ...]:
    """The steps of a query that is derived from `query` at `site`."""
    last = query.site
    if site.function is last.function and site.module is last.module:
        return query.steps
    steps = query.steps or (last,)
    return (
        steps
        if any(s.function is site.function and s.module is site.module for s in steps)
        else (*steps, site)
    )


@dataclass(slots=True, eq=False)
class Row(Value):
    """An instance of a model."""

    model: Model
    origin: Query | None
    """The query that fetched it; None where it was made or handed in."""
    loaded: frozenset[str] = frozenset()
    """Relations loaded on it, dotted, relative to it."""
    loops: tuple[Any, ...] = ()
    """The loops it was born in: what is cached on it is paid once per turn of these."""
    touched: dict[str, Value] = field(default_factory=dict)
    """Relations already read from it, with what they gave."""
    extra: dict[str, Value] = field(default_factory=dict)
    """Attributes set on it or annotated by its query."""
    fresh: bool = False
    """Made in Python, not fetched."""
    guessed: bool = False
    """Its model was guessed from a name."""
    only: frozenset[str] | None = None
    path: str = ""
    """How it is reached from the rows of `origin`: `author.profile`; "" for one of those rows."""
    saved: bool = False
    """Made in Python and written since."""


# -- what depends on a parameter -----------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Sym(Value):
    """A value that depends on a parameter: evaluated again where the caller's argument is known."""

    op: str
    """"param", "free", "attr", "call", "elem", "item", "key", "slice", "super", "same" (as `base`); "arg", "rest", "merged":
    what forwarded `*args` and `**kwargs` leave for a parameter."""
    base: Value | None
    detail: Any
    hint: Value | None = None
    """What is known of it from annotations: a value of the declared type."""
    loops: tuple[Any, ...] = ()
    memo: dict[Any, Value] | None = None
    """What was read from it, so that reading it again gives the same; most of them are never read from."""
    known: Value | None = None
    """In a variant of its function: the literal that it is, or a value of the class that it is an instance of."""

    def noted(self) -> dict[Any, Value]:
        """`memo`, to be written to or shared; made when it is needed first."""
        if self.memo is None:
            self.memo = {}
        return self.memo

    def recalled(self, key: object) -> Value | None:
        """What reading `key` gave before."""
        return None if self.memo is None else self.memo.get(key)


def options(value: Value) -> tuple[Value, ...]:
    """The alternatives of a value, itself where there is one."""
    return value.options if isinstance(value, OneOf) else (value,)


V = TypeVar("V")
_SHAPES: dict[type, tuple[Callable[[Any], tuple[Any, ...]], dict[str, int]]] = {}
"""By dataclass: what reads all fields at once, and their positions."""


def altered(value: V, **changes: Any) -> V:
    """A copy of a dataclass with some fields replaced, as `dataclasses.replace` makes it, in a third of the time."""
    cls = type(value)
    shape = _SHAPES.get(cls)
    if shape is None:
        names = [f.name for f in fields(cls) if not f.kw_only]  # type: ignore[arg-type]  # V is a dataclass
        shape = _SHAPES[cls] = (attrgetter(*names), {name: n for n, name in enumerate(names)})
    read, positions = shape
    given = list(read(value))
    for name, changed in changes.items():
        given[positions[name]] = changed
    made = cls(*given)
    if isinstance(value, ExtInst) and value.rows is not None:
        made.rows = value.rows  # type: ignore[attr-defined]  # of the same class
    return made
