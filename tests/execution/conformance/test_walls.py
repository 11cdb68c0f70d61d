"""What is outside stays outside."""

import os
import socket
from pathlib import Path

import pytest

from auditor.execution.confinement import Bind, Confinement

SYSCALL = """
import ctypes, errno, os, platform
libc = ctypes.CDLL(None, use_errno=True)
column = 0 if platform.machine() == 'x86_64' else 1
def call(numbers, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(numbers[column], *[ctypes.c_ulong(a) for a in arguments])
    return errno.errorcode[ctypes.get_errno()] if result < 0 else 'allowed'
"""


def test_s3_the_guest_is_nobody_special(stripped) -> None:
    code = """
import os
status = dict(line.split(':', 1) for line in open('/proc/self/status'))
print(os.getresuid(), os.getresgid(), status['Groups'].split(), [status['Cap' + k].strip('0\\t\\n') for k in ('Eff', 'Prm', 'Inh', 'Amb')], status['NoNewPrivs'].strip(), status['Seccomp'].strip())
"""
    uid, gid = stripped.guest.uid, stripped.guest.gid
    said = stripped.says(code)
    assert said.startswith(f"({uid}, {uid}, {uid}) ({gid}, {gid}, {gid}) ")
    assert said.endswith("['', '', '', ''] 1 2")
    assert uid != 0
    if os.geteuid() == 0:
        assert "[] [" in said


