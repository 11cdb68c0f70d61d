"""Which paths a patch may name at all. The list is of what is allowed, since a list of what is not always lacks something.

Measured in `git apply` and `patch`: `.git` in other spellings, `..` behind a folder and links were all written.
"""

import unicodedata
from typing import Final

MAX_PATH: Final = 1024
MAX_NAME: Final = 255
_IGNORED_BY_FILESYSTEMS: Final = dict.fromkeys(
    (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF)
)
"""HFS+ takes no notice of these: `.g<U+200C>it` is `.git` there."""


def path_problem(path: str, /) -> str | None:
    """What is wrong with `path` as the place of an edit; None when nothing is."""
    if not path or len(path.encode("utf-8", "replace")) > MAX_PATH:
        return "is no path, or too long for one"
    if any(unicodedata.category(char) in {"Cc", "Cs", "Cf", "Zl", "Zp"} for char in path):
        return "holds characters that can't be seen"
    if "\\" in path or path.startswith("/") or ":" in path:
        return "is not relative to the tree with `/` between its parts"
    for part in path.split("/"):
        problem = _part_problem(part)
        if problem is not None:
            return problem
    return None


def _part_problem(part: str) -> str | None:
    if part in {"", ".", ".."}:
        return "leads through `.`, `..` or nothing"
    if len(part.encode("utf-8", "replace")) > MAX_NAME:
        return "has a part that is too long for a file name"
    if part != part.rstrip(". "):
        return "has a part that ends in a dot or a space"
    plain = unicodedata.normalize("NFKC", part).translate(_IGNORED_BY_FILESYSTEMS).casefold()
    if plain.rstrip(". ") in {".git", "git~1"} or plain.startswith((".git~", ".git:")):
        return "is git's own"
    if plain in {".gitmodules", ".gitattributes", ".gitconfig"}:
        return "is read by git as instructions"
    return None
