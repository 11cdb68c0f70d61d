"""Rows at the edges, tried out: they stay where known-good goes on answering, and each can be asked for by its key."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from auditor.engine.measuring.survey import Surveyed
from auditor.execution.boot import NotBooted
from auditor.execution.databases.database import Rows
from auditor.execution.databases.tables import NewRow
from auditor.execution.world import World
from auditor.measure.edges.rows import EdgeRow, edge_rows, told_apart
from auditor.measure.endpoint_match import Endpoints
from auditor.measure.identity import Identity
from auditor.measure.proposing import parameter_of
from auditor.measure.request import Request
from auditor.measure.running.rounds import Misbehaved, Playing, play_round
from auditor.measure.workload import Workload, part_of
from auditor.model.fault import Fault
from auditor.trial.memory import write_whole

ROWS: Final = "rows.json"
"""Beside a contract, and in a run's folder: what was put beside the target's own data."""
_MOST_ASKED: Final = 60
"""Requests that known-good is tried out with: the first of each endpoint."""
_QUESTIONS: Final = 12
"""Boots that are spent on finding single rows to blame: two or three of thirty."""
_LOST: Final = 0.5
"""Of an answer's length: rows beside those that are there make it longer, and what is gone can't be judged any more."""
_SAFE: Final = frozenset({"GET", "HEAD"})
_PLACE: Final = re.compile(r"\{\w+\}")
_WORD: Final = re.compile(r"\w+")
_STORED: Final = TypeAdapter(tuple[NewRow, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedRows:
    """What stays, what asks for it, and what a person should know."""

    rows: tuple[EdgeRow, ...] = ()
    requests: tuple[Request, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def put(self) -> tuple[NewRow, ...]:
        """For a bench."""
        return tuple(one.row for one in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answered:
    """How the requests of one try ended, and which tables each read."""

    statuses: dict[str, int | None]
    lengths: dict[str, int]
    """Bytes of the bodies."""
    words: dict[str, frozenset[str]]
    """By request, every word of its statements."""

    def tables(self, requests: Iterable[str], names: Iterable[str]) -> frozenset[str]:
        words = frozenset().union(*(self.words[request] for request in requests if request in self.words))
        return frozenset(name for name in names if name.rpartition(".")[2].lower() in words)


def try_rows(
    world: World, workload: Workload, identities: Sequence[Identity], surveyed: Sequence[Surveyed], /
) -> TriedRows:
    """Rows at the edges of the tables that the workload reads, on a prepared `world`, which has them when this returns.

    Raises:
        Fault: the target does not come up, or does not live through what it is asked, without any such row.
    """
    tables, rows = world.tables(), world.dump()
    asked = _asked(workload, surveyed)
    if not tables or not asked:
        return TriedRows()
    part = part_of(workload, asked)
    plain = _answers(world, part, identities)
    served = {id_ for id_ in asked if (plain.statuses.get(id_) or 500) < 400}
    candidates = edge_rows(tables, rows, plain.tables(served, rows))
    kept, left_out = candidates, set[str]()
    by_name = {table.name: table for table in tables}

    def but_twins(kept: tuple[EdgeRow, ...], blamed: Collection[str]) -> tuple[EdgeRow, ...]:
        """What is unique as far as the data tells may be what a row is looked up by."""
        return tuple(
            told_apart(one, by_name[one.row.table], rows[one.row.table], nth=10 * nth)
            if one.row.table in blamed
            else one
            for nth, one in enumerate(kept)
        )

    def but_guilty(kept: tuple[EdgeRow, ...], _blamed: Collection[str]) -> tuple[EdgeRow, ...]:
        """What a few rows do need not cost the others their place."""

        def is_broken(part_of_them: tuple[EdgeRow, ...]) -> bool:
            world.exchange_rows(tuple(one.row for one in part_of_them))
            return bool(_broken(world, part, identities, plain, served))

        return but_few(kept, is_broken)

    for spare in (but_twins, but_guilty, _but_unlikely, _but_copies, _but_tables, _none):
        refused = {id(one.row) for one in world.exchange_rows(tuple(one.row for one in kept))}
        kept = tuple(one for one in kept if id(one.row) not in refused)
        broken = _broken(world, part, identities, plain, served) if kept else frozenset[str]()
        if not broken:
            break
        spared = spare(kept, plain.tables(broken, rows))
        left_out |= {one.row.table for one in kept if spare is not but_twins and one not in spared}
        kept = spared
    else:
        world.exchange_rows(())
    return TriedRows(
        rows=kept, requests=_requests(kept, workload, asked, surveyed, rows), notes=_notes(kept, left_out)
    )


def but_few(
    rows: tuple[EdgeRow, ...], is_broken: Callable[[tuple[EdgeRow, ...]], bool], /
) -> tuple[EdgeRow, ...]:
    """Without those that are to blame one by one, as far as a few questions tell; `rows` together are broken.

    Those that others refer to come first, so any beginning of them can be put alone.
    """
    questions = _QUESTIONS
    while rows and questions > 0:
        fine, broken = 0, len(rows)
        while broken - fine > 1 and questions > 0:
            middle = (fine + broken) // 2
            questions -= 1
            fine, broken = (fine, middle) if is_broken(rows[:middle]) else (middle, broken)
        rows = (*rows[: broken - 1], *rows[broken:])
        questions -= 1
        if not rows or not is_broken(rows):
            break
    return rows


def save_rows(file: Path, rows: tuple[NewRow, ...], /) -> None:
    """Keeps them; `Fault` when it can't."""
    write_whole(file, _STORED.dump_json(rows))


