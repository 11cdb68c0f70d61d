"""`SKILL.md` as text: YAML front matter of the Agent Skills standard (agentskills.io), then markdown."""

from __future__ import annotations

import re
from typing import Final

import yaml
from pydantic import ValidationError

from auditor.model.fault import Fault
from auditor.model.playbook import Playbook

SECTIONS: Final = ("When it applies", "Recipe", "What to verify", "What it once broke")
"""Every playbook has these headings, in this order."""
MAX_BYTES: Final = 64 * 1024
"""A skill is read whole into an assistant's context; the standard advises below 5,000 words."""
_FRONT: Final = re.compile(r"\A---\n(?P<yaml>.*?)^---\n(?P<body>.*)\Z", re.DOTALL | re.MULTILINE)
_KNOWN: Final = frozenset({"name", "description", "license", "compatibility", "metadata", "allowed-tools"})
_RULES: Final = "auditor-rules"
_PHASE: Final = "auditor-phase"
_RUN: Final = "auditor-learnt-from"


def read_skill(text: str, /, *, folder: str, where: str) -> Playbook:
    """The playbook that the text of a `SKILL.md` in `folder` is.

    Raises:
        Fault: what the standard or auditor asks for is missing or wrong.
    """

    def wrong(problem: str, hint: str = "see agentskills.io for the form of a skill") -> Fault:
        return Fault(problem, where=where, hint=hint)

    if len(text.encode()) > MAX_BYTES:
        raise wrong(f"a skill of more than {MAX_BYTES // 1024} KiB")
    found = _FRONT.match(text.replace("\r\n", "\n"))
    if found is None:
        raise wrong("no front matter between two lines of `---`")
    try:
        front = yaml.safe_load(found["yaml"])
    except yaml.YAMLError as error:
        raise wrong(f"its front matter is no YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(front, dict):
        raise wrong("its front matter is no table")
    unknown = sorted(str(key) for key in front if key not in _KNOWN)
    if unknown:
        raise wrong(f"the standard knows no {', '.join(unknown)}", "put keys of your own under `metadata`")
    if front.get("name") != folder:
        raise wrong(f"its name is {front.get('name')!r}, its folder's {folder!r}", "make them equal")
    metadata = front.get("metadata") or {}
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise wrong("`metadata` is not a table of texts", "put numbers and lists between quotes")
    body = found["body"].strip() + "\n"
    missing = [one for one in SECTIONS if f"\n## {one}\n" not in f"\n{body}"]
    if missing:
        raise wrong(f"it lacks the heading {missing[0]!r}", f"its headings are {', '.join(SECTIONS)}")
    try:
        return Playbook(
            name=folder,
            description=" ".join(str(front.get("description") or "").split()),
            rules=tuple(metadata.get(_RULES, "").split()),
            phase=int(metadata.get(_PHASE, "0")),
            body=body,
            learnt_from=metadata.get(_RUN, ""),
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise wrong(f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}") from None
    except ValueError:
        raise wrong(f"{_PHASE} is no number: {metadata.get(_PHASE)!r}") from None


def write_skill(playbook: Playbook, /) -> str:
    """The text of a `SKILL.md`, from which `read_skill` gives the same playbook."""
    metadata = {_RULES: " ".join(playbook.rules), _PHASE: str(playbook.phase)}
    if playbook.learnt_from:
        metadata[_RUN] = playbook.learnt_from
    front = {"name": playbook.name, "description": playbook.description, "metadata": metadata}
    text = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{text}---\n\n{playbook.body.strip()}\n"
