"""A certificate authority made for one run, so that https to the outside hosts can be answered. Made by `openssl`."""

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.model.fault import Fault

_TIMEOUT_S: Final = 30
_SYSTEM_PATH: Final = "/usr/bin:/bin:/usr/local/bin"


@dataclass(frozen=True, slots=True)
class Authority:
    """Trusted by nobody but the target of this run."""

    context: ssl.SSLContext
    """For the side of the hosts that it signed for."""
    bundle: Path
    """Its own certificate and those that this machine trusts: what the target is to trust."""


def make_authority(hosts: tuple[str, ...], folder: Path, /, *, bundle: Path) -> Authority | None:
    """Signs one certificate for all of `hosts`; None where there is no `openssl`. Keys stay in `folder`, which is ours alone."""
    program = shutil.which("openssl", path=_SYSTEM_PATH)
    if program is None or not hosts:
        return None
    folder.mkdir(mode=0o700)
    (folder / "names").write_text(
        "basicConstraints=CA:FALSE\nsubjectAltName=" + ",".join(f"DNS:{host}" for host in hosts) + "\n",
        "utf-8",
    )
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    ca = ("-x509", "-days", "30", "-subj", "/CN=auditor run", "-keyout", "ca.key", "-out", "ca.pem")
    _openssl(program, folder, "req", *new_key, *ca, "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    _openssl(
        program, folder, "req", *new_key, "-subj", f"/CN={hosts[0][:64]}", "-keyout", "key", "-out", "request"
    )
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", "names")
    _openssl(program, folder, "x509", "-req", "-in", "request", *signing, "-out", "certificate")
    trusted = ssl.get_default_verify_paths().cafile
    system = Path(trusted).read_bytes() if trusted else b""
    bundle.write_bytes((folder / "ca.pem").read_bytes() + b"\n" + system)
    bundle.chmod(0o644)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate", folder / "key")
    return Authority(context, bundle)


def _openssl(program: str, folder: Path, *words: str) -> None:
    run = subprocess.run(  # noqa: S603  the system's own
        [program, *words], cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )
    if run.returncode:
        raise Fault(f"openssl failed: {run.stderr.strip()[-300:]}", where=program)