def test_s11_what_others_keep_is_not_there(walled, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("secret")
    places = [
        str(canary),
        "/etc/shadow",
        str(Path.home() / ".ssh"),
        "/var/run/docker.sock",
        "/etc/machine-id",
        "/sys/kernel",
        "/var",
        "/home",
    ]
    said = walled.says("import os; print([p for p in sys.argv[1:] if os.path.lexists(p)])", *places)
    assert said == "[]"


def test_s11_a_file_that_only_its_owner_may_read_is_closed(stripped, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "canary").write_text("secret")
    if os.geteuid() != 0 and stripped.jail.name == "outer":
        pytest.skip("an outer jail is for root in a container: its self-test refuses others")
    said = stripped.says(
        "try: print(open(sys.argv[1]).read())\nexcept OSError as e: print(type(e).__name__)",
        str(closed / "canary"),
    )
    assert said in {"FileNotFoundError", "PermissionError"}


def test_s12_nothing_but_the_copy_and_tmp_can_be_written(walled, tmp_path: Path) -> None:
    shown = tmp_path / "shown"
    shown.mkdir()
    shown.chmod(0o777)
    code = """
import errno, os
def tried(path):
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY)); return 'written'
    except OSError as error:
        return errno.errorcode[error.errno]
print({folder: tried(folder + '/canary') for folder in ('', '/usr', '/etc', '/usr/lib', '/dev', '/shown', '/tmp', '/dev/shm', '/work')})
"""
    said = eval(walled.says(code, binds=(Bind(source=shown, target="/shown"),)))
    assert {folder for folder, how in said.items() if how == "written"} == {"/tmp", "/dev/shm", "/work"}
    assert {how for how in said.values() if how != "written"} == {"EROFS"}
    assert list(shown.iterdir()) == []


def test_s13_nobody_outside_can_be_reached(walled) -> None:
    code = """
import socket
def tried(family, kind, address):
    try:
        with socket.socket(family, kind) as s:
            s.settimeout(3)
            s.connect(address)
            return 'connected'
    except OSError as error:
        return type(error).__name__
v4, v6, port = socket.AF_INET, socket.AF_INET6, int(sys.argv[1])
found = {
    'internet': tried(v4, socket.SOCK_STREAM, ('1.1.1.1', 53)),
    'internet by UDP': tried(v4, socket.SOCK_DGRAM, ('1.1.1.1', 53)),
    'metadata': tried(v4, socket.SOCK_STREAM, ('169.254.169.254', 80)),
    'host': tried(v4, socket.SOCK_STREAM, ('127.0.0.1', port)),
    'host by IPv6': tried(v6, socket.SOCK_STREAM, ('::1', port)),
    'abstract socket': tried(socket.AF_UNIX, socket.SOCK_STREAM, '\\0' + sys.argv[2]),
    'docker': tried(socket.AF_UNIX, socket.SOCK_STREAM, '/var/run/docker.sock'),
    'vsock': tried(40, socket.SOCK_STREAM, (2, 1024)),
}
try:
    socket.getaddrinfo('example.com', 80); found['name'] = 'connected'
except OSError:
    pass
print([name for name, how in found.items() if how == 'connected'])
print(sorted(name for _, name in socket.if_nameindex()))
"""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        abstract.bind("\0" + walled.marker)
        abstract.listen()
        assert walled.says(code, str(server.getsockname()[1]), walled.marker) == "[]\n['lo']"


def test_s13_names_are_those_that_were_given(walled) -> None:
    said = walled.says(
        "import socket; print(socket.gethostbyname('api.example.com'))",
        hosts=(("127.0.0.9", "api.example.com"),),
    )
    assert said == "127.0.0.9"


def test_every_port_of_its_own_network_is_free_where_the_self_test_said_so(walled) -> None:
    code = (
        "import os, socket\nsaid = []\nfor port in (80, 443):\n"
        "    with socket.socket() as own:\n"
        "        try:\n            own.bind(('127.0.0.9', port)); said.append('free')\n"
        "        except PermissionError:\n            said.append('closed')\n"
        "try:\n    open('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'w').write('7'); said.append('written')\n"
        "except OSError:\n    said.append('kept')\n"
        "print(*said)"
    )
    ports = "free free" if walled.jail.low_ports else "closed closed"
    before = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()
    assert walled.says(code) == f"{ports} kept"
    assert Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text() == before


def test_s13_other_socket_families_are_refused(stripped) -> None:
    code = (
        SYSCALL
        + """
print({family: call((41, 198), family, 3 if family == 16 else 1, 0) for family in (1, 2, 10, 16, 17, 38, 40, 44)})
print(call((41, 198), 2, 1, 132), call((41, 198), 16, 3, 12), call((53, 199), 40, 1, 0, 0))
"""
    )
    families, protocols = stripped.says(code).splitlines()
    said = eval(families)
    assert {family for family, how in said.items() if how == "allowed"} == {1, 2, 10, 16}
    assert {how for how in said.values() if how != "allowed"} == {"EAFNOSUPPORT"}
    assert protocols == "EPROTONOSUPPORT EPROTONOSUPPORT EAFNOSUPPORT"


def test_s14_secrets_of_the_host_s_environment_are_nowhere(stripped, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_KEY", "sk_live_canary")
    code = """
import os
seen = []
for pid in filter(str.isdigit, os.listdir('/proc')):
    for name in ('environ', 'cmdline'):
        try:
            if b'sk_live_' + b'canary' in open(f'/proc/{pid}/{name}', 'rb').read(): seen.append((pid, name))
        except OSError: pass
print(seen, sorted(os.environ))
"""
    assert stripped.says(code) in {
        "[] ['HOME', 'LANG', 'PATH', 'PWD']",
        "[] ['HOME', 'LANG', 'PATH']",
        "[] ['HOME', 'LANG', 'LC_CTYPE', 'PATH', 'PWD']",
    }


def test_s14_nothing_of_the_host_s_paths_is_shown(walled) -> None:
    said = walled.says(
        "print(sys.argv[1] in open('/proc/1/cmdline').read(), open('/proc/1/environ').read() == '')",
        walled.work.parent.name,
    )
    # the search word itself is part of the guest's command, which pid 1 shows
    own = walled.says("print(open('/proc/1/cmdline').read().count('/work'))")
    assert said.endswith("True")
    assert str(walled.work) not in walled.says("print(open('/proc/1/cmdline').read())")
    assert own.isdigit()


def test_s15_no_descriptor_of_the_host_is_inherited(cell, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        code = "import os; print([n for n in range(3, 256) if os.path.exists(f'/proc/self/fd/{n}') and not os.readlink(f'/proc/self/fd/{n}').startswith('/proc')])"
        assert cell.says(code) == "[]"


@pytest.mark.parametrize(
    ("name", "numbers", "arguments"),
    [
        ("ptrace", (101, 117), (0, 0, 0, 0)),
        ("process_vm_readv", (310, 270), (1, 0, 0, 0, 0, 0)),
        ("unshare", (272, 97), (0x10000000,)),
        ("setns", (308, 268), (0, 0)),
        ("clone", (56, 220), (0x10000000 | 17, 0, 0, 0, 0)),
        ("mount", (165, 40), (0, 0, 0, 0, 0)),
        ("open_tree", (428, 428), (0, 0, 0)),
        ("fsopen", (430, 430), (0, 0)),
        ("pivot_root", (155, 41), (0, 0)),
        ("bpf", (321, 280), (0, 0, 0)),
        ("io_uring_setup", (425, 425), (1, 0)),
        ("keyctl", (250, 219), (0, 0, 0, 0, 0)),
        ("add_key", (248, 217), (0, 0, 0, 0, 0)),
        ("userfaultfd", (323, 282), (0,)),
        ("perf_event_open", (298, 241), (0, 0, 0, 0, 0)),
        ("kexec_load", (246, 104), (0, 0, 0, 0)),
        ("TIOCSTI", (16, 29), (0, 0x5412, 0)),
        ("TIOCSTI above 32 bits", (16, 29), (0, 0x5412 | 1 << 32, 0)),
    ],
)
def test_s17_ways_out_are_closed(
    stripped, name: str, numbers: tuple[int, int], arguments: tuple[int, ...]
) -> None:
    assert stripped.says(f"{SYSCALL}\nprint(call({numbers}, *{arguments}))") == "EPERM"


def test_s17_clone3_looks_missing_so_that_libraries_use_clone(stripped) -> None:
    assert stripped.says(f"{SYSCALL}\nprint(call((435, 435), 0, 0))") == "ENOSYS"


def test_s17_devices_cannot_be_made_nor_set_user_id_used(stripped) -> None:
    code = """
import os, stat, subprocess
try:
    os.mknod('device', 0o666 | stat.S_IFBLK, os.makedev(8, 0)); print('made')
except PermissionError: print('refused')
import shutil
shutil.copy('/bin/sh', 'sh'); os.chmod('sh', 0o6755)
print(subprocess.run(['./sh', '-pc', 'id -u'], capture_output=True, text=True).stdout.strip())
"""
    assert stripped.says(code).split() == ["refused", str(stripped.guest.uid)]


def test_s20_an_empty_wish_shows_nothing_of_the_host(walled) -> None:
    ended = walled.jail.start(Confinement(argv=("/bin/ls", "/"), cwd="/")).wait(20)
    assert set(ended.output.decode().split()) <= {
        "bin",
        "dev",
        "etc",
        "lib",
        "lib32",
        "lib64",
        "libx32",
        "proc",
        "sbin",
        "tmp",
        "usr",
    }


def test_an_interpreter_below_a_closed_home_runs(walled) -> None:
    assert walled.says("import ssl, sqlite3, ctypes, json; print(sys.version_info[:2] > (3, 0))") == "True"


def test_it_has_its_own_processes_and_name(walled) -> None:
    said = walled.says(
        "import os, socket, getpass; print(os.getpid() < 10, len([p for p in os.listdir('/proc') if p.isdigit()]) < 5, socket.gethostname(), getpass.getuser())"
    )
    assert said == "True True auditor guest"
