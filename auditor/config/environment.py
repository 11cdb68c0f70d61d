"""Variables that a settings file sets for a process."""

from collections.abc import Mapping

from auditor.config.placeholder import check_placeholders

Environment = tuple[tuple[str, str], ...]
"""Name and value, in the order of the names; values may hold ``env:NAME`` references and placeholders."""


def parse_environment(
    values: Mapping[str, str], /, *, where: str, placeholders: tuple[str, ...] = ()
) -> Environment:
    """The variables of a section; `Fault` for a placeholder that is none of `placeholders`."""
    if placeholders:
        for name, value in values.items():
            check_placeholders(value, placeholders, where=f"{where}.{name}")
    return tuple(sorted(values.items()))
