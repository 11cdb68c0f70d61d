"""The sentences of a change: its title, why it is worth doing, and how to check it."""

from collections.abc import Iterable, Sequence

from auditor.model.cost_text import brief_text, kind_cost
from auditor.model.effect import RECURSION_DEPTH, UNKNOWN_SIZE
from auditor.model.report import Endpoint, Finding, KindCost
from auditor.model.text import code, listed
from auditor.stages.planning.expected import Stake, sizes_of
from auditor.stages.planning.grouping import Group
from auditor.stages.planning.remedy import Remedy, Words

_NOUNS = {
    "sql": "queries",
    "session": "connections",
    "transaction": "transactions",
    "http": "outside calls",
    "cache": "cache operations",
    "log": "log records",
    "mail": "mails",
    "task": "tasks sent",
    "file": "file operations",
    "sleep": "waits",
    "lock": "locks taken",
    "llm": "model calls",
    "subprocess": "processes",
    "rows": "rows fetched",
    "rows_read": "rows read by the database",
    "cpu": "turns of a loop",
}


_GRAPH = frozenset({"QUERY", "MUTATION", "SUBSCRIPTION"})


def words_for(group: Group, *, worst: Endpoint | None, endpoints: Sequence[str]) -> Words:
    """What the templates of the group's remedy are filled with."""
    functions = list(dict.fromkeys(_functions(finding) for finding in group.findings))
    named = (name for finding in group.findings for name in finding.subject.split(", ") if name)
    subjects = list(dict.fromkeys(code(name) for name in named))
    unnamed = group.remedy.unnamed.format(function=listed(functions))
    return Words(
        subjects=listed(subjects) if subjects else unnamed,
        operations=_operations(group.findings),
        function=listed(functions),
        rows=_rows([f for f in group.findings if worst is None or worst.id in f.endpoints]),
        endpoint=code(worst.id) if worst else f"what calls {listed(functions)}",
        ask=_ask(worst, listed(functions)),
        on=_on("for", worst, len(endpoints), functions if subjects else ()),
        of=_on("of", worst, len(endpoints), functions if subjects else ()),
    )


def _ask(worst: Endpoint | None, functions: str) -> str:
    """How what costs is brought about, as the beginning of a sentence."""
    if worst is None:
        return f"Call {functions}"
    return f"{'Request' if is_request(worst.id) else 'Run'} {code(worst.id)}"


def is_request(endpoint: str, /) -> bool:
    """Whether an endpoint is asked over HTTP, by its id; commands, tasks and receivers are run."""
    kind, _, rest = endpoint.partition(" ")
    return rest.startswith("/") or kind in _GRAPH


def filled(template: str, words: Words) -> str:
    """One template of a remedy as a sentence."""
    sentence = template.format_map(vars(words))
    return sentence[:1].upper() + sentence[1:]


def why(group: Group, stakes: Sequence[Stake], *, worst: Endpoint | None) -> str:
    """Why the change is worth doing: what the costliest endpoint pays for it now."""
    if worst is None:
        return "No known endpoint reaches this code; whatever calls it pays."
    if not stakes:
        title = group.findings[0].title.rstrip(".")
        return f"{title[:1].upper()}{title[1:]}."
    kind = stakes[0].kind
    here = kind_cost(stake.before for stake in stakes if stake.kind == kind)
    noun = _NOUNS.get(kind, kind)
    total = next((cost for name, cost in worst.cost.items() if name == kind), None)
    if total is None or total.text.removeprefix("≥ ") == here.text or not _sizes(here) <= _sizes(total):
        one = "request" if is_request(worst.id) else "run"
        return f"One {one} of {code(worst.id)} costs {code(brief_text(here))} {noun} here."
    return (
        f"{code(brief_text(here))} of the {code(brief_text(total))} {noun} of {code(worst.id)} happen here."
    )


def _sizes(cost: KindCost) -> frozenset[str]:
    """The sizes of a cost: what is said in others is no part of it that a reader could find."""
    return frozenset(name for term in cost.terms for name in term.sizes)


def told_apart(title: str, groups: Sequence[Group]) -> list[str]:
    """The titles of changes that share one: each with what the others don't have, its functions, files or places."""
    marks: list[list[str]] = []
    for way in (_functions, _files, _places):
        marks = [list(dict.fromkeys(way(finding) for finding in group.findings))[:2] for group in groups]
        if len({tuple(mark) for mark in marks}) == len(marks):
            break
    return [title if all(name in title for name in mark) else f"{title} ({listed(mark)})" for mark in marks]


def _functions(finding: Finding) -> str:
    """A template goes by the name of its file."""
    _, folder, name = finding.function.rpartition("/")
    return code(name if folder or finding.function == finding.file else f"{short(finding.function)}()")


def _files(finding: Finding) -> str:
    return code(finding.file)


def _places(finding: Finding) -> str:
    return code(f"{finding.file}:{finding.line}")


def verification(remedy: Remedy, words: Words) -> str:
    """The checks, one a line."""
    return "\n".join(filled(check, words) for check in remedy.verify)


def doubts(group: Group, words: Words) -> str:
    """What could make the change not worth doing, as the findings say it, else as the remedy does."""
    own = unique(finding.could_be_wrong for finding in group.findings)
    return " ".join(own[:2]) or filled(group.remedy.wrong, words)


def steps(group: Group, words: Words) -> tuple[str, ...]:
    """What to do, as the findings say it, else as the remedy does."""
    own = unique(finding.fix for finding in group.findings)
    return own[:3] or tuple(filled(step, words) for step in group.remedy.steps)


def short(function: str) -> str:
    """The last part of a qualified name, with its class where it has one."""
    parts = [part for part in function.split(".") if part != "<locals>"]
    keep = 2 if len(parts) > 1 and parts[-2][:1].isupper() else 1
    return ".".join(parts[-keep:])


def unique(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts that are not empty, without repeats, in order."""
    return tuple(dict.fromkeys(text for text in texts if text))


def _rows(findings: Iterable[Finding]) -> str:
    names = [name for name in sizes_of(findings) if name not in {UNKNOWN_SIZE, RECURSION_DEPTH}]
    return listed([code(name) for name in names]) if names else "rows"


def _operations(findings: Iterable[Finding]) -> str:
    """What is done too often, as a plural."""
    kinds = (finding.cost_term.kind for finding in findings if finding.cost_term is not None)
    return listed([_NOUNS.get(kind, kind) for kind in dict.fromkeys(kinds)] or ["calls"])


def _on(word: str, worst: Endpoint | None, count: int, functions: Sequence[str]) -> str:
    if worst is None:
        return f" in {listed(functions)}" if functions else ""
    if count == 1:
        return f" {word} {code(worst.id)}"
    return f" {word} {code(worst.id)} and {count - 1} more endpoint{'s' if count > 2 else ''}"
