"""What an endpoint's code reads from a request, and what it compares it with.

Read off the functions on the endpoint's way, as the static trace names them. It errs towards too much: a value too many costs a request,
one too few lets a wrong change through.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from auditor.measure.edges.comparing import comparisons, constants_of, parsed
from auditor.measure.edges.reading import Function, Reading, Where, derived_names, handed_over, reads

_IN_PATH: Final = re.compile(r"{(\w+)")
_MOST_LITERALS: Final = 24
"""Of one parameter: a code list of a thousand countries needs no thousand requests."""


@dataclass(frozen=True, slots=True)
class Span:
    """A function on an endpoint's way."""

    file: str
    line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that is read from a request."""

    name: str
    where: Where
    converts: tuple[str, ...] = ()
    """What it is turned into: `int`, `float`, `bool`."""
    literals: tuple[str, ...] = ()
    """What it is compared with or looked up among, as text, sorted."""
    separators: tuple[str, ...] = ()
    """What it is split at."""
    columns: tuple[str, ...] = ()
    """Names that it is compared with or handed over as, sorted: columns of a query among them."""
    handed_over: bool = False
    """A framework reads it and passes it to the handler: a value that does not fit never reaches the code."""
    by_framework: bool = False
    """No code of the project's looks at it: odd values say little, and there may be hundreds of its kind."""


def parameters_of(
    sources: dict[str, str], way: Iterable[Span], /, *, path: str = "", filled: int = 1
) -> tuple[Parameter, ...]:
    """The parameters of one endpoint, sorted by place and name.

    `sources` holds the text of each file; `way` begins with the handler, and the first `filled` on it have their parameters filled in by
    the framework; `path` names what is part of the path, which is no parameter here.
    """
    way = tuple(way)
    functions = list(functions_on(sources, way))
    handlers, others = (list(functions_on(sources, part)) for part in (way[:1], way[1:filled]))
    in_path = set(_IN_PATH.findall(path))
    found: dict[tuple[Where, str], Reading] = {}
    for reading in (
        *reads(functions),
        *handed_over(handlers, in_path),
        *handed_over(others, in_path, always=True),
    ):
        known = found.setdefault((reading.where, reading.name), reading)
        known.aliases |= reading.aliases
        known.converts |= reading.converts
    derived = derived_names(functions)
    for reading in found.values():
        for _ in range(3):  # `words = text.split(",")`, `for word in words`, `key = word.lower()`
            reading.aliases |= set().union(*(derived[alias] for alias in reading.aliases))
    constants = {name: values for text in sources.values() for name, values in constants_of(text)}
    compared = comparisons(functions, constants)
    parameters = []
    for (where, name), reading in sorted(found.items()):
        literals: set[str] = set()
        separators: set[str] = set()
        converts = set(reading.converts)
        columns: set[str] = set()
        for alias in reading.aliases:
            literals |= compared.literals[alias]
            separators |= compared.separators[alias]
            converts |= compared.converts[alias]
            columns |= compared.columns[alias]
        kept = tuple(sorted(literals, key=lambda text: (len(text), text))[:_MOST_LITERALS])
        handed = reading.handed_over
        parameters.append(
            Parameter(
                name=name,
                where=where,
                converts=tuple(sorted(converts)),
                literals=kept,
                separators=tuple(sorted(separators)),
                columns=tuple(sorted(columns)),
                handed_over=handed,
            )
        )
    return tuple(parameters)


def path_columns(
    sources: dict[str, str], way: Iterable[Span], path: str, /
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """By parameter of the path, the columns that the code compares it with; those that it compares with none are left out."""
    names = _IN_PATH.findall(path)
    if not names:
        return ()
    functions = list(functions_on(sources, tuple(way)))
    compared = comparisons(functions, {})
    derived = derived_names(functions)
    found = []
    for name in names:
        columns = set().union(*(compared.columns[alias] for alias in {name, *derived[name]}))
        if left := sorted(columns - {"id", "pk"}):
            found.append((name, tuple(left)))
    return tuple(found)


def functions_on(sources: dict[str, str], way: tuple[Span, ...]) -> Iterator[Function]:
    for span in way:
        for function in _functions_in(sources.get(span.file, "")):
            first = min([function.lineno, *(one.lineno for one in function.decorator_list)])
            if first <= span.line <= (function.end_lineno or first) and function.lineno <= span.end_line:
                yield function
                break


@lru_cache(maxsize=8192)
def _functions_in(text: str) -> tuple[Function, ...]:
    return tuple(n for n in ast.walk(parsed(text)) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)))