def load_rows(file: Path, /) -> tuple[NewRow, ...]:
    """None where there is no such file; `Fault` for one that can't be used."""
    try:
        return _STORED.validate_json(file.read_bytes())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise Fault(f"can't be read: {error.strerror or error}", where=str(file)) from error
    except ValidationError as error:
        raise Fault(
            "was not written by this version", where=str(file), hint="`auditor record` writes it anew"
        ) from error


def _asked(workload: Workload, surveyed: Sequence[Surveyed]) -> tuple[str, ...]:
    """The first request of each endpoint that only reads."""
    endpoints = Endpoints.of(one.id for one in surveyed)
    first: dict[str, str] = {}
    for request in workload.requests:
        if request.method in _SAFE:
            first.setdefault(endpoints.match(request.method, request.path), request.id)
    return tuple(first.values())[:_MOST_ASKED]


def _answers(world: World, part: Workload, identities: Sequence[Identity]) -> _Answered:
    played = play_round(world, part, identities, Playing(state=False))
    exchanges = played.replay.exchanges
    return _Answered(
        statuses={one.request.id: one.answer.status for one in exchanges},
        lengths={one.request.id: len(one.answer.body) for one in exchanges},
        words={
            one.request.id: frozenset(
                word.lower()
                for effect in one.record.of_kind("sql")
                for word in _WORD.findall(effect.text or "")
            )
            for one in exchanges
            if one.record is not None
        },
    )


def _broken(
    world: World, part: Workload, identities: Sequence[Identity], plain: _Answered, served: Iterable[str]
) -> frozenset[str]:
    """Requests that known-good answers in another way than without the rows, or with much less; all where it does not live through them."""
    try:
        now = _answers(world, part, identities)
    except (Misbehaved, NotBooted):
        return frozenset(served)
    return frozenset(
        id_
        for id_ in served
        if now.statuses.get(id_) != plain.statuses[id_] or now.lengths[id_] < _LOST * plain.lengths[id_]
    )


def _but_unlikely(kept: tuple[EdgeRow, ...], blamed: Collection[str]) -> tuple[EdgeRow, ...]:
    """A text that is empty, a state that is unknown: the likeliest to be none that was ever meant to be there."""
    unlikely = {"empty", "bare", "minus", "off"}
    return tuple(one for one in kept if one.edge not in unlikely or one.row.table not in blamed)


def _but_copies(kept: tuple[EdgeRow, ...], blamed: Collection[str]) -> tuple[EdgeRow, ...]:
    """What holds nothing that the seed does not."""
    return tuple(one for one in kept if one.edge in {"twin", "one"} or one.row.table not in blamed)


def _but_tables(kept: tuple[EdgeRow, ...], blamed: Collection[str]) -> tuple[EdgeRow, ...]:
    return tuple(one for one in kept if one.row.table not in blamed)


def _none(_kept: tuple[EdgeRow, ...], _blamed: Collection[str]) -> tuple[EdgeRow, ...]:
    return ()


def _requests(
    kept: Sequence[EdgeRow],
    workload: Workload,
    asked: Sequence[str],
    surveyed: Sequence[Surveyed],
    rows: Rows,
) -> tuple[Request, ...]:
    """Each row asked for by its key, where the path of an endpoint has a place for it."""
    endpoints = Endpoints.of(one.id for one in surveyed)
    usual = {request.id: request for request in workload.requests}
    made = []
    for request in (usual[id_] for id_ in asked):
        route = endpoints.match(request.method, request.path).partition(" ")[2].split("/")
        path = request.path.split("/")
        at = max((number for number, part in enumerate(route) if _PLACE.fullmatch(part)), default=0)
        if not at or len(route) != len(path):
            continue
        meant = parameter_of(route[at][1:-1], path[at - 1], rows)
        for one in kept if meant else ():
            key = one.row.cells.get(meant[1] or "") if meant and one.row.table == meant[0] else None
            if key is not None and one.edge != "one":
                update = {
                    "id": f"{request.id}~{one.row.table}-{one.edge}",
                    "path": "/".join([*path[:at], quote(str(key), safe=""), *path[at + 1 :]]),
                    "roles": ("contract",),
                    "take": {},
                }
                made.append(request.model_copy(update=update))
    return tuple(made)


def _notes(kept: Sequence[EdgeRow], left_out: Iterable[str]) -> tuple[str, ...]:
    notes = []
    if kept:
        tables = {one.row.table for one in kept}
        notes.append(
            f"{_counted(len(kept), 'row')} at the edges (NULL, '', 0, the same twice, relations with no member or one) "
            f"{'stands' if len(kept) == 1 else 'stand'} beside the seeded ones in {_counted(len(tables), 'table')}"
        )
    if left := sorted(left_out):
        shown = ", ".join(f"`{name}`" for name in left[:5]) + (" …" if len(left) > 5 else "")
        notes.append(
            f"known-good does not answer as before beside some rows at the edges of {shown}: they are left out"
        )
    return tuple(notes)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
