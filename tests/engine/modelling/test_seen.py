"""What a model is told of the statements that requests were seen to run."""

from collections import Counter

from auditor.engine.modelling.seen import MOST_ALIKE, MOST_DIFFERENT, seen_text
from auditor.measure.request import Request

BOATS = Request(id="boats", path="/boats", query=(("q", "sea"), ("page", "2")), identity="ada")
COLUMNS = ", ".join(f"visits.column_{n} AS visits_column_{n}" for n in range(9))


def test_requests_stand_as_they_are_sent_with_their_statements_the_most_frequent_first() -> None:
    statements = {
        "boats": Counter({"SELECT boats.id FROM boats": 1, f"SELECT {COLUMNS} FROM visits WHERE a = ?": 7})
    }
    assert seen_text(["boats"], statements, {"boats": BOATS}).split("\n") == [
        "GET /boats?q=sea&page=2 as ada: 8 statements",
        "  7 x SELECT … FROM visits WHERE a = ?",
        "  1 x SELECT boats.id FROM boats",
    ]


def test_what_a_statement_computes_is_told() -> None:
    text = f"SELECT count(visits.id), {COLUMNS} FROM visits"
    assert f"1 x {text[:60]}" in seen_text(["boats"], {"boats": {text: 1}}, {"boats": BOATS})


def test_the_costliest_requests_are_told_and_the_others_counted() -> None:
    names = [f"r{n}" for n in range(MOST_DIFFERENT + 2)]
    requests = {name: Request(id=name, path=f"/{name}") for name in names}
    told = seen_text(names, {name: {"SELECT 1": n} for n, name in enumerate(names, 3)}, requests)
    assert told.startswith("GET /r5: 8 statements\n")
    assert told.endswith("and 2 more requests, down to 3 statements")


def test_nothing_is_told_where_nothing_was_counted() -> None:
    assert seen_text(["gone"], {"gone": {}}, {}) == ""
    assert seen_text([], {}, {}) == ""


def test_requests_that_ask_the_same_are_told_together() -> None:
    names = [f"r{n}" for n in range(MOST_ALIKE + 3)]
    told = seen_text(
        names,
        {name: {"SELECT 1": 2} for name in names},
        {name: Request(id=name, path=f"/{name}") for name in names},
    )
    assert told.split("\n")[:2] == ["GET /r0: 2 statements", "  the same for GET /r1"]
    assert told.endswith("  and for 2 more\n  2 x SELECT 1")
