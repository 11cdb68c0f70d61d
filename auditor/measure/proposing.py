"""A first workload, for a target that comes with none: every endpoint that can be asked without knowing more than its path.

Parameters of the path are filled with keys out of the database as it was seeded: the first row, the last, one that is not there. What
takes a body is left to a person, a recording or a schema, and is listed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from auditor.execution.databases.database import Rows
from auditor.measure.fullest import fullest
from auditor.measure.request import Request

_PARAMETER: Final = re.compile(r"{(\w+)}")
_NO_PATH: Final = re.compile(r"[?#{}]")
"""In what is left of a path: a part that reading could not tell (`{?}`), or a pattern."""
_KEYS: Final = ("id", "pk", "uuid", "slug", "code", "key", "name", "username")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_SAFE: Final = frozenset({"GET", "HEAD", "ANY"})
_AS_IT_IS: Final = "/@:+,;=!$&'()*~"
"""What may stand in a path unquoted."""
_MISSING: Final = "999999999"
MAX_KEYS: Final = 3
_SHORT: Final = 4
"""A word of more letters may be the end of a table's name."""


@dataclass(frozen=True, slots=True)
class Served:
    """An endpoint to be asked."""

    method: str
    path: str
    """Parameters as `{name}`."""
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """By parameter, the columns that the code compares it with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Requests, and what there are none for."""

    requests: tuple[Request, ...]
    left_out: tuple[tuple[str, str], ...]
    """Endpoint and reason."""


def propose_workload(
    endpoints: Iterable[Served], rows: Rows, /, *, identities: Sequence[str] = ()
) -> Proposal:
    """Asks each endpoint as nobody and as each identity, with keys that exist and one that does not."""
    requests: dict[str, Request] = {}
    left_out: list[tuple[str, str]] = []
    for endpoint in sorted(set(endpoints), key=lambda one: (one.path, one.method)):
        name = f"{endpoint.method} {endpoint.path}"
        if endpoint.method not in _SAFE:
            left_out.append((name, "it takes a body or changes something: add a request to the workload"))
            continue
        if endpoint.path.endswith("/*"):
            left_out.append((name, "the framework serves files of a folder there, whose names are not known"))
            continue
        method = "GET" if endpoint.method == "ANY" else endpoint.method
        paths = filled_paths(endpoint.path, rows, keys=endpoint.keys)
        if not paths:
            left_out.append((name, "no row fits the parameters of its path, or a part of it is not known"))
        for number, path in enumerate(paths, 1):
            for identity in (*identities, None):
                suffix = "" if identity is None else f" as {identity}"
                identifier = f"{method} {endpoint.path} #{number}{suffix}"
                request = Request(id=identifier, method=method, path=path)
                requests[identifier] = request.model_copy(update={"identity": identity})
    return Proposal(requests=tuple(requests.values()), left_out=tuple(left_out))


def filled_paths(
    path: str,
    rows: Rows,
    /,
    *,
    there: bool = False,
    keys: Iterable[tuple[str, tuple[str, ...]]] = (),
) -> tuple[str, ...]:
    """The path with keys of rows in the places of its parameters; none where no table fits.

    Where no name tells the table, the columns of `keys` do.

    Beside them, unless only what is `there` is wanted, a key that no row has, and one that is a text in the other case.
    """
    names = _PARAMETER.findall(path)
    if _NO_PATH.search(_PARAMETER.sub("", path)):
        return ()
    if not names:
        return (path,)
    columns = dict(keys)
    choices = {
        name: values_of(name, _segment_before(path, name), rows) or _compared(columns.get(name, ()), rows)
        for name in names
    }
    if not all(choices.values()):
        return ()
    if len(names) == 1 and not there:  # keys of several tables would not belong together
        (name,) = names
        choices = {name: _fullest_first(choices[name], name, _segment_before(path, name), rows)}
    longest = max(len(values) for values in choices.values())
    made = [
        _filled(path, {name: values[min(at, len(values) - 1)] for name, values in choices.items()})
        for at in range(longest)
    ]
    if not there:
        last = names[-1]
        usual = {name: values[0] for name, values in choices.items()}
        others = _others(choices[last][0])
        made += [_filled(path, usual | {last: other}) for other in others if other not in choices[last]]
    return tuple(dict.fromkeys(made))


