"""Which remedy treats the findings of a rule: one of `remedies.toml`, else what the rule's page says under a title of `titles.toml`."""

import tomllib
from functools import cache
from importlib.resources import files

from auditor.model.rule import RuleInfo
from auditor.stages.planning.remedy import Remedy


@cache
def bundled_remedies() -> tuple[Remedy, ...]:
    """The remedies of `remedies.toml`, in its order."""
    tables = tomllib.loads((files(__package__) / "remedies.toml").read_text("utf-8"))
    return tuple(Remedy(name=name, **table) for name, table in tables.items())


@cache
def bundled_titles() -> dict[str, dict[str, str]]:
    """The titles of `titles.toml` by rule, each as the fields of a `Remedy`."""
    tables: dict[str, dict[str, str]] = tomllib.loads((files(__package__) / "titles.toml").read_text("utf-8"))
    return tables


def remedy_for(rule: RuleInfo) -> Remedy:
    """The remedy for the findings of `rule`."""
    bundled = (remedy for remedy in bundled_remedies() if rule.id in remedy.rules)
    return next(bundled, None) or _from_page(rule)


def _from_page(rule: RuleInfo) -> Remedy:
    instead = _sentence(rule.section("Instead"))
    verify = _sentence(rule.section("How to verify"))
    wording = {
        "title": f"Treat {_literal(rule.title)}: {{subjects}}{{on}}",
        "unnamed": "what {function} does",
    } | bundled_titles().get(rule.id, {})
    return Remedy(
        name=rule.id,
        rules=(rule.id,),
        sharing="function",
        after="same",
        effort="medium",
        title=wording["title"],
        unnamed=wording["unnamed"],
        steps=(instead or f"Follow the page of the rule: `auditor rules {rule.id}`.",),
        risk="Behaviour at the edges can change; compare answers field by field.",
        verify=(verify or "{ask}: the cost falls, the answer is equal.",),
        wrong=_sentence(rule.section("When it does not matter")) or "The code is rarely reached.",
    )


def _sentence(markdown: str) -> str:
    """The first paragraph of prose as one line, safe to be used as a template."""
    paragraphs = (" ".join(block.split()) for block in markdown.split("\n\n"))
    prose = (block for block in paragraphs if block and not block.startswith(("```", "|", "#")))
    return _literal(next(prose, ""))


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
