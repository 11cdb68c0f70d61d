"""What the self-test runs inside a jail: ``python -c SOURCE CANARY PORT PIDS WORK LAYER``.

Prints one JSON object: what could be done that should not (or the other way round), and whether that was so; and, under
``low ports``, whether a port below 1024 could be had, which is neither.
Standard library only; never imported.
"""

import json
import os
import socket
import sys
from collections.abc import Callable

INTERNET = ("1.1.1.1", 53), ("169.254.169.254", 80)
"""A datagram socket connects where there is a route, and sends nothing."""
OWN_VARIABLES = {"PATH", "HOME", "LANG", "LC_CTYPE", "PWD"}


def main() -> None:
    canary, port, host_pids, work, layer = sys.argv[1:6]
    with open("/proc/self/status") as file:
        status = dict(line.split(":", 1) for line in file)
    outside = "/", "/usr", "/etc", os.path.dirname(canary)
    answers = {
        "a file outside can be read": can(lambda: open(canary).close()),
        "a folder outside can be written": any(
            can(lambda: create(f"{folder}/auditor-canary")) for folder in outside
        ),
        "there is a way to the internet": any(
            can(lambda: connect(socket.SOCK_DGRAM, one)) for one in INTERNET
        ),
        "the host's loopback can be reached": can(
            lambda: connect(socket.SOCK_STREAM, ("127.0.0.1", int(port)))
        ),
        "the host's processes can be seen": os.readlink("/proc/self/ns/pid") == host_pids,
        "it runs as root": os.geteuid() == 0,
        "it has capabilities": any(int(status[f"Cap{one}"], 16) for one in ("Eff", "Prm", "Inh", "Amb")),
        "it can gain privileges": status["NoNewPrivs"].strip() != "1",
        "system calls are not filtered": status["Seccomp"].strip() != "2",
        "variables of the host can be read": any(strangers(pid) for pid in os.listdir("/proc")),
        "the work copy can't be written": not can(lambda: write(f"{work}/written")),
        "a layer over a copy can't be written": bool(layer) and not can(lambda: write(f"{layer}/file")),
    }
    with socket.socket() as own:
        answers["low ports"] = can(lambda: own.bind(("127.0.0.2", 80)))
    print(json.dumps(answers))


def can(call: Callable[[], None]) -> bool:
    try:
        call()
    except OSError:
        return False
    return True


def connect(kind: int, address: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, kind) as own:
        own.settimeout(2)
        own.connect(address)


def write(path: str) -> None:
    with open(path, "a") as file:
        file.write("written inside")


def create(path: str) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    os.unlink(path)


def strangers(pid: str) -> bool:
    """Whether a process shows variables that no jail gave it."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            content = file.read().decode("utf-8", "replace")
    except OSError:
        return False
    return not {pair.partition("=")[0] for pair in content.split("\0") if pair} <= OWN_VARIABLES


main()
