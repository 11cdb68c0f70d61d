"""Where in a tree something stands, as a path that a person can read: `$.items[*].id`."""

import json
import re
from dataclasses import dataclass
from typing import Final

_PLAIN: Final = re.compile(r"[^\W\d][\w-]*")


@dataclass(frozen=True, slots=True)
class Place:
    """A step below another place; the top has no parent."""

    text: str = "$"
    """Generalised: `[*]` for any index of a list. Masks are kept under it."""
    exact: str = "$"

    def field(self, name: str) -> "Place":
        """The field of that name."""
        step = f".{name}" if _PLAIN.fullmatch(name) else f"[{json.dumps(name, ensure_ascii=False)}]"
        return Place(self.text + step, self.exact + step)

    def item(self, index: int) -> "Place":
        """An item of a list."""
        return Place(f"{self.text}[*]", f"{self.exact}[{index}]")

    def line(self, index: int) -> "Place":
        """A line of a text, which is no list: its places are not taken for each other."""
        return Place(f"{self.text} line {index + 1}", f"{self.exact} line {index + 1}")

    @property
    def any_field(self) -> str:
        """What a mask of fields whose names vary is kept under."""
        return f"{self.text}.*"


TOP: Final = Place()
