"""Requests that write, guessed: from what the code reads, what a refusal says is missing, and what the same address shows when it is read.

None of it has to be right. What known-good does not take is thrown away (`auditor.engine.measuring.writes`).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from pydantic import JsonValue

from auditor.execution.databases.database import Rows
from auditor.measure.edges.parameters import Parameter
from auditor.measure.edges.stored import stored_values
from auditor.measure.request import Request

WRITING: Final = ("POST", "PUT", "PATCH", "DELETE")
_LEAVES: Final = re.compile(
    r"log-?_?(in|out)|sign-?_?(in|out|up)|auth|token|session|password|revoke|shut-?_?down|deactivate",
    re.IGNORECASE,
)
"""In a path: after it somebody may be signed out, and nothing that is asked later says anything."""
_FORM: Final = (("Content-Type", "application/x-www-form-urlencoded"),)
_FIXED: Final = re.compile(r"\d{4}-\d\d-\d\d|[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$|https?://")
"""Dates, UUIDs and addresses, which are no prose."""
_SHOWN: Final = frozenset(
    {"detail", "message", "error", "errors", "non_field_errors", "status", "code", "__all__"}
)
"""Keys of a refusal that are no fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An endpoint that writes, and where it is asked."""

    method: str
    endpoint: str
    """Its id."""
    path: str
    parameters: tuple[Parameter, ...]

    @property
    def may_be_asked(self) -> bool:
        """Whether whoever asks is still let in afterwards, as far as its path tells."""
        return self.method in WRITING and not _LEAVES.search(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was answered to a request with nothing in it."""

    status: int | None
    body: bytes


def bare_request(place: Place, /, *, identity: str | None) -> Request:
    """Without any field: much that writes takes none, and what does says which."""
    body: JsonValue = None if place.method == "DELETE" else {}
    return Request(id=place.endpoint, method=place.method, path=place.path, body=body).model_copy(
        update={"identity": identity}
    )


def guesses(
    place: Place, heard: Heard, shown: JsonValue, rows: Rows, /, *, identity: str | None
) -> tuple[Request, ...]:
    """Better ones: with values that are new, then with values that are there, as JSON and as a form.

    `shown` is what a GET of the same address answered, None where that was no JSON or a refusal.
    """
    if place.method == "DELETE":
        return ()
    fields, query, is_list = _missing(heard.body)
    fields += [one.name for one in place.parameters if one.where == "body" and one.name not in fields]
    by_name = {one.name: one for one in place.parameters}
    base = dict(_representation(shown))
    known: dict[str, JsonValue] = {
        name: _value(name, by_name, place.path, rows) for name in fields if name not in base
    }
    sent_query = [(name, str(_value(name, by_name, place.path, rows))) for name in query]
    there: dict[str, JsonValue] = {**base, **known}
    bodies: list[JsonValue] = [{name: _anew(name, value, rows) for name, value in there.items()}, dict(there)]
    if place.method == "PATCH":  # one at a time: the others need not be such that they can be written
        new = bodies[0]
        assert isinstance(new, dict)
        bodies += [{name: value} for name, value in new.items() if value != there[name]]
    if is_list:
        bodies = [[1, 2]]
    bare = bare_request(place, identity=identity).model_copy(update={"query": tuple(sent_query)})
    made = [bare.model_copy(update={"body": body}) for body in bodies if body]
    made += [
        bare.model_copy(update={"body": urlencode(body), "headers": _FORM})
        for body in bodies[:2]
        if isinstance(body, dict)
        and body
        and not any(isinstance(value, list | dict) for value in body.values())
    ]
    made += [bare] if sent_query else []
    return tuple(
        one.model_copy(update={"id": f"{place.endpoint} #{number}"}) for number, one in enumerate(made, 2)
    )


def _missing(body: bytes) -> tuple[list[str], list[str], bool]:
    """Fields and parameters of the query that a refusal names; and whether it asks for a list."""
    said = json_of(body)
    if not isinstance(said, dict):
        return [], [], False
    detail = said.get("detail")
    if isinstance(detail, list):  # as FastAPI says it: [{"loc": ["body", "name"], "type": "missing"}]
        places = [
            (loc, one.get("type"))
            for one in detail
            if isinstance(one, dict) and isinstance(loc := one.get("loc"), list)
        ]
        fields = [str(loc[1]) for loc, _ in places if loc[:1] == ["body"] and len(loc) > 1]
        query = [str(loc[1]) for loc, _ in places if loc[:1] == ["query"] and len(loc) > 1]
        return fields, query, any(loc == ["body"] and kind == "list_type" for loc, kind in places)
    inner = next((said[key] for key in ("errors", "messages") if isinstance(said.get(key), dict)), said)
    assert isinstance(inner, dict)
    named = [name for name, why in inner.items() if name not in _SHOWN and isinstance(why, list | str)]
    return named, [], False


def _representation(shown: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """What of an object that was shown may be sent back: not its key, nothing that holds objects."""
    one = _first_object(shown)
    for name, value in one.items():
        if name in {"id", "pk", "url"} or isinstance(value, dict) or value is None:
            continue
        if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            continue
        yield name, value


def _first_object(shown: JsonValue) -> Mapping[str, JsonValue]:
    """Itself, or the first one of the list that it is or holds."""
    if isinstance(shown, list):
        return next((one for one in shown if isinstance(one, dict)), {})
    if not isinstance(shown, dict):
        return {}
    for key in ("results", "items", "data", "objects"):
        if isinstance(held := shown.get(key), list):
            return _first_object(held)
    return shown


def _value(name: str, by_name: Mapping[str, Parameter], path: str, rows: Rows) -> JsonValue:
    """What the data has in the column of this name, the code compares it with, or a word."""
    several = name.endswith("_ids")
    for column in (name, f"{name}_id", name.removesuffix("s") if several else name):
        found = _cell(column, path, rows)
        if found is not None:
            return [found] if several else found
    if several:
        return [1, 2]
    parameter = by_name.get(name) or Parameter(name, "body")
    return next(iter((*stored_values(parameter, path, rows), *parameter.literals)), "text")


def _cell(column: str, path: str, rows: Rows) -> JsonValue:
    """As it stands in the first row that has it, of the tables that the path names first."""
    words = [word.rstrip("s") for word in path.lower().split("/") if len(word) > 3]
    tables = sorted(rows, key=lambda table: (not any(word in table.lower() for word in words), table))
    for table in tables:
        for row in rows[table]:
            value = row.get(column)
            if isinstance(value, str | int | float) and value != "":
                return value
    return None


def _anew(name: str, value: JsonValue, rows: Rows) -> JsonValue:
    """A text that nobody has yet; what is no prose, and what several rows share as a choice, stays."""
    if isinstance(value, bool):
        return not value
    if not isinstance(value, str) or not re.search(r"[^\W\d_]", value) or _FIXED.match(value):
        return value
    return value if _is_choice(name, value, rows.values()) else f"new-{value}"


def _is_choice(name: str, value: str, tables: Iterable[Sequence[Mapping[str, object]]]) -> bool:
    return any(sum(row.get(name) == value for row in held) > 1 for held in tables if held and name in held[0])


def json_of(body: bytes, /) -> JsonValue:
    """What an answer holds; None for what is no JSON."""
    try:
        return json.loads(body)  # type: ignore[no-any-return]  # whatever JSON holds is a JsonValue
    except (ValueError, RecursionError):
        return None
