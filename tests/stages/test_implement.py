"""Stage 4: edits become patches only if they fit, stay inside the change, parse, and keep what was learnt."""

from collections.abc import Callable
from typing import Any

import pytest

from auditor.model.constraint import Constraint, NoNewImport
from auditor.model.plan import Change
from auditor.model.trial import Verdict
from auditor.stages.answers.implementation import CandidateWritten, CrossCheck, EditWritten, Implementation
from auditor.stages.checking.edits import Ground, Written, without_copies, written
from auditor.stages.failure import Failure
from auditor.stages.implement import again, implement

APP = "shop/app.py"
QUERY = "        found = session.query(Order).order_by(Order.id).all()\n"
JOINED = "        found = session.query(Order).options(joinedload(Order.customer)).order_by(Order.id).all()\n"
IMPORT = "from shop.models import Order\n"
LOADING = "from sqlalchemy.orm import joinedload\n"
HOISTED = "        rate = rates.current(session)\n        return {"
SAME = CrossCheck(checked=["orders[].customer", "above=0"], differences=[])


def edits(*pairs: tuple[str, str], path: str = APP, idea: str = "one join") -> CandidateWritten:
    return CandidateWritten(
        idea=idea, edits=[EditWritten(file=path, search=old, replace=new) for old, new in pairs]
    )


def given(
    *candidates: CandidateWritten, impossible: str | None = None, more: tuple[str, ...] = ()
) -> Implementation:
    return Implementation(candidates=list(candidates), impossible=impossible, more_code=list(more))


EAGER = edits((QUERY, JOINED), (IMPORT, LOADING + IMPORT))


def ground(shop: Any, **changed: Any) -> Ground:
    return Ground(**({"read": shop.read, "tree": "", "files": (APP,)} | changed))


@pytest.fixture
def change(shop: Any) -> Change:
    return Change(
        id="C-1", title="Load customers with the orders", endpoints=("GET /orders",), files=(APP,),
        findings=(shop.finding("lazy-load-in-loop").id,), expected={"sql": "orders → 1"}, risk="memory",
        could_be_wrong="no", verify="count", rollback="revert",
    )  # fmt: skip


def test_edits_that_fit_are_a_patch_of_what_they_say(shop: Any) -> None:
    made = written(EAGER, ground(shop), change="C-1")
    assert isinstance(made, Written)
    (file,) = made.files
    assert file.after.decode() == shop.read(APP).decode().replace(QUERY, JOINED).replace(
        IMPORT, LOADING + IMPORT
    )


