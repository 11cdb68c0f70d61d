"""Files that are never sent, and what the ones with settings teach about the others."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from auditor.llm.redaction.rules import entropy

_SUFFIXES: Final = frozenset(
    ".pem .key .p12 .pfx .jks .keystore .kdbx .ovpn .ppk .asc .gpg .sqlite .sqlite3 .db .dump .bak .rdb".split()
)
_NAMES: Final = frozenset(
    ".netrc .pgpass .npmrc .pypirc .htpasswd .git-credentials credentials credentials.json secrets.json "
    "secrets.yaml secrets.yml secrets.toml service-account.json".split()
)
_PATTERN: Final = re.compile(
    r"^\.env(?:\..+)?$|.+\.env$|^id_(?:rsa|dsa|ecdsa|ed25519)(?:_.*)?$", re.IGNORECASE
)
_EXAMPLE: Final = re.compile(r"\.(?:example|sample|template|dist)$", re.IGNORECASE)

_SECRET_NAME: Final = re.compile(r"PASS|PWD|SECRET|TOKEN|KEY|CREDENTIAL|DSN|SALT|PRIVATE", re.IGNORECASE)
_LINE: Final = re.compile(r"^\s*(?:export\s+)?(?P<name>[A-Za-z_][\w.-]*)\s*=\s*(?P<value>.*?)\s*$")


def is_withheld(path: str, /) -> bool:
    """Whether nothing of the file may be sent, whatever asks for it. `path` is relative, `/`-separated."""
    name = PurePosixPath(path).name
    if _EXAMPLE.search(name):
        return False
    suffix = PurePosixPath(name).suffix.lower()
    return name.lower() in _NAMES or suffix in _SUFFIXES or _PATTERN.match(name) is not None


def env_secrets(text: str, /) -> Iterator[str]:
    """The values of an ``.env`` file that are worth hiding wherever they stand.

    By their names or their looks: `DB_NAME=shop` must not hide the word `shop` in all of the source.
    """
    for line in text.splitlines():
        match = _LINE.match(line)
        value = _unquoted(match["value"]) if match else ""
        if match is None or len(value) < 6 or _is_plain(value):
            continue
        if _SECRET_NAME.search(match["name"]) or (len(value) >= 16 and entropy(value) >= 3.5):
            yield value


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value.partition(" #")[0].rstrip()


def _is_plain(value: str) -> bool:
    return (
        value.lower() in {"localhost", "postgres", "password"}
        or re.fullmatch(r"[\d.]+|true|false", value) is not None
    )
