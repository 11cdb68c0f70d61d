"""Lists in which each fetched row became something else (a dictionary, an object), one for one.

    cards = []
    for space in spaces:
        cards.append(card_of(space))

What then leaves cards out, orders them or cuts them does so after every row was fetched and worked on. The
columns that went into a dictionary unchanged are known by their keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Function
from auditor.index.values import Many, OneOf, Query, Row
from auditor.model.report import Evidence
from auditor.rules import names, turns
from auditor.rules.claim import Claim, place
from auditor.rules.collection import few, rows_at_stake, rows_named
from auditor.rules.row_paths import is_stored
from auditor.rules.scene import Spot, spot_of, statement_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.values import Site, Value
    from auditor.rules.scene import Scene

_LIST: Final = "list"


@dataclass(frozen=True, slots=True, eq=False)
class Remade:
    """A list made of a query's rows, under the name it has in one function."""

    query: Query
    loop: Site
    """Where the rows were walked over to make it."""
    function: Function
    """The function that has it: the one that made it, or one that it was passed to."""
    name: str
    columns: dict[str, str]
    """Key of each item → the column whose value it holds."""


def remade(scene: Scene) -> list[Remade]:
    """Every such list, in the function that makes it and in those that it is passed to; ask for it `once`."""
    return list(made_again(scene))


def made_again(scene: Scene) -> Iterator[Remade]:
    lists: dict[int, dict[str, tuple[str, Node]]] = {}
    for value, site, node in walks(scene):
        function = site.function
        if function is None:
            continue
        if id(node) not in lists:
            lists[id(node)] = {name: (row, made) for name, row, made in lists_of(scene, function, node)}
        query = rows_behind(value) if lists[id(node)] else None
        if query is None or few(query):
            continue
        for name, (row, made) in lists[id(node)].items():
            columns = columns_in(scene, query, function, row, made)
            own = Remade(query, site, function, name, columns)
            yield own
            yield from passed_on(scene, own)
        lists[id(node)] = {}


def walks(scene: Scene) -> Iterator[tuple[Value, Site, Node]]:
    """What loops and comprehensions walk over, as far as it is known, with their nodes."""
    for _, use in scene.uses():
        if use.how == "iterate" and use.node is not None:
            yield use.value, use.site, use.node
    for _, effect in scene.effects():
        for loop in effect.loops:
            if loop.over is not None and loop.node is not None:
                yield loop.over, loop.site, loop.node
        row = effect.row  # what is read of a row tells where a loop's rows come from when the loop does not
        if row is not None and row.origin is not None and row.loops and not row.path:
            loop = row.loops[-1]
            if loop.node is not None:
                yield row.origin, loop.site, loop.node


def rows_behind(value: Value) -> Query | None:
    """The query whose rows are walked over, where all of its rows are fetched for it; of several, the widest."""
    if isinstance(value, OneOf):
        found = [q for o in value.options if (q := rows_behind(o)) is not None]
        return min(found, key=lambda q: len(q.filters)) if len(found) == len(value.options) else None
    query: Value | None = value
    if isinstance(value, Many):
        query = value.source if isinstance(value.source, Query) else None
        if query is None and isinstance(value.elem, Row) and not value.elem.path:
            query = value.elem.origin
    if not isinstance(query, Query) or query.empty or query.relation is not None or query.shape != "rows":
        return None
    return query


def lists_of(scene: Scene, function: Function, node: Node) -> Iterator[tuple[str, str, Node]]:
    """(name of the list, variable of the row, what each row becomes) for a loop or comprehension."""
    reads = scene.texts.of(function)
    if node[0] == ir.FOR and node[3][0] == ir.NAME:
        for s in node[5]:
            call = s[3] if s[0] == ir.EXPR else None
            if call is not None and names.method_of(call) == "append" and len(call[3]) == 1:
                holder = call[2][2]
                if holder[0] == ir.NAME and is_begun_empty(reads.bindings.get(holder[2], [])):
                    yield holder[2], node[3][2], made_in(node[5], call[3][0])
    elif node[0] == ir.COMP and node[2] == _LIST and len(node[4]) == 1:
        target, _, conditions, _ = node[4][0]
        parent = reads.parent(node)
        name = None if parent is None or names.bound_value(parent) is not node else names.bound_name(parent)
        if name and target[0] == ir.NAME and not conditions and node[3][0][0] != ir.NAME:
            yield name, target[2], node[3][0]


def is_begun_empty(bindings: list[Node]) -> bool:
    """Whether a name stands for `[]` first, and then at most for parts of itself."""
    begun = [b for b in bindings if is_empty_list(names.bound_value(b))]
    return len(begun) == 1 and all(b in begun or b[0] == ir.ASSIGN for b in bindings)


def is_empty_list(value: Node | None) -> bool:
    return value is not None and value[0] == ir.SEQ and value[2] == _LIST and not value[3]


def made_in(body: tuple[Node, ...], item: Node) -> Node:
    """What an item is: the value of its name, where one statement of the turn gives it."""
    if item[0] != ir.NAME:
        return item
    given = [s[4] for s in body if s[0] == ir.ASSIGN and names.bound_name(s) == item[2]]
    return given[0] if len(given) == 1 else item


