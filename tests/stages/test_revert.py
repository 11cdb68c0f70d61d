"""Stage 5: what a failure forbids is a typed constraint that the evidence bears, or nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from auditor.measure.request import Request
from auditor.model.constraint import Constraint, KeepFalsy, KeepField, KeepOrder, NoCache, NoNewImport
from auditor.model.plan import Change
from auditor.model.trial import Verdict
from auditor.stages.answers.diagnosis import ConstraintDrafted, Diagnosis
from auditor.stages.answers.implementation import CandidateWritten, EditWritten
from auditor.stages.checking.edits import Ground, Written, written
from auditor.stages.failure import Failure, failing_requests, requests_text
from auditor.stages.revert import diagnose

APP = "shop/app.py"
FLASK = "from flask import Flask, request\n"
ENDPOINT = "GET /orders"
CHANGE = Change(
    id="C-1",
    title="x",
    endpoints=(ENDPOINT,),
    files=(APP,),
    risk="r",
    could_be_wrong="c",
    verify="v",
    rollback="b",
)
WORKLOAD = {
    "zero": Request(
        id="zero", path="/orders", query=(("above", "0"),), headers=(("Authorization", "Bearer s3cret"),)
    ),
    "ten": Request(id="ten", path="/orders", query=(("above", "10"),)),
}


def drafted(kind: str, **fields: Any) -> ConstraintDrafted:
    given = {"kind": kind, "modules": None, "scope": None, "parameter": None, "path": None, "endpoint": None}
    return ConstraintDrafted.model_validate(given | fields)


def diagnosis(constraint: ConstraintDrafted | None, following: str = "repair") -> Diagnosis:
    return Diagnosis.model_validate(
        {
            "cause": "0 meant no filter",
            "constraint": constraint,
            "next": following,
            "advice": "keep `if wanted`",
        }
    )


def failure(
    shop: Any, *, gate: str = "contract", text: str, replace: str = FLASK + "import threading\n"
) -> Failure:
    edit = EditWritten(file=APP, search=FLASK, replace=replace)
    made = written(
        CandidateWritten(idea="x", edits=[edit]), Ground(read=shop.read, tree="", files=(APP,)), change="C-1"
    )
    assert isinstance(made, Written)
    verdict = Verdict.model_validate(
        {
            "verdict": "reverted",
            "gate": gate,
            "text": text,
            "root_error": text,
            "culprit": ("imports threading",),
        }
    )
    return Failure(verdict=verdict, patch=made.patch, requests=failing_requests(verdict, WORKLOAD))


EMPTY = "`zero`: `$.orders` lacks `{...}`"
BORNE = [
    ("boot", "the worker died", drafted("no-new-import", modules=["threading"]), NoNewImport(modules=("threading",))),
    ("contract", EMPTY, drafted("keep-falsy", parameter="above", endpoint=ENDPOINT), KeepFalsy(parameter="above", endpoint=ENDPOINT)),
    ("contract", "`ten`: `$.orders[*].total` is missing, it was `3`", drafted("keep-field", path="$.orders[*].total", endpoint=ENDPOINT), KeepField(path="$.orders[*].total", endpoint=ENDPOINT)),
    ("contract", "`ten`: `$.orders` holds the same items in another order", drafted("keep-order", endpoint=ENDPOINT), KeepOrder(endpoint=ENDPOINT)),
    ("contract", "still reads as before `1`: what was written is not read", drafted("no-cache", endpoint=ENDPOINT), NoCache(endpoint=ENDPOINT)),
]  # fmt: skip


@pytest.mark.parametrize(("gate", "text", "said", "rule"), BORNE, ids=[said.kind for _, _, said, _ in BORNE])
def test_what_the_evidence_bears_is_learnt(
    shop: Any,
    wait: Callable[[Any], Any],
    gate: str,
    text: str,
    said: ConstraintDrafted,
    rule: object,
) -> None:
    desk, _ = shop.desk([diagnosis(said)])
    found = wait(diagnose(desk, CHANGE, failure(shop, gate=gate, text=text), (), shop.read))
    assert found.constraint is not None, found.dropped
    assert found.constraint.rule == rule
    assert found.constraint.origin == "learnt"
    assert found.constraint.because == "0 meant no filter"
    assert found.constraint.change == "C-1"


UNBORNE = [
    ("boot", "died", drafted("no-new-import"), "names no module"),
    ("boot", "died", drafted("no-new-import", modules=["asyncio"]), "did not import it"),
    ("contract", EMPTY, drafted("no-new-import", modules=["threading"]), "did not import it, or an import did not fail"),
    ("contract", EMPTY, drafted("no-module-level-code"), "nothing failed at import"),
    ("boot", "died", drafted("no-module-level-code"), "does not break it"),
    ("boot", "died", drafted("frozen-file"), "more than what has failed"),
    ("boot", "died", drafted("frozen-file", scope="shop/*"), "more than what has failed"),
    ("boot", "died", drafted("frozen-file", scope="shop/rates.py"), "does not break it"),
    ("contract", EMPTY, drafted("keep-falsy", parameter="page"), "no failing request"),
    ("contract", "`ten`: differs", drafted("keep-falsy", parameter="above"), "no failing request"),
    ("contract", EMPTY, drafted("keep-falsy"), "no constraint of the kind"),
    ("contract", EMPTY, drafted("keep-field", path="$.other"), "do not name this field"),
    ("contract", EMPTY, drafted("keep-order", endpoint=ENDPOINT), "no difference is one of order"),
    ("contract", EMPTY, drafted("keep-order", endpoint="GET /elsewhere"), "no endpoint of the change"),
    ("contract", EMPTY, drafted("keep-order"), "no constraint of the kind"),
    ("contract", EMPTY, drafted("no-cache", endpoint=ENDPOINT), "nothing was stale"),
]  # fmt: skip


@pytest.mark.parametrize(("gate", "text", "said", "why"), UNBORNE, ids=range(len(UNBORNE)))
def test_what_it_does_not_bear_is_not_kept(
    shop: Any,
    wait: Callable[[Any], Any],
    gate: str,
    text: str,
    said: ConstraintDrafted,
    why: str,
) -> None:
    desk, _ = shop.desk([diagnosis(said)])
    found = wait(diagnose(desk, CHANGE, failure(shop, gate=gate, text=text), (), shop.read))
    assert found.constraint is None
    assert why in found.dropped


def test_nothing_is_a_right_answer_and_what_holds_is_not_learnt_twice(
    shop: Any, wait: Callable[[Any], Any]
) -> None:
    desk, _ = shop.desk([diagnosis(None, "give-up"), diagnosis(BORNE[1][2])])
    found = wait(diagnose(desk, CHANGE, failure(shop, text=EMPTY), (), shop.read))
    assert (found.constraint, found.dropped, found.gives_up) == (None, "", True)
    known = Constraint(rule=KeepFalsy(parameter="above", endpoint=ENDPOINT), origin="user", because="said so")
    found = wait(diagnose(desk, CHANGE, failure(shop, text=EMPTY), (known,), shop.read))
    assert (found.constraint, found.dropped) == (None, "it holds already")


def test_the_exact_failing_request_is_told_without_who_sent_it(shop: Any, wait: Callable[[Any], Any]) -> None:
    desk, said = shop.desk([diagnosis(None)])
    wait(diagnose(desk, CHANGE, failure(shop, text=EMPTY), (), shop.read))
    told = "\n".join(block.text for block in said.requests[0].turns[-1].blocks)
    assert "zero: GET /orders" in told
    assert "query above = '0'" in told
    assert "s3cret" not in told
    assert "ten: GET" not in told
    assert requests_text(()) == "no single request is known to be at fault"


def test_requests_that_differ_in_another_way_come_before_more_of_the_same() -> None:
    names = [f"r{n}" for n in range(5)]
    workload = {name: Request(id=name, path="/orders") for name in names}
    same = [f"`{name}`: header `etag` was `a` and is `b`" for name in names[:4]]
    verdict = Verdict(
        verdict="reverted",
        gate="contract",
        text=same[0],
        root_error="\n".join([*same, "`r4`: header `etag` was `a` and is `c`", "`gone`: the status differs"]),
    )
    assert [one.id for one in failing_requests(verdict, workload)] == ["r0", "r4", "r1"]
