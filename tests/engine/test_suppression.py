from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from auditor.engine.suppression import Judged, silence
from auditor.model.report import Evidence, Finding
from auditor.model.severity import Severity
from auditor.repo.snapshot import open_snapshot

Tree = Callable[[Mapping[str, str]], Path]
RULES = ("call-in-loop", "query-in-loop")


def finding(line: int, end_line: int, rule: str = "query-in-loop") -> Finding:
    return Finding(
        id="F-1",
        rule=rule,
        title="t",
        file="app.py",
        line=line,
        end_line=end_line,
        function="app.f",
        severity=Severity.LOW,
        confidence=1,
        evidence=(Evidence(kind="code", text="x"),),
    )


def judge(tree: Tree, source: str, line: int, end_line: int) -> Judged:
    """The comments as the index would list them: every line that holds one."""
    ignores = tuple(
        (
            number,
            tuple(rule for rule in text.split("[")[1].split("]")[0].split(",") if rule),
            text.split("]")[1].strip(),
        )
        for number, text in enumerate(source.split("\n"), start=1)
        if "auditor: ignore" in text
    )
    with open_snapshot(tree({"app.py": source})) as snapshot:
        return silence([finding(line, end_line)], {"app.py": ignores}, snapshot, rules=RULES)


@pytest.mark.parametrize(
    "source",
    [
        "x = 1  # auditor: ignore[query-in-loop] of the line above\nf(x)\n",
        "f(x)\nf(x)\n# auditor: ignore[query-in-loop] below it\n",
        "x = 1\nf(x)  # auditor: ignore[call-in-loop] another rule\n",
        "x = 1\nf(x)  # auditor: ignore[query-in-loop]\n",
        "x = 1\nf(x)\n",
    ],
)
def test_a_comment_that_does_not_speak_for_the_statement_silences_nothing(tree: Tree, source: str) -> None:
    judged = judge(tree, source, 2, 2)
    assert (len(judged.kept), judged.silenced) == (1, 0)


@pytest.mark.parametrize(
    "source",
    [
        "x = 1\nf(x)  # auditor: ignore[query-in-loop] three at most\n",
        "x = 1\nf(x)  # auditor: ignore[call-in-loop,query-in-loop] three at most\n",
        "x = 1\nf(x)  # auditor: ignore[] three at most\n",
        "# auditor: ignore[query-in-loop] three at most\nf(x)\n",
        "    # auditor: ignore[query-in-loop] three at most\nf(x)\n",
    ],
)
def test_a_comment_in_the_statement_or_alone_above_it_silences(tree: Tree, source: str) -> None:
    judged = judge(tree, source, 2, 2)
    assert (judged.kept, judged.silenced, judged.notes) == ((), 1, ())


def test_a_comment_in_any_line_of_the_statement_counts(tree: Tree) -> None:
    source = "f(\n    a,  # auditor: ignore[query-in-loop] three at most\n)\n"
    assert judge(tree, source, 1, 3).silenced == 1


def test_a_comment_without_a_reason_is_noted(tree: Tree) -> None:
    judged = judge(tree, "x = 1\nf(x)  # auditor: ignore[query-in-loop]\n", 2, 2)
    assert judged.notes == ("The comment at `app.py:2` silences nothing: it gives no reason.",)


def test_a_comment_for_no_rule_is_noted_with_the_nearest(tree: Tree) -> None:
    judged = judge(tree, "x = 1\nf(x)  # auditor: ignore[query-in-lop] three at most\n", 2, 2)
    assert judged.silenced == 0
    assert judged.notes == (
        "The comment at `app.py:2` names `query-in-lop`, which is no rule; did you mean 'query-in-loop'?",
    )
