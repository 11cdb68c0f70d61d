"""An answer that is an error of the server is told with what was raised, and nothing else is."""

from auditor.measure.answer import Answer
from auditor.measure.exchange import Exchange
from auditor.measure.records import ProbeError, ProbeFrame, ProbeRecord
from auditor.measure.request import Request
from auditor.trial.gates.raised import raised

WHERE = (
    ProbeFrame("shop/app.py", 3, "shop.app.orders"),
    ProbeFrame("shop/rates.py", 9, "shop.rates.current"),
)
KEY = ProbeError("KeyError", "\n 'rate'", WHERE)


def exchange(name: str, status: int, *errors: ProbeError) -> Exchange:
    record = ProbeRecord(request=name, pid=1, errors=errors)
    return Exchange(
        request=Request(id=name, path="/"), answer=Answer(ending="answered", status=status), record=record
    )


def test_errors_of_others_and_those_that_became_an_answer_are_left_out() -> None:
    fine = [exchange("all", 200, KEY), exchange("none", 404, KEY), exchange("not asked", 500, KEY)]
    assert raised([*fine, exchange("silent", 500)], ["all", "none", "silent"]) == ()


def test_one_error_is_told_once_with_its_place() -> None:
    failing = [exchange("first", 500, KEY), exchange("second", 500, KEY)]
    assert raised(failing, ["first", "second"]) == (
        "`first`: KeyError: 'rate' at shop/rates.py:9 in shop.rates.current",
    )


def test_a_few_are_told_and_none_at_length() -> None:
    many = [exchange(str(n), 503, ProbeError("ValueError", f"{n}" * 1000, ())) for n in range(9)]
    told = raised(many, [str(n) for n in range(9)])
    assert len(told) == 3
    assert max(map(len, told)) < 320
