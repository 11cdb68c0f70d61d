"""Writes a function's sibling: the same query for many keys, as a dictionary of rows."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.places import free_name
from auditor.codemods.rewriting import laid_out, rewritten

if TYPE_CHECKING:
    from auditor.codemods.asking import Asking, Condition

AT_ONCE: Final = 500
"""Values of one IN: databases and drivers take at least 999 parameters (older SQLite), planners like them fewer."""
_WIDTH: Final = 100


@dataclass(frozen=True, slots=True)
class Dimension:
    """One part of the key."""

    condition: "Condition"
    attribute: str
    """What a row gives the value by."""
    compared: str
    """What the query compares, with an IN: an attribute of the model, or the start of a keyword."""
    name: str
    """Of one value, in the sibling."""
    guard: str
    """What a value must be for Python and the database to agree on it; "" where it always is."""
    varies: bool


@dataclass(frozen=True, slots=True)
class Sibling:
    """What is to be written."""

    name: str
    like: str
    """The function that asks for one."""
    asking: "Asking"
    dimensions: tuple[Dimension, ...]
    given: tuple[str, ...]
    """Parameters before the keys; `self` first in a method."""
    is_cut: bool
    """Rows are given without the columns of the key."""
    is_async: bool

    @property
    def is_numbered(self) -> bool:
        return any(one.condition.is_many for one in self.dimensions)

    def text(self, indent: str, /) -> str:
        """The definition, indented."""
        inner = indent + "    "
        names = [one.name for one in self.dimensions]
        taken = {*names, *self.given, "keys", "found", "start", "some"}
        row = free_name(singular(self.asking.model), taken)
        key = _tuple(names)
        guards = " and ".join(one.guard for one in self.dimensions if one.guard)
        empty = "0" if self.asking.terminal == "count" else "[]"
        first = next(one for one in self.dimensions if one.varies)
        others = [one for one in self.dimensions if one is not first]
        plural = free_name(f"{first.name}s", taken)
        only = _tuple([one.name if one is first else "_" for one in self.dimensions])
        deeper = inner + "    "
        lines = [
            f"{indent}{'async ' if self.is_async else ''}def {self.name}({', '.join([*self.given, 'keys'])}):",
            f'{inner}"""What `{self.like}` finds for each of many `{key}`, asked for at once."""',
            *self._begun(key, empty, guards, inner),
            f"{inner}{plural} = sorted({f'{{{first.name} for {_bare(only)} in found}}' if others else 'found'})",
            f"{inner}for start in range(0, len({plural}), {AT_ONCE}):",
            f"{deeper}some = set({plural}[start : start + {AT_ONCE}])",
        ]
        values = {first: "sorted(some)"}
        for one in others:
            picked = _tuple([x.name if x in {one, first} else "_" for x in self.dimensions])
            named = free_name(f"{one.name}s", {*taken, plural})
            lines.append(
                f"{deeper}{named} = sorted({{{one.name} for {_bare(picked)} in found if {first.name} in some}})"
            )
            values[one] = named
        lines += self._loop(row, values, deeper)
        lines.append(f"{inner}return found")
        return "\n".join(lines) + "\n"

    def _begun(self, key: str, empty: str, guards: str, indent: str) -> list[str]:
        """The dictionary before any row is in it."""
        walked = f"for {_bare(key)} in keys"
        flat = f"{indent}found = {{{key}: {empty} {walked}{f' if {guards}' if guards else ''}}}"
        if len(flat) <= _WIDTH:
            return [flat]
        behind = [f"{indent}    if {guards}"] if guards else []
        return [
            f"{indent}found = {{",
            f"{indent}    {key}: {empty}",
            f"{indent}    {walked}",
            *behind,
            f"{indent}}}",
        ]

    def _loop(self, row: str, values: dict[Dimension, str], indent: str) -> list[str]:
        query = self._query(values)
        inner = indent + "    "
        if self.asking.terminal == "count":
            walked = laid_out(query, "for *key, number in :", indent)
            key = "tuple(key)" if len(self.dimensions) > 1 else "key[0]"
            return [
                f"{indent}for *key, number in {walked}:",
                f"{inner}if {key} in found:",
                f"{inner}    found[{key}] = number",
            ]
        prefix = "number, " if self.is_numbered else ""
        target = f"{prefix}{row}"
        if self.is_numbered:
            query = ast.Call(ast.Name("enumerate", ast.Load()), [query], [])
        walked = laid_out(query, f"for {target} in :", indent)
        if self.asking.selected:
            positions = self._positions()
            key = _tuple([f"{row}[{at}]" for at in positions])
        else:
            key = _tuple([f"{row}.{one.attribute}" for one in self.dimensions])
        value = f"tuple({row}[:{len(self.asking.selected)}])" if self.is_cut else row
        put = f"(number, {value})" if self.is_numbered else value
        return [
            f"{indent}for {target} in {walked}:",
            f"{inner}if {key} in found:",
            f"{inner}    found[{_bare(key)}].append({put})",
        ]

    def _positions(self) -> list[int]:
        columns = [ast.unparse(one) for one in self._columns()]
        return [columns.index(one.compared) for one in self.dimensions]

    def _columns(self) -> list[ast.expr]:
        """What is selected, with the key's columns behind where they are missing."""
        selected = list(self.asking.selected)
        known = {ast.unparse(one) for one in selected}
        return selected + [_parsed(one.compared) for one in self.dimensions if one.compared not in known]

    def _query(self, values: dict[Dimension, str]) -> ast.expr:
        asking = self.asking
        swaps: dict[ast.AST, ast.AST] = dict(asking.inlined)
        by_name: list[Dimension] = []
        for one in self.dimensions:
            if not isinstance(one.condition.node, ast.keyword):
                swaps[one.condition.node] = _parsed(f"{one.compared}.in_({values[one]})")
            elif asking.orm == "django":
                swaps[one.condition.node] = ast.keyword(f"{one.compared}__in", _parsed(values[one]))
            else:
                by_name.append(one)
        for call, those in _calls_of(by_name, asking).items():
            swaps[call] = _filtered(
                call, {one.condition.node: f"{one.compared}.in_({values[one]})" for one in those}
            )
        query = rewritten(asking.query, swaps)
        if asking.terminal == "count":
            return self._counted(query)
        if asking.selected:
            root = _root(query)
            root.args = [rewritten(one, {}) for one in self._columns()]
        return query

    def _counted(self, query: ast.expr) -> ast.expr:
        if self.asking.orm == "django":
            keys = ", ".join(f'"{one.compared}"' for one in self.dimensions)
            behind = f'order_by().values({keys}).annotate(number=Count("pk")).values_list({keys}, "number")'
            return _parsed(f"({ast.unparse(query)}).{behind}")
        keys = ", ".join(one.compared for one in self.dimensions)
        root = _root(query)
        root.args = [*(_parsed(one.compared) for one in self.dimensions), _parsed("func.count()")]
        return _parsed(f"({ast.unparse(query)}).group_by({keys})")


