"""What broke after the merge, found among changes that were kept, on a target that is really booted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.engine.fixing.asking import added_requests
from auditor.engine.fixing.blame import Blamed, BlameRequest, blame
from auditor.engine.fixing.fix import Fixed
from auditor.engine.fixing.request import FixRequest
from auditor.engine.request import Notes
from auditor.measure.request import Request
from auditor.model.constraint import KeepFalsy
from auditor.model.fault import Fault
from auditor.trial.memory import Memory
from auditor.trial.trees import TreeStore

pytestmark = pytest.mark.long

Patching = Callable[..., Path]
Trying = Callable[..., Fixed]

LOG = """[2026-11-22 07:40:01 +0000] [7] [INFO] Booting worker with pid: 7
10.0.0.1 - - [22/Nov/2026:07:40:02 +0000] "GET /names?limit=0 HTTP/1.1" 500 265 "-" "curl/8"
10.0.0.1 - - [22/Nov/2026:07:40:03 +0000] "POST /orders HTTP/1.1" 500 265 "-" "curl/8"
"""
TRACEBACK = """[2026-11-22 07:40:02,100] ERROR in app: Exception while consuming a message
Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/flask/app.py", line 1473, in wsgi_app
    response = self.full_dispatch_request()
  File "/srv/shop/releases/12/app.py", line LINE, in teams
    found.append({"name": row["name"], "person": people[row["person"]]})
KeyError: 7
"""


def test_the_change_is_found_by_a_request_and_what_is_left_of_it_lands(
    shelf: FixRequest, patch: Patching, tried: Trying, notes_of_module: Notes
) -> None:
    fixed = tried(patch("people"), patch("names"), patch("teams"))
    assert [one.change for one in fixed.ledger.kept] == ["C-people", "C-names", "C-teams"]
    request = replace(shelf, workload=None)  # days later: the run knows what it asked

    def ask(*requests: Request, log: str = "", dry_run: bool = False) -> Blamed:
        return blame(BlameRequest(fix=request, requests=requests, log=log, dry_run=dry_run), notes_of_module)

    # An error that nothing can show again: who wrote the line is said, and nothing is taken out.
    store_line = _line_in_known_good(fixed, 'people[row["person"]]')
    done = ask(log=TRACEBACK.replace("LINE", str(store_line)))
    assert done.change is None
    assert [(one.change, one.why) for one in done.suspects] == [
        ("C-teams", "line"),
        ("C-names", "file"),
        ("C-people", "file"),
    ]
    assert "KeyError: 7 (app.py:" in done.told[0]

    # What fails before the first change is nobody's fault here.
    done = ask(Request(id="gone", path="/nothing"))
    assert done.change is None
    assert done.told == ("the baseline answers 404 to GET /nothing: is what it asks for there?",)

    # The log names a request: asked again, it shows the change; the rest of the log can't be asked.
    done = ask(log=LOG, dry_run=True)
    assert done.change == "C-names"
    assert any("POST /orders, which can't be asked again" in text for text in done.told)
    assert len(done.ledger.kept) == 3

    done = ask(Request(id="names", path="/names"))
    assert done.change == "C-names"
    assert done.failure is not None
    assert done.failure.gate == "contract"
    assert [(one.change, one.verdict.verdict) for one in done.settled] == [
        ("C-names", "kept"),
        ("C-teams", "kept"),
    ]
    assert [one.rule for one in done.learnt] == [KeepFalsy(parameter="limit", endpoint="GET /names")]
    names = next(one for one in done.ledger.kept if one.change == "C-names")
    assert "found[:limit])" not in names.patch.model_dump_json()
    assert [one.change for one in done.ledger.kept] == ["C-people", "C-names", "C-teams"]

    # It is asked of every tree from now on, and what was learnt is held against the next run.
    folder = Memory(fixed.folder.parent.parent).folder
    assert {one.path for one in added_requests(folder)} == {"/nothing", "/names"}
    following = tried(patch("names"))
    assert following.ledger.failed == ()  # what is known to fail was not run
    assert [one.patch for one in following.ledger.kept] != []
    assert "found[:limit])" not in following.ledger.kept[0].patch.model_dump_json()


def _line_in_known_good(fixed: Fixed, text: str) -> int:
    assert fixed.ledger.known_good is not None
    store = TreeStore(fixed.folder.parent.parent / "trees.git")
    content = store.read(fixed.ledger.known_good, "app.py")
    assert content is not None
    return 1 + next(at for at, line in enumerate(content.decode().splitlines()) if text in line)


def test_where_nothing_was_kept_nothing_is_at_fault(shelf: FixRequest, notes_of_module: Notes) -> None:
    with pytest.raises(Fault, match="no run has kept anything"):
        blame(BlameRequest(fix=shelf, log="x"), notes_of_module)
