"""Variables that the application can't start without, and harmless values for them."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.deployed import is_deployed
from auditor.execution.detect.reading import COMPUTED, Read
from auditor.execution.detect.samples import Sample

_LOCAL: Final = re.compile(r"(?P<scheme>\w+(?:\+\w+)?)://(?P<user>[^@/]*@)?(?P<host>[\w.-]+)(?P<rest>.*)")
_NAMED_SECRET: Final = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|API_?KEY|SALT|PRIVATE")
PLACEHOLDER_SECRET: Final = "auditor-not-a-secret-auditor-not-a-secret-0123456789"  # noqa: S105  that is what it says
"""Long enough for every check of a key's length that we met (Django asks for 50)."""
_SYSTEM: Final = frozenset(
    "PATH HOME USER PWD SHELL LANG TERM TMPDIR HOSTNAME LOGNAME VIRTUAL_ENV DISPLAY EDITOR".split()
)
_OF_NEED: Final = re.compile(r"(?:[A-Z]+_)*(?:REDIS|CACHE|BROKER|CELERY)\w*(?:URL|URI|HOST|HOSTNAME|BROKER)")
_KEY: Final = re.compile(
    r"(?!.*(?:STRIPE|AWS|S3|CAPTCHA|GITHUB|GOOGLE))(?:[A-Z]+_)*(?:SECRET_KEY|COOKIE_SECRET)"
)
_TO_BE_CHANGED: Final = re.compile(
    r"change|replace|your[-_ ]|insecure|placeholder|example|xxx|todo|set[-_ ]?me", re.IGNORECASE
)
_LOCALHOST: Final = re.compile(r"localhost|127\.0\.0\.1|\[?::1\]?")


def needed_variables(
    found: Sequence[Read], known: Mapping[str, Sample], /, *, told: frozenset[str]
) -> tuple[Clue[tuple[str, str]], ...]:
    """Name and proposed value of each, by name; `told` are those that the settings set anyway."""
    clues: dict[str, Clue[tuple[str, str]]] = {}
    optional = {read.name for read in found if not read.needed and read.at_start}
    for read in found:
        if read.name in told or read.name in _SYSTEM or read.name in clues or not is_deployed(read.place):
            continue
        can_do_without = not read.needed or read.name in optional
        if can_do_without and not (_leads_elsewhere(read) or _is_wanted(read)):
            continue
        value, note = _value(read, known.get(read.name))
        clues[read.name] = Clue((read.name, value), read.place, 0.5 if note else 0.8, note)
    return tuple(clues[name] for name in sorted(clues))


def _is_wanted(read: Read) -> bool:
    """What has a default that starts nowhere but on a developer's machine: no key, no host that is let in, a key that says it is to be changed."""
    key = _KEY.fullmatch(read.name) is not None
    if key and read.default and _TO_BE_CHANGED.search(read.default):
        return read.at_start
    return read.at_start and not read.default and (key or read.name.endswith("ALLOWED_HOSTS"))


def _leads_elsewhere(read: Read) -> bool:
    """Whether the default names a host that the jail does not have: a companion of the compose file."""
    if not read.at_start or not read.default or not _OF_NEED.fullmatch(read.name):
        return False
    match = _LOCAL.fullmatch(read.default)
    host = match["host"] if match else read.default
    return re.fullmatch(r"[a-z][\w.-]*", host) is not None and not _LOCALHOST.fullmatch(host)


def _value(read: Read, sample: Sample | None) -> tuple[str, str]:
    """The value, and what to know about it."""
    if _NAMED_SECRET.search(read.name):
        return PLACEHOLDER_SECRET, "a stand-in"
    default = "" if read.default == COMPUTED else read.default or ""
    given = sample.value if sample else default
    if given:
        match = _LOCAL.fullmatch(given)
        if match and re.fullmatch(
            r"redis|rediss|amqp|memcached?|locmem|http|https|smtp|valkey", match["scheme"]
        ):
            rest = (
                re.sub(r"^:\d+", ":6379", match["rest"])
                if match["scheme"] in {"redis", "valkey"}
                else match["rest"]
            )
            return f"{match['scheme']}://127.0.0.1{rest}", f"from {sample.place if sample else read.place}"
        if re.search(r"_HOST(?:NAME)?$", read.name):
            return "127.0.0.1", ""
        return given, f"from {sample.place}" if sample else ""
    return _harmless(read), "a guess"


def _harmless(read: Read) -> str:
    name, kind = read.name, read.kind
    if match := re.search(r"(?:REDIS|VALKEY)_(PORT|DB)$", name):
        return "6379" if match[1] == "PORT" else "0"  # where the companion that is proposed listens
    if kind in {"bool", "parse_boolean"} or re.match(r"(?:.*_)?(?:DEBUG|ENABLED?|USE|IS)(?:_.*)?$", name):
        return "0"
    if kind in {"int", "float", "timedelta"} or re.search(
        r"(?:COUNT|LIMIT|SIZE|TIMEOUT|WORKERS|NUM|MAX|TTL|SECONDS|DAYS)", name
    ):
        return "1"
    if re.search(r"REDIS\w*URL|BROKER_URL", name):
        return "redis://127.0.0.1:6379/0"
    if re.search(r"URL|URI|ORIGIN|ENDPOINT", name):
        return "http://127.0.0.1:9"  # the discard port: nothing answers
    if name.endswith("HOSTS"):
        return "*"
    if name.endswith("SERVER_NAME"):
        return "localhost"  # as requests are sent to: Flask answers under no other name
    if re.search(r"HOST$|DOMAIN|HOSTNAME", name):
        return "127.0.0.1"
    if name.endswith("PORT"):
        return "9"
    if "Email" in kind or re.search(r"EMAIL|MAIL", name):
        return "nobody@example.com"
    if re.search(r"DIR|PATH|ROOT|FOLDER", name):
        return "/tmp"  # noqa: S108  inside the jail
    return "none"
