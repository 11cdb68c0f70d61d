"""The jails that the suite is run against, and what a test needs to run something in one."""

import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from auditor.execution.choosing import choose_jail
from auditor.execution.confinement import Bind, Confinement, Ended, Jail, Limits, Running
from auditor.execution.guest import Guest, guest_identity
from auditor.execution.interpreter import interpreter_binds
from auditor.execution.outer import Outer
from auditor.execution.ownership import own_copy
from auditor.execution.removal import remove_tree
from auditor.execution.unconfined import Unconfined
from auditor.model.fault import Fault

REQUIRED = os.environ.get("AUDITOR_REQUIRE_JAIL") == "1"
"""Read before a fixture hides every variable of ours."""
SYSTEM_PYTHON = Path("/usr/bin/python3")


@dataclass(frozen=True)
class Cell:
    """A jail, and a work copy that belongs to the guest."""

    jail: Jail
    guest: Guest
    work: Path
    python: Path
    marker: str
    """In the command line of everything that is started here."""
    started: list[Running] = field(default_factory=list)

    def confinement(
        self,
        code: str,
        *arguments: str,
        binds: tuple[Bind, ...] = (),
        limits: Limits | None = None,
        env: tuple[tuple[str, str], ...] = (),
        hosts: tuple[tuple[str, str], ...] = (),
    ) -> Confinement:
        work = Bind(source=self.work, target="/work", writable=True)
        own = () if self.python == SYSTEM_PYTHON else interpreter_binds(self.python)
        return Confinement(
            argv=(
                str(self.python),
                "-c",
                f"import sys; sys.argv.remove({self.marker!r})\n{code}",
                self.marker,
                *arguments,
            ),
            binds=(work, *own, *binds),
            limits=limits or Limits(wall_s=30),
            env=env,
            hosts=hosts,
        )

    def start(
        self, code: str, *arguments: str, each_line: Callable[[bytes], None] | None = None, **more: object
    ) -> Running:
        running = self.jail.start(self.confinement(code, *arguments, **more), each_line=each_line)  # type: ignore[arg-type]
        self.started.append(running)
        return running

    def run(self, code: str, *arguments: str, **more: object) -> Ended:
        return self.start(code, *arguments, **more).wait(60)

    def says(self, code: str, *arguments: str, **more: object) -> str:
        """What the code printed; it must succeed."""
        ended = self.run(code, *arguments, **more)
        assert ended.succeeded, f"{ended.how} {ended.code}: {ended.errors.decode(errors='replace')}"
        return ended.output.decode().strip()

    def alive(self) -> list[str]:
        """Command lines of what still runs."""
        return [line for line in command_lines() if self.marker in line]


def command_lines() -> list[str]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                content = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            found.append(content.replace(b"\0", b" ").decode(errors="replace"))
    return found


def _bubblewrap() -> Jail:
    try:
        return choose_jail("bubblewrap")
    except Fault as fault:
        if REQUIRED:
            raise
        pytest.skip(f"NOTHING IS TESTED HERE: {fault}")


def _cell(name: str, folder: Path) -> Iterator[Cell]:
    guest = guest_identity()
    as_root = os.geteuid() == 0
    jail: Jail = {"bubblewrap": _bubblewrap, "outer": lambda: Outer(guest), "none": Unconfined}[name]()
    python = Path(sys.executable)
    if name == "outer" and as_root:
        if not SYSTEM_PYTHON.exists():
            pytest.skip("no interpreter that every user can reach")
        python = SYSTEM_PYTHON
    if name == "outer":  # pytest's own folders are closed to other users
        folder = Path(tempfile.mkdtemp(prefix="auditor-test-"))
        folder.chmod(0o755)
    work = folder / "work"
    work.mkdir()
    own_copy(work, guest)
    cell = Cell(jail, guest, work, python, f"marker-{secrets.token_hex(8)}")
    yield cell
    for running in cell.started:
        running.stop()
    if name == "outer":
        remove_tree(folder)
    assert cell.alive() == []


@pytest.fixture(params=["bubblewrap", "outer", "none"])
def cell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cell]:
    """Any jail: what the protocol promises."""
    yield from _cell(request.param, tmp_path)


@pytest.fixture(params=["bubblewrap", "outer"])
def stripped(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cell]:
    """A jail that takes rights away."""
    yield from _cell(request.param, tmp_path)


@pytest.fixture
def walled(tmp_path: Path) -> Iterator[Cell]:
    """A jail with walls of its own."""
    yield from _cell("bubblewrap", tmp_path)
