import pytest

from auditor.engine.selection import check_rules, matching_endpoints
from auditor.model.fault import Fault

KNOWN = (
    "GET /api/spaces",
    "GET /api/spaces/{id}",
    "POST /api/spaces",
    "TASK app.tasks.sync",
    "GET /",
    "QUERY me",
)


@pytest.mark.parametrize(
    "name", ["GET /api/space", "PUT /api/spaces", "/nothing", "", "TASK app.tasks.other", "GET"]
)
def test_a_name_that_matches_nothing_is_a_fault(name: str) -> None:
    with pytest.raises(Fault, match="there is no endpoint"):
        matching_endpoints([name], KNOWN)


def test_the_nearest_is_offered() -> None:
    with pytest.raises(Fault) as caught:
        matching_endpoints(["GET /api/spcaes"], KNOWN)
    assert caught.value.hint == "did you mean 'GET /api/spaces'?"


def test_where_nothing_is_near_the_command_that_lists_them_is() -> None:
    with pytest.raises(Fault) as caught:
        matching_endpoints(["zzzzzzzzzzzzz"], KNOWN)
    assert "auditor routes" in caught.value.hint


def test_without_endpoints_it_says_so() -> None:
    with pytest.raises(Fault, match="no endpoint was found"):
        matching_endpoints(["GET /x"], [])


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("GET /api/spaces", {"GET /api/spaces"}),
        ("get /api/spaces/", {"GET /api/spaces"}),
        ("/api/spaces", {"GET /api/spaces", "POST /api/spaces"}),
        ("GET /api/spaces/{space_id}", {"GET /api/spaces/{id}"}),
        ("GET /api/spaces/<int:pk>", {"GET /api/spaces/{id}"}),
        ("/", {"GET /"}),
        ("TASK app.tasks.sync", {"TASK app.tasks.sync"}),
        ("app.tasks.sync", {"TASK app.tasks.sync"}),
    ],
)
def test_names_and_what_they_mean(name: str, ids: set[str]) -> None:
    assert matching_endpoints([name], KNOWN) == ids


def test_several_names_add_up() -> None:
    assert matching_endpoints(["GET /", "QUERY me"], KNOWN) == {"GET /", "QUERY me"}


def test_known_rules_pass() -> None:
    check_rules(["a-rule"], ["a-rule", "b-rule"], where="--rule")


def test_an_unknown_rule_names_the_nearest_and_where_it_stands() -> None:
    with pytest.raises(Fault) as caught:
        check_rules(["a-rule", "query-in-lop"], ["a-rule", "query-in-loop"], where="auditor.toml")
    assert (caught.value.where, caught.value.hint) == ("auditor.toml", "did you mean 'query-in-loop'?")


def test_a_path_of_several_applications_means_all_of_them_unless_one_is_named() -> None:
    known = ("GET /entries (services/blog)", "GET /entries (services/shop)", "GET /other")
    assert matching_endpoints(["GET /entries/"], known) == set(known[:2])
    assert matching_endpoints(["/entries (services/shop)"], known) == {known[1]}
