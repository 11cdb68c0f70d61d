"""What the trace knows as the function that a syntax tree shows."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.source import Source
    from auditor.index.symbols import Function as Known


def known_at(function: "Function", path: str, source: "Source", /) -> "Known | None":
    """The project's function that is defined there; None without a trace."""
    lines = {function.lineno, *(one.lineno for one in function.decorator_list)}
    for module in [] if source.scene is None else source.scene.project.modules:
        if module.path == path:
            for one in module.functions:
                if one.line in lines and one.name == function.name:
                    return one
    return None
