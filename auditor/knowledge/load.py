"""From library files to one table of facts: names joined, bases folded in, every reference checked."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from auditor.knowledge.entries import Entry, KnowledgeError, parse
from auditor.knowledge.facts import Callback, CallFact, Knowledge, MemoFact
from auditor.knowledge.fold import Folding

LIBRARIES: Final = Path(__file__).with_name("libraries")

_NEVER_STOPS_A_LOOP: Final = frozenset({None, "log"})
"""Effects that are not worth calling blocking: a log write is a buffer in the process."""


@cache
def load() -> Knowledge:
    """All that the bundled library files say, read once a process; `KnowledgeError` on a wrong file."""
    files = sorted(LIBRARIES.glob("*.toml"))
    return link({file.name: file.read_text(encoding="utf-8") for file in files})


def link(texts: Mapping[str, str], /) -> Knowledge:
    """Joins library files, given as text by file name; raises `KnowledgeError` for the first thing wrong."""
    documents = {file: parse(file, text) for file, text in texts.items()}
    entries, canonical = _type_names(documents)
    makers = {d["library"]["name"]: _fact_maker(file, d, canonical) for file, d in documents.items()}
    if len(makers) < len(documents):
        raise KnowledgeError(f"two of {', '.join(documents)} have the same `name` under [library]")
    folding = Folding(entries, canonical)
    for name in entries:
        folding.fold(name, makers)
    types = {**folding.folded, **{alias: folding.folded[name] for alias, name in canonical.items()}}
    calls = _listed_calls(documents, makers)
    made_by = _made_by(documents, canonical) | {name: f.returns for name, f in calls.items() if f.returns}
    for maker, name in made_by.items():
        calls.setdefault(maker, CallFact(library=types[name].library, returns=name))
    calls |= {f"{name}.{method}": fact for name, t in types.items() for method, fact in t.methods.items()}
    memos = _memos(documents)
    modules = [m for document in documents.values() for m in document["library"]["modules"].split()]
    return Knowledge(
        calls=MappingProxyType(calls),
        types=MappingProxyType(types),
        made_by=MappingProxyType(made_by),
        instances=MappingProxyType(_instances(documents, canonical)),
        memos=MappingProxyType(memos),
        memo_decorators=frozenset(memos),
        module_roots=frozenset(module.partition(".")[0] for module in modules),
        quiet_modules=frozenset(
            m for document in documents.values() for m in document["library"].get("quiet", "").split()
        ),
    )


def _type_names(
    documents: Mapping[str, Entry],
) -> tuple[dict[str, tuple[str, Entry]], dict[str, str]]:
    """Each type's library and entry by canonical name, and the canonical name of every name a type has."""
    entries: dict[str, tuple[str, Entry]] = {}
    canonical: dict[str, str] = {}
    for file, document in documents.items():
        for entry in document.get("type", ()):
            entries[entry["name"]] = (document["library"]["name"], entry)
            for name in (entry["name"], *entry.get("aliases", "").split()):
                if name in canonical:
                    raise KnowledgeError(f"{file}: [[type]] {name!r} is described twice; keep one")
                _check_home(name, document=document, file=file)
                canonical[name] = entry["name"]
    return entries, canonical


def _fact_maker(file: str, document: Entry, canonical: Mapping[str, str]) -> Callable[[Entry], CallFact]:
    """Turns the call entries of one file into facts."""
    library = document["library"]["name"]

    def reference(entry: Entry, key: str) -> str | None:
        given = entry.get(key)
        if given is not None and given not in canonical:
            where = f"{file}: {entry.get('names', 'otherwise')!r}"
            raise KnowledgeError(f"{where}: `{key}` is {given!r}, a type that no file describes")
        return canonical[given] if given else None

    def make(entry: Entry) -> CallFact:
        effect = entry.get("effect")
        is_async = entry.get("async", False)
        waits = effect not in _NEVER_STOPS_A_LOOP and not is_async and "cheap" not in entry
        callback = entry.get("callback")
        return CallFact(
            library=library,
            effect=effect,
            write=entry.get("write", False),
            blocking=entry.get("blocking", waits),
            is_async=is_async,
            returns=reference(entry, "returns"),
            timeout_argument=entry.get("timeout_argument"),
            timeout_default_s=entry.get("timeout_default_s"),
            level=entry.get("level"),
            sql_argument=entry.get("sql_argument"),
            fetch=entry.get("fetch"),
            batch=entry.get("batch"),
            cheap=entry.get("cheap"),
            callback=_callback(callback) if callback else None,
            decorates=reference(entry, "decorates"),
        )

    return make


def _callback(entry: Entry) -> Callback:
    return Callback(position=entry.get("position"), keyword=entry.get("keyword"), runs_in=entry["runs_in"])


def _listed_calls(
    documents: Mapping[str, Entry], makers: Mapping[str, Callable[[Entry], CallFact]]
) -> dict[str, CallFact]:
    calls: dict[str, CallFact] = {}
    for file, document in documents.items():
        for entry in document.get("call", ()):
            fact = makers[document["library"]["name"]](entry)
            for module in entry.get("module", "").split() or [""]:
                for given in entry["names"].split():
                    name = f"{module}.{given}" if module else given
                    if name in calls:
                        raise KnowledgeError(f"{file}: [[call]] {name!r} is described twice; keep one")
                    _check_home(name, document=document, file=file)
                    calls[name] = fact
    return calls


def _made_by(documents: Mapping[str, Entry], canonical: Mapping[str, str]) -> dict[str, str]:
    """A class makes itself; what else makes it stands in its `made_by`."""
    made_by = dict(canonical)
    for document in documents.values():
        for entry in document.get("type", ()):
            made_by |= dict.fromkeys(entry.get("made_by", "").split(), entry["name"])
    return made_by


def _instances(documents: Mapping[str, Entry], canonical: Mapping[str, str]) -> dict[str, str]:
    instances: dict[str, str] = {}
    for file, document in documents.items():
        for entry in document.get("instance", ()):
            if entry["type"] not in canonical:
                raise KnowledgeError(
                    f"{file}: [[instance]] {entry['names']!r}: no file describes {entry['type']!r}"
                )
            instances |= dict.fromkeys(entry["names"].split(), canonical[entry["type"]])
    return instances


def _memos(documents: Mapping[str, Entry]) -> dict[str, MemoFact]:
    memos: dict[str, MemoFact] = {}
    for file, document in documents.items():
        library = document["library"]["name"]
        for entry in document.get("memo", ()):
            scope, bounded, expires = entry["scope"], entry["bounded"], entry["expires"]
            fact = MemoFact(library=library, scope=scope, bounded=bounded, expires=expires)
            for name in entry["names"].split():
                _check_home(name, document=document, file=file)
                memos[name] = fact
    return memos


def _check_home(name: str, *, document: Entry, file: str) -> None:
    """A name belongs to a module of its library: a slip in a dotted name would be silent otherwise."""
    root = name.partition(".")[0]
    modules = document["library"]["modules"]
    if f" {root} " not in f" {modules} " and root not in {m.partition(".")[0] for m in modules.split()}:
        raise KnowledgeError(f"{file}: {name!r} lies outside the modules of [library]: {modules}")
