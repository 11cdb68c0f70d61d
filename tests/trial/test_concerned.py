from auditor.trial.concerned import concerned
from auditor.trial.constraints.edited import Edited

FILE = Edited("app.py", b"def f():\n    return 1\n", b"def f():\n    return 2\n")
SCHEMA = Edited("app.py", b"X = 1\n", b"X = 2\n")
RAN = {
    "list all": {"app.py": frozenset({2})},
    "list one": {"app.py": frozenset({2})},
    "other": {"app.py": frozenset({9}), "b.py": frozenset({2})},
}
COUNTS = {"list all": {"sql": 1, "rows": 90}, "list one": {"sql": 1, "rows": 1}, "other": {"sql": 500}}
ENDPOINTS = {"list all": "GET /list", "list one": "GET /list", "other": "GET /other"}


def endpoint_of(request: str) -> str:
    return ENDPOINTS[request]


def test_who_does_not_run_it_is_not_concerned() -> None:
    (found,) = concerned((FILE,), RAN, COUNTS, endpoint_of)
    assert (found.endpoint, found.heaviest, found.lightest) == ("GET /list", "list all", "list one")


def test_what_runs_at_import_concerns_all_the_heaviest_first() -> None:
    assert [one.endpoint for one in concerned((SCHEMA,), RAN, COUNTS, endpoint_of)] == [
        "GET /other",
        "GET /list",
    ]


def test_what_was_won_for_comes_first_and_alone_where_no_function_is_changed() -> None:
    first = {"GET /list"}
    assert [one.endpoint for one in concerned((SCHEMA,), RAN, COUNTS, endpoint_of, first=first)] == [
        "GET /list"
    ]
    assert [one.endpoint for one in concerned((FILE,), RAN, COUNTS, endpoint_of, first={"GET /other"})] == [
        "GET /other",
        "GET /list",
    ]


def test_requests_that_may_not_be_repeated_stand_for_nothing() -> None:
    (found,) = concerned((FILE,), RAN, COUNTS, endpoint_of, only={"list one"})
    assert found.heaviest == found.lightest == "list one"
    assert concerned((FILE,), RAN, COUNTS, endpoint_of, only=set()) == ()
