"""References to secrets: ``env:NAME``, so that no secret stands in a file.

The target's settings are untrusted, so a reference reads only what the user handed over by name: `secrets` in the
user's settings, or ``AUDITOR_SECRETS=NAME,OTHER``.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from auditor.model.fault import Fault

_REFERENCE: Final = re.compile(r"\{env:(?P<inside>[A-Za-z_]\w*)\}|^env:(?P<whole>[A-Za-z_]\w*)$", re.ASCII)


def references(text: str, /) -> tuple[str, ...]:
    """Names of variables that `text` refers to: ``env:NAME`` as the whole text, ``{env:NAME}`` inside one."""
    return tuple(dict.fromkeys(match["inside"] or match["whole"] for match in _REFERENCE.finditer(text)))


def resolve(text: str, /, *, env: Mapping[str, str], allowed: Collection[str]) -> str:
    """`text` with its references replaced by the user's variables.

    `Fault` when the user did not hand a variable over, or when it is not set.
    """
    for name in references(text):
        if name not in allowed:
            raise Fault(
                f"the target's settings ask for your variable {name}",
                where=f"env:{name}",
                hint=f'to hand it over: AUDITOR_SECRETS={name}, or secrets = ["{name}"] in your config.toml',
            )
        if not env.get(name):
            raise Fault(f"the variable {name} is not set", where=f"env:{name}", hint=f"export {name}=…")
    return _REFERENCE.sub(lambda match: env[match["inside"] or match["whole"]], text)
