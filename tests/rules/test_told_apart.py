"""Ids of findings, where two applications have functions of the same name that do the same."""

from auditor.model.report import Evidence, Finding
from auditor.model.severity import Severity
from auditor.rules import told_apart


def finding(name: str, file: str) -> Finding:
    return Finding(
        id=name,
        rule="query-in-loop",
        title="t",
        file=file,
        line=1,
        end_line=1,
        function="core.views.entries",
        severity=Severity.HIGH,
        confidence=0.9,
        evidence=(Evidence(kind="code", text="x"),),
    )


def test_ids_of_their_own_stay_as_they_are() -> None:
    found = (finding("F-1", "a.py"), finding("F-2", "b.py"))
    assert told_apart(found) == found


def test_of_the_same_id_the_first_keeps_it_and_the_others_are_named_after_their_files() -> None:
    same = [finding("F-1", name) for name in ("a.py", "b.py", "b.py", "c.py")]
    first, *others = (one.id for one in told_apart(same))
    assert first == "F-1"
    assert len({first, *others}) == 4
    assert [one.id for one in told_apart([same[0], same[3]])][1] == others[2]
