"""What reading the tree says of its endpoints, for those who are about to call them."""

from dataclasses import dataclass
from pathlib import Path

from auditor.engine.opening import opened
from auditor.engine.request import AuditRequest, Notes
from auditor.frameworks import discover
from auditor.frameworks.django_language import PARAMETER, language_of_paths
from auditor.frameworks.entry import EntryPoint
from auditor.frameworks.list_parameters import ListParameter, list_parameters
from auditor.index.build import build_index
from auditor.knowledge.load import load
from auditor.measure.edges.parameters import Parameter, Span, parameters_of, path_columns
from auditor.model.stumbles import Stumbles
from auditor.repo.errors import Unreadable
from auditor.repo.snapshot import Snapshot
from auditor.trace.analysis import Trace, analyse
from auditor.trace.semantics import semantics_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """One endpoint that is served over HTTP."""

    id: str
    """As in a report: `GET /spaces/{id}`."""
    method: str
    path: str
    """With the language that it begins with where a language is its first parameter."""
    parameters: tuple[Parameter, ...]
    """What its code reads from the request, and what its framework does for it; empty where nobody asked."""
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """By parameter of the path, the columns that the code compares it with, where it does."""


def survey(request: AuditRequest, notes: Notes, /, *, parameters: bool = True) -> tuple[Surveyed, ...]:
    """The HTTP endpoints of the tree, sorted by id.

    With `parameters` calls are followed, and what the code on an endpoint's way reads and compares is looked up.
    """
    with opened(request) as job:
        notes.step("reading files")
        index = build_index(
            job.snapshot, jobs=request.jobs, cache_dir=request.cache_dir, progress=notes.progress
        )
        stumbles = Stumbles(go_on=True)
        entries = tuple(entry for entry in discover(index.project, stumbles) if entry.kind == "http")
        ways: dict[int, list[Span]] = {}
        lists: dict[int, tuple[ListParameter, ...]] = {}
        sources: dict[str, str] = {}
        if parameters:
            notes.step("following calls")
            trace = analyse(
                index.project,
                entries,
                knowledge=load(),
                semantics=semantics_of(index),
                progress=notes.progress,
                stumbles=stumbles,
            )
            ways = _ways(trace, entries)
            lists = list_parameters(index.project, entries)
            sources = _sources(job.snapshot, {span.file for way in ways.values() for span in way})
        language = language_of_paths(index.project)
        found = {
            entry.id: Surveyed(
                id=entry.id,
                method=entry.method,
                path=_in_language(entry.path, language),
                parameters=_with_lists(
                    parameters_of(
                        sources, ways.get(id(entry), ()), path=entry.path, filled=_filled(entry, ways)
                    ),
                    lists.get(id(entry), ()),
                ),
                keys=path_columns(sources, ways.get(id(entry), ()), entry.path),
            )
            for entry in entries
        }
    for each in stumbles.met:
        notes.warn(each)
    return tuple(found[key] for key in sorted(found))


def _in_language(path: str, language: str | None) -> str:
    head = f"/{PARAMETER}/"
    return f"/{language}/{path.removeprefix(head)}" if language and path.startswith(head) else path


def _filled(entry: EntryPoint, ways: dict[int, list[Span]]) -> int:
    """How many functions at the head of its way have their parameters filled in from the request."""
    return 1 + len(_dependencies(entry)) if ways.get(id(entry)) else 0


def _dependencies(entry: EntryPoint) -> list[Span]:
    spans = [
        Span(one.function.module.path, one.function.line, one.function.end_line)
        for one in entry.around
        if one.role == "dependency"
    ]
    own = Span(entry.handler.module.path, entry.handler.line, entry.handler.end_line)
    return [span for span in dict.fromkeys(spans) if span != own]


def _with_lists(read: tuple[Parameter, ...], lists: tuple[ListParameter, ...]) -> tuple[Parameter, ...]:
    """What the code reads, and beside it what nobody but the framework does."""
    known = {one.name for one in read if one.where == "query"}
    return (
        *read,
        *(
            Parameter(
                name=one.name,
                where="query",
                converts=("int",) if one.is_number else (),
                literals=one.choices,
                columns=one.columns,
                by_framework=True,
            )
            for one in lists
            if one.name not in known
        ),
    )


def _ways(trace: Trace, entries: tuple[EntryPoint, ...]) -> dict[int, list[Span]]:
    """By identity of the entry: its handler first, what it depends on, then every function of the project that it reaches."""
    ways: dict[int, dict[Span, None]] = {  # in the order in which they came, each once
        id(entry): dict.fromkeys(
            [
                Span(entry.handler.module.path, entry.handler.line, entry.handler.end_line),
                *_dependencies(entry),
            ]
        )
        for entry in entries
    }
    for module in trace.project.modules:
        if module.role != "app":
            continue
        for function in module.functions:
            span = Span(module.path, function.line, function.end_line)
            for entry in trace.endpoints_of(function):
                if id(entry) in ways:
                    ways[id(entry)][span] = None
    return {entry: list(spans) for entry, spans in ways.items()}


def _sources(snapshot: Snapshot, wanted: set[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for file in snapshot.files:
        if file.path in wanted and Path(file.path).suffix == ".py":
            try:
                texts[file.path] = snapshot.read_text(file).text
            except Unreadable:
                continue  # the audit says so; nothing is known of its parameters
    return texts
