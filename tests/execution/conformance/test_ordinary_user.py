"""The whole suite once more as a user without rights, and what only such a user can be asked."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import auditor
from auditor.execution.bubblewrap.binaries import Binary, find_binaries
from auditor.execution.choosing import admitted
from auditor.execution.guest import guest_identity
from auditor.execution.interpreter import interpreter_binds
from auditor.execution.outer import Outer
from auditor.execution.removal import remove_tree
from auditor.model.fault import Fault

pytestmark = pytest.mark.long

HERE = Path(__file__).parent
ROOT = Path(auditor.__file__).parent.parent
USER = 60_733


@pytest.mark.skipif(os.geteuid() != 0, reason="this is the run as an ordinary user, or there is no other")
def test_the_suite_holds_for_an_ordinary_user() -> None:
    folder = Path(tempfile.mkdtemp(prefix="auditor-user-"))
    os.chown(folder, USER, USER)
    places = [*(str(bind.source) for bind in interpreter_binds(Path(sys.executable))), str(ROOT)]
    suite = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={folder / 'base'}"]
    run = subprocess.run(
        [
            sys.executable,
            str(HERE / "ordinary_user.py"),
            str(USER),
            *places,
            "--",
            *suite,
            "-k",
            "not outer",
            str(HERE),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    remove_tree(folder)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]


@pytest.mark.skipif(os.geteuid() == 0, reason="asked as an ordinary user, by the first test here")
def test_s2_where_user_namespaces_are_denied_it_refuses_and_names_the_setting() -> None:
    binary = next(one for one in find_binaries() if isinstance(one, Binary))
    run = subprocess.run(
        [
            *(str(binary.path), "--unshare-user", "--disable-userns", "--ro-bind", "/", "/", "--dev", "/dev"),
            *("--proc", "/proc", "--bind", "/tmp", "/tmp", "--", sys.executable, "-c"),
            "from auditor.execution.choosing import choose_jail\nchoose_jail()",
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    said = run.stderr.splitlines()[-1]
    assert "no further user namespace is allowed here" in said
    assert "sysctl user.max_user_namespaces" in said
    assert "--no-jail" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="asked as an ordinary user, by the first test here")
def test_the_container_around_us_is_refused_to_a_user_whose_files_the_guest_could_read() -> None:
    with pytest.raises(Fault, match="a file outside can be read"):
        admitted(Outer(guest_identity()), guest_identity(), in_container=True)
