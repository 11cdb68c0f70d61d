"""`parse`: what is changed is still Python, and reads as it looks."""

import re
import unicodedata
import warnings
from typing import Final

from auditor.model.trial import GateResult
from auditor.repo.decode import decode
from auditor.repo.errors import Undecodable
from auditor.repo.syntax import syntax_tree
from auditor.trial.candidate import Candidate
from auditor.trial.constraints.edited import Edited

_DIRECTION: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Trojan Source (CVE-2021-42574): what a person reads is not what runs."""
_WORD: Final = re.compile(r"[^\W\d]\w*")


def check_parse(candidate: Candidate, /) -> GateResult:
    """Every changed Python file compiles, and adds no character that makes it look like something else."""
    for file in candidate.files:
        problem = _problem(file)
        if problem is not None:
            return GateResult(
                gate="parse", outcome="failed", text=f"{file.path}: {problem}", signature=f"parse:{file.path}"
            )
    return GateResult(gate="parse", outcome="passed", text="every changed file parses")


def _problem(file: Edited) -> str | None:
    if not file.path.endswith(".py"):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the target's invalid escapes are not ours to report
            # `compile` sees what `ast.parse` does not: `return` outside a function, a name that is parameter and global.
            compile(file.after, file.path, "exec", dont_inherit=True)
        text = decode(file.after).text
    except SyntaxError as error:
        return f"line {error.lineno or 1}: {error.msg}"
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return f"can't be compiled: {str(error) or type(error).__name__}"
    except Undecodable as error:
        return error.why
    if syntax_tree(file.after) is None:
        return "is too long, or nests too deeply, to be looked into"
    before = _text(file.before)
    if len(_DIRECTION.findall(text)) > len(_DIRECTION.findall(before)):
        return "adds characters that change the direction of text: what is read is not what runs"
    mixed = sorted(_mixed(text) - _mixed(before))
    return f"adds the name {mixed[0]!r}, which mixes alphabets" if mixed else None


def _text(content: bytes | None) -> str:
    try:
        return decode(content or b"").text
    except Undecodable:
        return ""


def _mixed(text: str) -> set[str]:
    """Names in which Latin letters stand beside look-alikes of another script."""
    return {word for word in _WORD.findall(text) if not word.isascii() and len(_scripts(word)) > 1}


def _scripts(word: str) -> set[str]:
    names = (unicodedata.name(char, "").partition(" ")[0] for char in word if char.isalpha())
    return {
        name for name in names if name in {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "FULLWIDTH"}
    }
