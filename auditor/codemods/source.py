"""What a codemod may look at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.codemods.spans import Spans
from auditor.repo.syntax import nests_too_deeply

if TYPE_CHECKING:
    from auditor.rules.scene import Scene


@dataclass(frozen=True, slots=True)
class Source:
    """The tree that a finding was made on."""

    read: Callable[[str], str | None]
    """The text of a file, with line feeds only; None when it can't be read."""
    scene: "Scene | None" = None
    """The trace; None where only the text is at hand, and then a codemod that needs more declines."""

    def spans(self, path: str, /) -> Spans | None:
        """A fresh set of spans of a file; None when it can't be read or parsed, or nests too deeply for a codemod to walk."""
        text = self.read(path)
        if text is None:
            return None
        try:
            spans = Spans(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        if nests_too_deeply(spans.tree):
            return None
        scene = self.scene
        if scene is not None:
            spans.is_own = lambda name: (
                (found := scene.project.module(name)) is not None and found.role != "library"
            )
        return spans
