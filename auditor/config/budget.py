"""``[budget]``: what an endpoint may cost at most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from auditor.config.named import each_named
from auditor.config.shape import AMOUNT, TEXT, Key, tables

COMPONENTS: Final = tuple(
    "sql rows rows_read sessions transactions http cache log mail tasks bytes cpu_ms ttfb_ms latency_ms".split()
)
"""Of the vector (DESIGN section 7)."""

_BOUNDS: Final[Mapping[str, Key]] = dict.fromkeys(COMPONENTS, AMOUNT)

BUDGET_KEYS: Final[Mapping[str, Key]] = {**_BOUNDS, "endpoint": tables({"id": TEXT, **_BOUNDS})}

Bounds = tuple[tuple[str, float], ...]
"""Component of the vector and what it may be at most, in the order of `COMPONENTS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSettings:
    """What an endpoint may cost at most."""

    every: Bounds = ()
    """For each endpoint that has no bound of its own for the component."""
    endpoints: tuple[tuple[str, Bounds], ...] = ()
    """By endpoint id."""

    def of(self, endpoint: str, /) -> Bounds:
        """The bounds of one endpoint."""
        bounds = {**dict(self.every), **dict(dict(self.endpoints).get(endpoint, ()))}
        return _bounds(bounds)


def parse_budget(values: Mapping[str, Any], /, *, name: str) -> BudgetSettings:
    """The section's values, whose shape was checked; `name` is what messages call the file."""
    return BudgetSettings(every=_bounds(values), endpoints=_endpoints(values.get("endpoint", ()), name))


def _endpoints(entries: Sequence[Mapping[str, Any]], name: str) -> tuple[tuple[str, Bounds], ...]:
    named = each_named(entries, "budget.endpoint", name=name, key="id")
    return tuple((values["id"], _bounds(values)) for values, _ in named)


def _bounds(values: Mapping[str, Any]) -> Bounds:
    return tuple((component, float(values[component])) for component in COMPONENTS if component in values)
