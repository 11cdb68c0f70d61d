"""A jail that passes its self-test, or a refusal that says why and what to do."""

from pathlib import Path

import pytest

from auditor.execution.bubblewrap.diagnosis import diagnosed
from auditor.execution.choosing import admitted, choose_bubblewrap, choose_jail
from auditor.execution.guest import guest_identity
from auditor.execution.unconfined import Unconfined
from auditor.model.fault import Fault


def test_s4_a_jail_that_holds_is_admitted_and_asked_once(walled) -> None:
    assert walled.jail.isolates
    assert choose_jail("bubblewrap") is walled.jail


def test_s1_without_bubblewrap_it_refuses_and_names_the_package() -> None:
    with pytest.raises(Fault) as caught:
        choose_bubblewrap(guest_identity(), ())
    assert "apt install bubblewrap" in str(caught.value)


def test_s4_a_jail_that_lets_something_through_is_refused() -> None:
    with pytest.raises(Fault) as caught:
        admitted(Unconfined(), guest_identity())
    assert "a file outside can be read" in str(caught.value)


@pytest.mark.parametrize(
    ("said", "reason", "mends"),
    [
        (
            b"bwrap: Creating new namespace failed: nesting depth or max exceeded (ENOSPC)",
            "no further",
            "max_user_namespaces",
        ),
        (
            b"bwrap: No permissions to create a new namespace, likely because",
            "no ordinary user",
            "unprivileged_userns_clone",
        ),
        (
            b"bwrap: setting up uid map: Permission denied",
            "AppArmor",
            "apparmor_restrict_unprivileged_userns",
        ),
        (
            b"bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted",
            "AppArmor",
            "apparmor_restrict_unprivileged_userns",
        ),
        (
            b"bwrap: Can't mount proc on /newroot/proc: Operation not permitted",
            "hides parts of /proc",
            "--jail outer",
        ),
    ],
)
def test_s2_what_bubblewrap_says_becomes_a_reason_and_a_line_that_mends_it(
    said: bytes, reason: str, mends: str
) -> None:
    fault = diagnosed("", said, binary=Path("/usr/bin/bwrap"))
    assert reason in fault.what
    assert mends in fault.hint
    assert "--no-jail" in fault.hint


def test_none_is_what_it_says() -> None:
    assert not choose_jail("none").isolates
