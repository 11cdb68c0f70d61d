"""The language that Django puts at the head of a path where nobody asks for another: `/en/` of `i18n_patterns`."""

from collections.abc import Iterator
from typing import Final

from auditor.frameworks.django_settings import settings_modules
from auditor.index import ir
from auditor.index.ir import Node
from auditor.index.project import Project

PARAMETER: Final = "{language}"
_USUAL: Final = "en-us"
_WITH_COUNTRY: Final = frozenset(
    "az-latn en-au en-gb es-ar es-co es-mx es-ni es-ve pt-br sr-latn zh-hans zh-hant".split()
)
"""Of the languages that Django offers by itself, those that are more than a language."""


def language_of_paths(project: Project, /) -> str | None:
    """`en`, `pt-br`; None where no path has a language at its head."""
    if not any("i18n_patterns" in module.scope for module in project.modules if module.role != "library"):
        return None
    declared = [_settings(module.body) for module in settings_modules(project)]
    codes = (one["LANGUAGE_CODE"] for one in declared if "LANGUAGE_CODE" in one)
    code = next((node[2] for node in codes if node[0] == ir.CONST and isinstance(node[2], str)), _USUAL)
    listed = next((one["LANGUAGES"] for one in declared if "LANGUAGES" in one), None)
    offered = set(_texts(listed)) if listed is not None else _WITH_COUNTRY
    return code.lower() if code in offered else code.lower().partition("-")[0]


def _settings(body: tuple[Node, ...]) -> dict[str, Node]:
    return {
        node[3][0][2]: node[4]
        for node in body
        if node[0] == ir.ASSIGN and len(node[3]) == 1 and node[3][0][0] == ir.NAME
    }


def _texts(node: object) -> Iterator[str]:
    """Every text in a value: codes and names of languages alike."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, tuple):
        for part in node:
            yield from _texts(part)
