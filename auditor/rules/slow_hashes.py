"""Hashes that are slow on purpose: what a password is kept by takes a tenth of a second of CPU, or more.

Figures of the libraries' own documentation: bcrypt at its default of 12 rounds some 250 ms, PBKDF2 with 600,000 rounds (OWASP's
advice, Django's and werkzeug's default) 100 to 300 ms, argon2 and scrypt 50 ms and more.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import External
from auditor.rules import turns
from auditor.rules.remade_rows import callee

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene

_SLOW: Final = frozenset(
    {
        "hashlib.pbkdf2_hmac",
        "hashlib.scrypt",
        "bcrypt.hashpw",
        "bcrypt.checkpw",
        "bcrypt.kdf",
        "werkzeug.security.generate_password_hash",
        "werkzeug.security.check_password_hash",
        "django.contrib.auth.hashers.make_password",
        "django.contrib.auth.hashers.check_password",
        *(f"passlib.context.CryptContext().{m}" for m in ("hash", "verify", "verify_and_update", "encrypt")),
        *(
            f"passlib.hash.{kind}.{m}"
            for kind in (
                "bcrypt",
                "bcrypt_sha256",
                "argon2",
                "pbkdf2_sha256",
                "pbkdf2_sha512",
                "scrypt",
                "sha512_crypt",
            )
            for m in ("hash", "verify", "encrypt")
        ),
        *(f"argon2.PasswordHasher().{m}" for m in ("hash", "verify")),
        *(f"pwdlib.PasswordHash().{m}" for m in ("hash", "verify", "verify_and_update")),
        *(f"pwdlib.PasswordHash.recommended().{m}" for m in ("hash", "verify", "verify_and_update")),
    }
)
_DEPTH: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class SlowHash:
    """A call of one, as a function's own code leads to it."""

    name: str
    line: int
    """In the function that was asked for."""
    where: Function
    at: int
    """Function and line of the call itself."""


def slow_hashes(scene: Scene, function: Function) -> Iterator[SlowHash]:
    """Those that a function runs in its own thread: itself, or by plain functions of the project that it calls by name.

    What it computes costs no query, so the text is asked and not the trace.
    """
    for node in calls_in(function):
        if (name := slow_name(scene, function, node)) is not None:
            yield SlowHash(name, node[1], function, node[1])
        elif (below := callee(scene, function, node)) is not None and not below.is_async:
            found = nearest(scene, below)
            if found is not None:
                yield SlowHash(found.name, node[1], found.where, found.at)


def nearest(scene: Scene, function: Function) -> SlowHash | None:
    """The nearest one at or below a plain function."""
    queue: deque[tuple[Function, int]] = deque([(function, 0)])
    seen: set[int] = set()
    while queue:
        here, depth = queue.popleft()
        if id(here) in seen:
            continue
        seen.add(id(here))
        for node in calls_in(here):
            if (name := slow_name(scene, here, node)) is not None:
                return SlowHash(name, node[1], here, node[1])
            below = callee(scene, here, node) if depth < _DEPTH else None
            if below is not None and not below.is_async:
                queue.append((below, depth + 1))
    return None


def calls_in(function: Function) -> Iterator[Node]:
    """Calls by a name or an attribute, in a function's own code."""
    return (n for n in turns.own_nodes(function.body) if n[0] == ir.CALL and n[2][0] in {ir.NAME, ir.ATTR})


def slow_name(scene: Scene, function: Function, call: Node) -> str | None:
    """The library function that a call calls, if it is one of them."""
    symbol = scene.project.resolve_expression(function.module, call[2], function)
    return symbol.name.replace("()", "") if isinstance(symbol, External) and symbol.name in _SLOW else None
