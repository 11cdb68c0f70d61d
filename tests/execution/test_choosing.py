"""A jail that passes its self-test, or a refusal that says why and what to do."""

import pytest

from auditor.execution.choosing import admitted, choose_bubblewrap, choose_jail
from auditor.execution.guest import guest_identity
from auditor.execution.unconfined import Unconfined
from auditor.model.fault import Fault


def test_a_jail_that_holds_is_admitted_and_asked_once() -> None:
    jail = choose_jail("auto")
    assert jail.isolates
    assert choose_jail("auto") is jail


def test_without_bubblewrap_it_refuses_and_names_the_package() -> None:
    with pytest.raises(Fault) as caught:
        choose_bubblewrap(guest_identity(), ())
    assert "apt install bubblewrap" in str(caught.value)


def test_a_jail_that_lets_something_through_is_refused() -> None:
    with pytest.raises(Fault) as caught:
        admitted(Unconfined(), guest_identity())
    assert "a file outside can be read" in str(caught.value)


def test_none_is_what_it_says() -> None:
    assert not choose_jail("none").isolates
