"""Lets whoever is in a new network namespace listen on every port of it, those below 1024 too."""

import fcntl
import os

from auditor.execution.keeper import kernel

_NS_GET_USERNS = 0xB701
_LOWEST_PORT = "/proc/sys/net/ipv4/ip_unprivileged_port_start"


def free_low_ports(pid: int, /) -> bool:
    """Writes that setting for the network of `pid`; False where the kernel or a container around us does not let us.

    The network belongs to the user namespace that bubblewrap made first. Its maker, and root, has every right in
    there and none that it did not have outside. Nothing of it comes back: a process of its own goes in, writes and ends.
    """
    child = os.fork()
    if child == 0:
        try:
            _free(pid)
        except BaseException:  # noqa: BLE001  a forked process ends here, whatever it met
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _free(pid: int) -> None:
    network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    if os.path.sameopenfile(network, os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)):
        raise OSError("has no network of its own")
    kernel.enter(fcntl.ioctl(network, _NS_GET_USERNS))
    kernel.enter(network)
    setting = os.open(_LOWEST_PORT, os.O_WRONLY | os.O_CLOEXEC)
    os.write(setting, b"0")