def _others(key: str) -> tuple[str, ...]:
    """Keys beside one that is there: another one of its kind that no row should have, and the same in the other case."""
    if key.isdigit():
        return (_MISSING,)
    if _UUID.fullmatch(key):
        return ("00000000-0000-4000-8000-000000000000",)
    return (f"{key}-{_MISSING}", key.swapcase())


def _filled(path: str, values: Mapping[str, str]) -> str:
    return _PARAMETER.sub(lambda found: quote(values[found[1]], safe=_AS_IT_IS), path)


def _segment_before(path: str, name: str) -> str:
    """`spaces` for `{id}` in `/api/spaces/{id}`."""
    before = path.partition("{" + name + "}")[0].rstrip("/").split("/")
    words = [part for part in before if part and not part.startswith("{")]
    return words[-1] if words else ""


def values_of(name: str, segment: str, rows: Rows) -> tuple[str, ...]:
    """Up to three: the first, one from the middle, the last, of the column that the parameter most likely means."""
    meant = parameter_of(name, segment, rows)
    if meant is None:
        return ()
    table, column = meant
    return _values(rows[table], column) if column else ()


def _fullest_first(values: tuple[str, ...], name: str, segment: str, rows: Rows) -> tuple[str, ...]:
    """With the row that has the most members in front: it is asked whatever an endpoint's code compares."""
    table, column = parameter_of(name, segment, rows) or ("", None)
    row = fullest(table, rows, lambda word: _table([word], rows)) if column else None
    best = _values([row], column) if row is not None and column else ()
    if not best or best[0] in values[:1]:
        return values
    others = [value for value in values if value != best[0]]
    return tuple(dict.fromkeys([*best, *others[:1], *others[-1:]]))[:MAX_KEYS]


def _compared(columns: Iterable[str], rows: Rows) -> tuple[str, ...]:
    """Values of the first column that one table alone has."""
    found = ((_only_table_with(column, rows), column) for column in columns)
    return next((_values(rows[table], column) for table, column in found if table is not None), ())


def _values(held: Sequence[Mapping[str, object]], column: str) -> tuple[str, ...]:
    values = sorted({str(row[column]) for row in held if row.get(column) not in (None, "")}, key=_order)
    fit = [value for value in values if "/" not in value and len(value) <= 200]
    return tuple(dict.fromkeys([*fit[:1], *fit[len(fit) // 2 :][:1], *fit[-1:]]))[:MAX_KEYS]


def parameter_of(name: str, segment: str, rows: Rows) -> tuple[str, str | None] | None:
    """The table and the column that a parameter of a path most likely means; `segment` is the word before it."""
    stem, _, key = name.rpartition("_")
    table = _table([stem if key in _KEYS else name, segment, name], rows) or _only_table_with(name, rows)
    if table is None:
        return None
    columns = rows[table][0].keys()
    wanted = [key if stem else name, name, *_KEYS]
    return table, next((one for one in wanted if one in columns), next(iter(columns), None))


def _only_table_with(column: str, rows: Rows) -> str | None:
    """The table that has a column of this name, where no other has."""
    having = [table for table, held in rows.items() if held and column in held[0]]
    return having[0] if len(having) == 1 else None


def _order(value: str) -> tuple[int, str]:
    return len(value), value


def _table(words: Sequence[str], rows: Rows) -> str | None:
    """The table that one of the words names: itself, its plural, or behind the prefix of an application."""
    for word in words:
        plain = word.lower().replace("-", "_")
        if not plain:
            continue
        forms = {
            plain,
            f"{plain}s",
            f"{plain}es",
            re.sub("y$", "ies", plain),
            re.sub("s$", "", plain),
            re.sub("ies$", "y", plain),
        }
        for table in sorted(rows, key=lambda name: (len(name), name)):
            if rows[table] and (
                table.lower() in forms or any(table.lower().endswith(f"_{form}") for form in forms)
            ):
                return table
        # `orders` of `shop_workorder`: a model's name of two words, which its table joins
        ends = [
            table
            for table in sorted(rows)
            if rows[table] and len(plain) > _SHORT and table.lower().endswith(tuple(forms))
        ]
        if len(ends) == 1:
            return ends[0]
    return None
