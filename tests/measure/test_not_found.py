"""Hosts that requests looked up in vain: named with their port and the line."""

from auditor.measure.answer import Answer
from auditor.measure.exchange import Exchange
from auditor.measure.probe_values import ProbeEffect, ProbeFrame, ProbeRecord
from auditor.measure.request import Request
from auditor.measure.worth import doubts

HERE = (ProbeFrame("app/rates.py", 12, "rate"),)


def asked(name: str, *effects: ProbeEffect) -> Exchange:
    answer = Answer(ending="answered", status=200, body=b"[1]", body_bytes=3)
    return Exchange(
        request=Request(id=name, path="/"), answer=answer, record=ProbeRecord(name, 7, effects=effects)
    )


def looked_up(host: str, **detail: object) -> ProbeEffect:
    return ProbeEffect("resolve", "getaddrinfo", host, stack=HERE, detail=detail)


def test_what_was_found_and_what_is_no_lookup_is_not_told() -> None:
    call = ProbeEffect("http", "GET", "http://rates.example/", detail={"error": "gaierror"})
    assert doubts([asked("a", looked_up("crm.internal", port=8085), call)]) == ()


def test_each_host_and_port_is_told_once_with_its_line() -> None:
    rates = looked_up("rates.example", port=443, error="gaierror")
    mail = looked_up("mail.example", port=25, error="gaierror")
    said = doubts([asked("a", rates, rates), asked("b", rates, mail)])
    assert [line.partition(":  ")[0].split(" (")[0] for line in said] == [
        "Nobody answers at `rates.example:443`, which 2 requests looked up, `a` first",
        "Nobody answers at `mail.example:25`, which 1 request looked up, `b` first",
    ]
    assert "(app/rates.py:12)" in said[0]
    assert ["https_proxy" in line for line in said] == [True, False]


def test_of_many_only_the_first_are_told() -> None:
    many = [looked_up(f"h{number}.example", error="gaierror") for number in range(9)]
    said = doubts([asked("a", *many)])
    assert len(said) == 6
    assert said[-1] == "4 more hosts were looked up in vain."
