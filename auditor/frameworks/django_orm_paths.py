"""Paths through relations: `author__books`, `author.books`; lookups at their end; what loading one loads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import Const

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.frameworks.django_orm_models import Registry
    from auditor.index.ir import Node
    from auditor.index.values import Model, Value

LOOKUPS: Final = frozenset(
    "exact iexact contains icontains in gt gte lt lte startswith istartswith endswith iendswith range date "
    "year iso_year month day week week_day iso_week_day quarter time hour minute second isnull regex iregex "
    "search unaccent trigram_similar overlap has_key has_keys has_any_keys len fully_lt fully_gt "
    "contained_by not_lt not_gt adjacent_to ne nin net_contained net_contains net_host empty".split()
)
_SELECT_ALL_DEPTH: Final = 5
"""How far `select_related()` without arguments follows foreign keys."""
Filter = tuple[str, str]


def dotted(path: str) -> str:
    """`author__books` as `author.books`."""
    return path.replace("__", ".")


def closure(path: str) -> Iterator[str]:
    """`a`, `a.b`, `a.b.c` for `a.b.c`."""
    parts = path.split(".")
    for n in range(1, len(parts) + 1):
        yield ".".join(parts[:n])


def below(paths: Iterable[str], name: str) -> frozenset[str]:
    """What is left of the paths that go through `name`, seen from there."""
    prefix = f"{name}."
    return frozenset(p[len(prefix) :] for p in paths if p.startswith(prefix))


def joined(path: str, name: str) -> str:
    """`name` reached from the end of `path`."""
    return f"{path}.{name}" if path else name


def model_at(registry: Registry, model: Model, path: str) -> Model | None:
    """The model at the end of a dotted path of relations."""
    current: Model | None = model
    for part in path.split(".") if path else ():
        relation = None if current is None else current.relations.get(part)
        current = None if relation is None else registry.target_of(relation)
    return current


def to_one_paths(registry: Registry, model: Model, depth: int = _SELECT_ALL_DEPTH) -> Iterator[str]:
    """Every path of foreign keys that are never empty, as `select_related()` follows them."""
    if depth == 0:
        return
    for name, relation in model.relations.items():
        column = model.columns.get(name)
        if relation.kind in {"fk", "o2o"} and column is not None and not column.nullable:
            yield name
            target = registry.target_of(relation)
            if target is not None:
                yield from (f"{name}.{rest}" for rest in to_one_paths(registry, target, depth - 1))


def conditions(
    model: Model, args: Iterable[Node], kwargs: Iterable[str], *, negated: bool
) -> tuple[Filter, ...]:
    """(column path, lookup) of each condition of `filter(...)`.

    The lookup is "or" for an alternative and "not" for what is excluded: no index narrows by either as it is.
    """
    found = [condition(model, key) for key in kwargs]
    for node in args:
        found.extend(_of_q(model, node, alternative=False))
    return tuple((path, "not") for path, _ in found) if negated else tuple(found)


def condition(model: Model, key: str) -> Filter:
    """`author__name__iexact` as ("author.name", "iexact")."""
    parts = key.split("__")
    lookup = "exact"
    if len(parts) > 1 and parts[-1] in LOOKUPS:
        lookup = parts.pop()
    parts = [model.primary_key if part == "pk" and n == 0 else part for n, part in enumerate(parts)]
    return ".".join(parts), lookup


def _of_q(model: Model, node: Node, *, alternative: bool) -> Iterator[Filter]:
    """Conditions inside an expression of `Q` objects."""
    op = node[0]
    if op == ir.CALL:
        name = node[2][2] if node[2][0] == ir.NAME else node[2][3] if node[2][0] == ir.ATTR else ""
        if name == "Q":
            for key, _ in node[4]:
                if key is not None:
                    path, lookup = condition(model, key)
                    yield path, "or" if alternative else lookup
            for inner in node[3]:
                yield from _of_q(model, inner, alternative=alternative)
    elif op == ir.BIN:
        for inner in node[3:5]:
            yield from _of_q(model, inner, alternative=alternative or node[2] == "|")
    elif op == ir.UNARY:
        yield from ((path, "not") for path, _ in _of_q(model, node[2], alternative=alternative))


def names(values: Iterable[Value]) -> list[str]:
    """The constant texts among arguments."""
    return [v.value for v in values if isinstance(v, Const) and isinstance(v.value, str)]