@pytest.mark.parametrize(
    "path", ["/srv/checkout/shop/app.py", "./shop/app.py", "b/shop/app.py", r"C:\build\shop\app.py"]
)
def test_a_file_may_be_named_by_another_way_to_the_root(shop: Any, path: str) -> None:
    made = written(edits((QUERY, JOINED), path=path), ground(shop), change="C-1")
    assert isinstance(made, Written)
    assert made.patch.files == ("shop/app.py",)


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (edits(), "1 to 200 edits"),
        (edits((QUERY, QUERY)), "changes nothing"),
        (edits(("        found = session.query(Orders)", "x")), "the nearest line is"),
        (edits(("    ", "")), "blank"),
        (edits(("order", "o")), "more than once"),
        (edits(("session", "s")), "'session' begins in lines "),
        (edits((QUERY, JOINED + ")")), "line "),
        (edits((QUERY, "        found = [\n")), "never closed"),
        (edits((QUERY, JOINED), path="shop/rates.py"), "no file of this change"),
        (edits((QUERY, JOINED), path="../shop/app.py"), "no file of this change"),
        (edits((QUERY, JOINED), path=".github/workflows/ci.yml"), "no file of this change"),
        (edits((QUERY, QUERY + "        import os; os.system('x')\n")), "uses `os.system`"),
        (edits((IMPORT, "import subprocess\n" + IMPORT)), "imports `subprocess`"),
        (edits((QUERY, QUERY + "        eval('1')\n")), "calls `eval`"),
        (edits((QUERY, QUERY + "        # \u202e secret\n")), "direction of text"),
        (edits((QUERY, QUERY + "".join(f"        x{n} = 1\n" for n in range(500)))), "adds 500 lines"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_reason_to_act_on(
    shop: Any, candidate: CandidateWritten, said: str
) -> None:
    made = written(candidate, ground(shop), change="C-1")
    assert isinstance(made, list)
    assert any(said in problem for problem in made), made


def test_what_was_learnt_is_held_against_the_patch_before_it_is_tried(shop: Any) -> None:
    learnt = Constraint(
        rule=NoNewImport(modules=("sqlalchemy.orm",)), origin="learnt", because="the worker died"
    )
    made = written(EAGER, ground(shop, constraints=(learnt,)), change="C-1")
    assert isinstance(made, list)
    assert "the worker died" in made[0]


def test_a_gutter_that_was_copied_does_no_harm(shop: Any) -> None:
    line = shop.line(APP, "found = session.query(Order)")
    made = written(
        edits((f"{line:>4}| {QUERY.rstrip()}", JOINED.rstrip()), (IMPORT, LOADING + IMPORT)),
        ground(shop),
        change="C-1",
    )
    assert isinstance(made, Written)


def test_near_copies_are_one_candidate(shop: Any) -> None:
    def made(candidate: CandidateWritten) -> Written:
        one = written(candidate, ground(shop), change="C-1")
        assert isinstance(one, Written)
        return one

    renamed = edits((QUERY, JOINED.replace("  found", "  found ")), (IMPORT, LOADING + IMPORT))
    other = edits((QUERY, QUERY.replace(".all()", ".limit(50).all()")))
    kept, left_out = without_copies([made(EAGER), made(renamed), made(other), made(EAGER)])
    assert len(kept) == 2
    assert left_out == 2


def test_a_patch_is_cross_checked_before_it_is_handed_over(
    shop: Any, change: Change, wait: Callable[[Any], Any]
) -> None:
    desk, said = shop.desk([given(EAGER), SAME])
    made = wait(implement(desk, change, shop.findings, ground(shop)))
    assert len(made.candidates) == 1
    assert [request.task for request in said.requests] == ["implement", "crosscheck"]
    first, second = said.requests
    assert second.turns[: len(first.turns)] == first.turns
    assert set(desk.used) == {"common", "implement", "crosscheck"}


def test_what_the_cross_check_finds_is_written_anew(
    shop: Any, change: Change, wait: Callable[[Any], Any]
) -> None:
    limited = edits((QUERY, QUERY.replace(".all()", ".limit(50).all()")))
    differs = CrossCheck(checked=["orders"], differences=["more than 50 orders lose their end"])
    desk, said = shop.desk([given(limited), differs, given(EAGER)])
    made = wait(implement(desk, change, shop.findings, ground(shop)))
    assert "joinedload" in made.candidates[0].patch.model_dump_json()
    assert [request.task for request in said.requests] == ["implement", "crosscheck", "differs"]


def test_an_answer_that_does_not_fit_is_repaired_before_anything_is_run(
    shop: Any, change: Change, wait: Callable[[Any], Any]
) -> None:
    wrong = given(edits(("        found = session.query(Orders)", "x")))
    desk, said = shop.desk([wrong, given(EAGER), SAME])
    made = wait(implement(desk, change, shop.findings, ground(shop)))
    assert len(made.candidates) == 1
    assert any("does not hold" in block.text for block in said.requests[1].turns[-1].blocks)


def test_what_can_not_be_done_is_said(shop: Any, change: Change, wait: Callable[[Any], Any]) -> None:
    desk, _ = shop.desk([given(impossible="each order may have another rate")])
    made = wait(implement(desk, change, shop.findings, ground(shop)))
    assert made.candidates == ()
    assert made.reason == "each order may have another rate"


@pytest.mark.parametrize("culprit", [(), ("adds `joinedload` to shop/app.py",)])
def test_the_next_attempt_goes_on_where_the_first_stopped(
    shop: Any,
    change: Change,
    wait: Callable[[Any], Any],
    culprit: tuple[str, ...],
) -> None:
    other = given(edits((QUERY, QUERY.replace(".all()", ".populate_existing().all()")), idea="another way"))
    desk, said = shop.desk([given(EAGER), SAME, other, SAME])
    first = wait(implement(desk, change, shop.findings, ground(shop)))
    verdict = Verdict(
        verdict="reverted", gate="boot", text="the worker died", root_error="Refused: x", culprit=culprit
    )
    failure = Failure(verdict=verdict, patch=first.candidates[0].patch, thought="It loads the order twice.")
    learnt = Constraint(
        rule=NoNewImport(modules=("sqlalchemy.orm",)), origin="learnt", because="the worker died"
    )
    held = ground(shop, constraints=(learnt,))
    second = wait(again(desk, change, held, first, failure, slow="target: 500 ms"))
    assert len(second.candidates) == 1
    request = said.requests[2]
    assert request.task == ("culprit" if culprit else "repair")
    assert request.turns[: len(said.requests[0].turns)] == said.requests[0].turns
    told = "\n".join(block.text for block in request.turns[-1].blocks)
    assert "Refused: x" in told
    assert "It loads the order twice." in told
    assert "As fast as possible, within what was learnt" in told
    assert "no-new-import" in told
    assert all(text in told for text in culprit)
