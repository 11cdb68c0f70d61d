"""Paths of the jail, said in paths of the host."""

from pathlib import Path

import pytest

from auditor.execution.confinement import Bind, Confinement
from auditor.execution.placing import in_place

BINDS = (
    Bind(source=Path("/state/copy"), target="/work"),
    Bind(source=Path("/state/run"), target="/run/auditor"),
    Bind(source=Path("/state/pg"), target="/run/auditor/pg"),
)


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ("workers", "workers"),
        ("/workers/x", "/workers/x"),
        ("/home/work", "/home/work"),
        ("a/work", "a/work"),
        ("/work.py", "/work.py"),
        ("/work", "/state/copy"),
        ("/work/app.py", "/state/copy/app.py"),
        ("unix:/run/auditor/app.sock", "unix:/state/run/app.sock"),
        ("/lib:/work:/run/auditor", "/lib:/state/copy:/state/run"),
        ("host=/run/auditor/pg port=1", "host=/state/pg port=1"),
        ("open('/work/x')", "open('/state/copy/x')"),
        ("cd /work && ls", "cd /state/copy && ls"),
    ],
)
def test_a_path_changes_and_nothing_else_does(inside: str, outside: str) -> None:
    argv, env, cwd = in_place(Confinement(argv=(inside,), env=(("X", inside),), binds=BINDS))
    assert (argv, env, cwd) == ([outside], {"X": outside}, "/state/copy")