def _calls_of(dimensions: list[Dimension], asking: "Asking") -> dict[ast.Call, list[Dimension]]:
    """The `filter_by(…)` in which each condition stands."""
    trees = [asking.query, *asking.inlined.values()]
    calls = {node: None for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found: dict[ast.Call, list[Dimension]] = {}
    for one in dimensions:
        call = next(call for call in calls if one.condition.node in call.keywords)
        found.setdefault(call, []).append(one)
    return found


def _filtered(call: ast.Call, conditions: dict[ast.AST, str]) -> ast.Call:
    """`filter_by` without these keywords, and a `filter` with expressions behind it."""
    assert isinstance(call.func, ast.Attribute), "a method of a query"
    rest = [one for one in call.keywords if one not in conditions]
    below = ast.Call(call.func, list(call.args), rest) if rest else call.func.value
    return ast.Call(
        ast.Attribute(below, "filter", ast.Load()), [_parsed(text) for text in conditions.values()], []
    )


def _root(query: ast.expr) -> ast.Call:
    """`session.query(…)` or `select(…)` of a query."""
    return next(
        node
        for node in ast.walk(query)
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Attribute) and node.func.attr == "query" and node.args)
            or (isinstance(node.func, ast.Name) and node.func.id == "select")
        )
    )


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _tuple(names: list[str], *, bare: bool = False) -> str:
    """One name as it is, several as a tuple."""
    if len(names) == 1:
        return names[0]
    return ", ".join(names) if bare else f"({', '.join(names)})"


def _bare(text: str) -> str:
    """A tuple without its parentheses."""
    return text[1:-1] if text.startswith("(") and text.endswith(")") else text


def singular(model: str, /) -> str:
    """`add_on` of `models.AddOn`; `row` of nothing."""
    name = model.rpartition(".")[2]
    text = "".join(
        f"_{c.lower()}" if c.isupper() and n and not name[n - 1].isupper() else c.lower()
        for n, c in enumerate(name)
    )
    return text or "row"