# -- which columns went into it ------------------------------------------------------------------------------


def columns_in(scene: Scene, query: Query, function: Function, row: str, made: Node) -> dict[str, str]:
    """Keys of the dictionary that a row becomes, here or in the function that makes it, with their columns."""
    if made[0] == ir.DICT:
        return columns_of(scene, query, row, made)
    if made[0] != ir.CALL:
        return {}
    maker = callee(scene, function, made)
    parameter = None if maker is None else parameter_for(maker, made, row)
    if maker is None or parameter is None:
        return {}
    found: dict[str, str] = {}
    for literal in returned_dictionaries(maker):
        found |= columns_of(scene, query, parameter, literal)
    return found


def columns_of(scene: Scene, query: Query, row: str, literal: Node) -> dict[str, str]:
    return {
        key[2]: value[3]
        for key, value in literal[2]
        if key is not None and key[0] == ir.CONST and isinstance(key[2], str)
        if value[0] == ir.ATTR and value[2][0] == ir.NAME and value[2][2] == row
        if is_stored(scene, query, [value[3]]) and value[3] not in query.model.relations
    }


def returned_dictionaries(function: Function) -> Iterator[Node]:
    """The dictionaries that a function returns, as they are written."""
    given = {
        names.bound_name(n): n[4]
        for n in turns.nodes(function.body)
        if n[0] == ir.ASSIGN and n[4][0] == ir.DICT
    }
    for node in turns.nodes(function.body):
        if node[0] == ir.RETURN and node[3] is not None:
            value: Node = node[3]
            if value[0] == ir.NAME:
                value = given.get(value[2], value)
            if value[0] == ir.DICT:
                yield value


# -- where it goes -------------------------------------------------------------------------------------------


def passed_on(scene: Scene, own: Remade) -> Iterator[Remade]:
    """The list under the names of the parameters that it is passed for."""
    for node in turns.nodes(own.function.body):
        if node[0] == ir.CALL and any(a[0] == ir.NAME and a[2] == own.name for a in node[3]):
            taker = callee(scene, own.function, node)
            parameter = None if taker is None else parameter_for(taker, node, own.name)
            if (
                taker is not None
                and parameter is not None
                and parameter not in scene.texts.of(taker).bindings
            ):
                yield Remade(own.query, own.loop, taker, parameter, own.columns)


def callee(scene: Scene, function: Function, call: Node) -> Function | None:
    """The project function that a CALL calls by its name."""
    found = scene.project.resolve_expression(function.module, call[2], function)
    return found if isinstance(found, Function) and found.module.role != "library" else None


def parameter_for(function: Function, call: Node, name: str) -> str | None:
    """The parameter that a CALL passes a name for."""
    for parameter in function.params:
        given = names.passed(call, function, parameter[0])
        if given is not None and given[0] == ir.NAME and given[2] == name:
            return str(parameter[0])
    return None


def keys_read(scene: Scene, function: Function, tree: Node, item: str) -> set[str]:
    """The keys that an expression reads of an item, itself or in the functions that it passes the item to."""
    found: set[str] = set()
    for node in turns.nodes(tree):
        if node[0] == ir.SUB and node[2][0] == ir.NAME and node[2][2] == item and node[3][0] == ir.CONST:
            found.add(str(node[3][2]))
        elif node[0] == ir.CALL and any(a[0] == ir.NAME and a[2] == item for a in node[3]):
            taker = callee(scene, function, node)
            parameter = None if taker is None else parameter_for(taker, node, item)
            if taker is not None and parameter is not None:
                found |= {
                    str(n[3][2])
                    for n in turns.nodes(taker.body)
                    if n[0] == ir.SUB and n[2][0] == ir.NAME and n[2][2] == parameter and n[3][0] == ir.CONST
                }
    return found


# -- telling -------------------------------------------------------------------------------------------------


def spot_at(own: Remade, line: int) -> Spot:
    """The statement on a line of the function that has the list."""
    start, end = statement_at(own.function.body, line) or (line, line)
    return Spot(own.function.module, own.function, line, start, end)


def told(scene: Scene, own: Remade, line: int, *, title: str, note: str, fix: str) -> Claim:
    """A claim about what is done with the list at a line."""
    made = own.loop
    return Claim(
        spot=spot_at(own, line),
        title=title,
        evidence=[
            Evidence(
                kind="query",
                text=f"the query at `{own.query.site.module.path}:{own.query.site.line}` fetches "
                f"{rows_named(own.query)}",
            ),
            Evidence(kind="loop", text=f"each is worked on at `{made.module.path}:{made.line}`"),
            Evidence(kind="note", text=note),
        ],
        confidence=0.6,
        related=[place(spot_of(own.query.site), "query"), place(spot_of(made), "loop")],
        cost_term=rows_at_stake(scene, own.query),
        could_be_wrong="There are never more than a few rows, or something else needs all of them.",
        fix=fix,
    )
