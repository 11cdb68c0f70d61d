"""Whether a jail keeps things out, asked of a command that runs in it. Nothing is taken on trust."""

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.execution.confinement import Bind, Confinement, Jail, Limits
from auditor.execution.guest import Guest
from auditor.execution.interpreter import interpreter_binds
from auditor.execution.ownership import own_copy
from auditor.execution.removal import remove_tree
from auditor.model.fault import Fault
from auditor.repo.scratch import drop_scratch, make_scratch

_LIMITS: Final = Limits(wall_s=20, output_bytes=1 << 16)
_CONTAINERS_BUSINESS: Final = ("the host's loopback can be reached", "the host's processes can be seen")
"""A container around auditor has both in common with what runs in it."""


@dataclass(frozen=True, slots=True)
class Tested:
    """What the self-test found."""

    failures: tuple[str, ...]
    """What the jail lets through, in words; empty when it holds."""
    low_ports: bool = False
    """Whether a command in it can listen on ports below 1024."""


def put_to_test(jail: Jail, guest: Guest, /, *, in_container: bool = False) -> Tested:
    """Runs the canaries in `jail`. `Fault` when nothing can be started in it.

    `in_container` is for a jail that is the container around auditor: what is auditor's own is then closed to
    the guest by its owner, and its own network and processes are shared.
    """
    with _scratch(guest, closed=in_container) as folder, _listener() as port:
        canary, work, layer = folder / "secret" / "canary", folder / "work", folder / "layer"
        binds = [Bind(source=work, target="/work", writable=True), *interpreter_binds(Path(sys.executable))]
        if jail.overlays:
            binds.append(Bind(source=layer, target="/layer", overlay=True))
        where = "/layer" if jail.overlays else ""
        command = Confinement(
            argv=(
                *(sys.executable, "-I", "-S", "-c", _source(), str(canary), str(port)),
                *(str(Path("/proc/self/ns/pid").readlink()), "/work", where),
            ),
            binds=tuple(binds),
            limits=_LIMITS,
        )
        ended = jail.start(command).wait()
        if not ended.succeeded:
            said = ended.errors.decode("utf-8", "replace").strip()[-300:]
            return Tested((f"the self-test could not run ({ended.how} {ended.code}): {said}",))
        answers = json.loads(ended.output)
        low_ports = answers.pop("low ports")
        if jail.overlays:
            answers["a layer over a copy is no layer"] = (layer / "file").read_bytes() != b""
    expected = _CONTAINERS_BUSINESS if in_container else ()
    let_through = (name for name, happened in answers.items() if happened and name not in expected)
    return Tested(tuple(let_through), low_ports)


def _source() -> str:
    return Path(__file__).with_name("canaries.py").read_text(encoding="utf-8")


@contextmanager
def _scratch(guest: Guest, *, closed: bool) -> Iterator[Path]:
    folder = make_scratch("jail")
    try:
        folder.chmod(0o755)
        for name in ("work", "layer", "secret"):
            (folder / name).mkdir(mode=0o755)
        (folder / "layer" / "file").touch()
        (folder / "secret" / "canary").touch()
        if closed:
            (folder / "secret").chmod(0o700)
        for name in ("work", "layer"):
            own_copy(folder / name, guest)
        yield folder
    except OSError as error:
        raise Fault(f"the jail's self-test needs a folder: {error.strerror}", where=str(folder)) from error
    finally:
        remove_tree(folder)
        drop_scratch(folder)


@contextmanager
def _listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        yield port
