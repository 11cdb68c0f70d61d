"""The bundled remedies: complete, fillable, and free of circles."""

from dataclasses import replace

import pytest

from auditor.rules import rule_infos
from auditor.stages.planning.remedies import bundled_remedies, bundled_titles
from auditor.stages.planning.remedy import Remedy, Words
from auditor.stages.planning.wording import filled

WORDS = Words(
    ask="Request `GET /x`",
    subjects="`author`",
    operations="queries",
    function="`f()`",
    rows="`spaces`",
    endpoint="`GET /x`",
    on=" for `GET /x`",
    of=" of `GET /x`",
)


@pytest.mark.parametrize("remedy", bundled_remedies(), ids=lambda remedy: remedy.name)
def test_every_sentence_can_be_filled(remedy: Remedy) -> None:
    sentences = [*remedy.steps, *remedy.verify, remedy.risk, remedy.wrong, remedy.rollback]
    for sentence in sentences:
        assert filled(sentence, WORDS).endswith((".", "?"))
        assert "\n" not in sentence
    title = filled(remedy.title, WORDS)
    assert "{" not in title
    assert not title.endswith(".")


@pytest.mark.parametrize("remedy", bundled_remedies(), ids=lambda remedy: remedy.name)
def test_a_check_names_a_request_and_an_edge(remedy: Remedy) -> None:
    assert len(remedy.verify) >= 1
    assert any("{ask}" in check or "{endpoint}" in check for check in remedy.verify)


def test_no_rule_has_two_remedies() -> None:
    rules = [rule for remedy in bundled_remedies() for rule in remedy.rules]
    assert len(rules) == len(set(rules)) == 19


def test_a_remedy_needs_only_those_before_it() -> None:
    names = [remedy.name for remedy in bundled_remedies()]
    for remedy in bundled_remedies():
        assert all(names.index(need) < names.index(remedy.name) for need in remedy.needs)


def test_every_rule_without_a_remedy_has_a_title() -> None:
    treated = {rule for remedy in bundled_remedies() for rule in remedy.rules}
    assert set(bundled_titles()) == {rule.id for rule in rule_infos()} - treated


@pytest.mark.parametrize("rule", sorted(bundled_titles()))
def test_a_title_can_be_filled_with_names_and_without(rule: str) -> None:
    wording = {"unnamed": "what {function} does"} | bundled_titles()[rule]
    unnamed = wording["unnamed"].format(function=WORDS.function)
    for words in (WORDS, replace(WORDS, subjects=unnamed, on="")):
        title = filled(wording["title"], words)
        assert title[0].isupper()
        assert not title.endswith(".")
        assert title.count(WORDS.function) <= 1
