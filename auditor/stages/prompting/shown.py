"""Text that somebody else wrote, as a model is shown it: nothing of it can be taken for anything but text.

`auditor.llm` sends it between delimiters. Here every line of it is put behind a gutter, a line number or a bar, so no line of it can
look like a delimiter or a turn of the conversation. What chat templates take for their own marks, and characters that can't be seen or that turn
the direction of text, are shown by their code point; `exact` turns them back, so an edit that quotes them stays exact to the byte.
"""

import re
from dataclasses import dataclass
from typing import Final

from auditor.llm.exchange import Data

_OPEN, _CLOSE = "⟨U+", "⟩"
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
    r"|⟨(?=U\+[0-9A-F]{4,6}⟩)"
    r"|<(?=\||/?(?:s|bos|eos|start_of_turn|end_of_turn)>)"
    r"|\[(?=/?INST\])"
)
"""Control, direction-changing, zero-width and tag characters, our own marks, and the first character of what chat templates mark turns
with (`<|im_start|>`, `</s>`, `[INST]`)."""
_MARK: Final = re.compile(r"⟨U\+([0-9A-F]{4,6})⟩")
GUTTER: Final = "| "


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A text that is not ours."""

    kind: str
    """What it is, in our words: `source`, `findings`, `request`."""
    text: str = ""
    stretches: tuple[tuple[int, str], ...] = ()
    """Of a file, in the place of `text`: the number of the first line, and the lines from there."""
    head: tuple[str, ...] = ()
    """Lines about it that may hold names of the target, and so stand behind the gutter too."""

    @property
    def guttered(self) -> str:
        """What is sent: each line behind the gutter, ending in a line feed."""
        head = "".join(f"{GUTTER}{_on_one_line(line)}\n" for line in self.head)
        if not self.stretches:
            return head + "".join(f"{GUTTER}{line}\n" for line in _lines(self.text or "(nothing)"))
        return head + f"{GUTTER}(lines in between are not shown)\n".join(
            "".join(f"{n:>4}{GUTTER}{line}\n" for n, line in enumerate(_lines(text), start=first))
            for first, text in self.stretches
        )

    def block(self, *, keep: bool = False) -> Data:
        """As a block of a request."""
        return Data(name=self.kind, text=self.guttered, keep=keep)


def visible(text: str, /) -> str:
    """`text` with what can't be seen, or might be taken for more than text, shown by code point."""
    return _HIDDEN.sub(lambda match: f"{_OPEN}{ord(match[0]):04X}{_CLOSE}", text)


def exact(text: str, /) -> str:
    """The text that `visible` was given."""
    return _MARK.sub(lambda match: _character(match[1]) or match[0], text)


def without_gutter(text: str, /) -> str:
    """`text` as it stood in the file, where a model has copied the gutter along with every line."""
    lines = text.split("\n")
    filled = [line for line in lines if line.strip()]
    if not filled or not all(re.match(r" *\d+\|( |$)", line) for line in filled):
        return text
    return "\n".join(re.sub(r"^ *\d+\| ?", "", line) for line in lines)


def _lines(text: str) -> list[str]:
    return visible(text).removesuffix("\n").split("\n")


def _on_one_line(text: str) -> str:
    return visible(text).replace("\n", "⟨U+000A⟩").replace("\t", " ")


def _character(code: str) -> str:
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF else ""
