from types import SimpleNamespace
from typing import Any

import pytest

from auditor.index.values import UNKNOWN, Many, Query, Site
from auditor.rules.mostly_one import SURE, doubt

ACCOUNT: Any = SimpleNamespace(
    columns={
        "number": SimpleNamespace(unique=True),
        "city": SimpleNamespace(unique=False),
        "email": SimpleNamespace(unique=False),
    }
)


def loop(*filters: tuple[str, str], in_memory: bool = False) -> Any:
    query = Query("django", ACCOUNT, Site(None, None, 1, 1, 1), filters=filters)  # type: ignore[arg-type]  # no place is asked for
    return SimpleNamespace(over=Many(UNKNOWN, None, source=query) if in_memory else query)


@pytest.mark.parametrize(
    "filters",
    [
        (),
        (("city", "exact"),),
        (("number", "not"),),
        (("number", "in"),),
        (("email", "or"),),
        (("owner.email", "exact"),),
        (("foreign_key", "exact"),),
        (("country_code", "exact"),),
        (("slugs", "exact"),),
        (("monkey", "exact"),),
    ],
)
def test_rows_that_may_be_many_cost_no_confidence(filters: tuple[tuple[str, str], ...]) -> None:
    assert doubt([loop(*filters)]) == 0


@pytest.mark.parametrize(
    "name", ["email", "work_email", "username", "activation_key", "uuid", "file_hash", "token"]
)
@pytest.mark.parametrize("lookup", ["exact", "iexact"])
def test_what_names_one_thing_mostly_finds_one(name: str, lookup: str) -> None:
    assert 0 < doubt([loop(("city", "exact"), (name, lookup))]) < SURE


@pytest.mark.parametrize("in_memory", [False, True])
def test_a_unique_column_finds_one_at_most(*, in_memory: bool) -> None:
    assert doubt([loop(("number", "exact"), in_memory=in_memory)]) == SURE


def test_inside_another_loop_it_is_many_all_the_same() -> None:
    assert doubt([loop(), loop(("number", "exact"))]) == 0
    assert doubt([]) == 0
