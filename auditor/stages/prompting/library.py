"""The prompts that ship, and the lock that says which they are.

`prompts/prompts.lock` has a line for each: id, version, hash of the file. A text that changes without its version is an error of whoever
changed it: `python -m auditor.stages.prompting.library` writes the lock anew, and refuses that.
"""

import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from auditor.bundle import bundled
from auditor.model.fault import Fault
from auditor.stages.prompting.prompt import Prompt, read_prompt

LOCK: Final = "prompts.lock"
COMMON: Final = "common"
"""The static part that all calls of a run begin with."""


@cache
def prompts() -> Mapping[str, Prompt]:
    """Every prompt by its id."""
    return prompts_in(bundled("prompts"))


def prompts_in(folder: Path, /) -> dict[str, Prompt]:
    """The prompts of `folder`, by id; `Fault` for one that is not called as its file is."""
    found: dict[str, Prompt] = {}
    for path in sorted(folder.glob("*.md")):
        prompt = read_prompt(path)
        if prompt.spec.id != path.stem:
            raise Fault(f"has the id {prompt.spec.id!r}", where=path.name, hint="the file is named after it")
        found[prompt.spec.id] = prompt
    return found


def lock_text(found: Iterable[Prompt], /) -> str:
    """The lock that these prompts should have."""
    lines = (f"{one.spec.id} {one.spec.version} {one.sha256}\n" for one in found)
    return "".join(sorted(lines))


def unlocked(found: Mapping[str, Prompt], lock: str, /) -> list[str]:
    """What `lock` says otherwise than `found`, a sentence each."""
    known = {line.split()[0]: line.split()[1:] for line in lock.splitlines() if line.strip()}
    said = [f"{name} is locked and is not there" for name in sorted(set(known) - set(found))]
    for name, prompt in sorted(found.items()):
        version = str(prompt.spec.version)
        if name not in known:
            said.append(f"{name} is not locked")
        elif known[name][0] != version:
            said.append(f"{name} has version {version} and is locked with {known[name][0]}")
        elif known[name][1] != prompt.sha256:
            said.append(f"{name} has changed and its version has not")
    return said


def _rewrite() -> int:
    folder = bundled("prompts")
    found, path = prompts_in(folder), folder / LOCK
    old = path.read_text() if path.exists() else ""
    wrong = [text for text in unlocked(found, old) if text.endswith("its version has not")]
    for text in wrong:
        sys.stderr.write(f"{text}\n")
    if not wrong:
        path.write_text(lock_text(found.values()))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(_rewrite())
