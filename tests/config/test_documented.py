"""Every key of auditor.toml stands on its page, under its section."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from auditor.config.shape import Key
from auditor.config.target import TARGET_KEYS

PAGE = (Path(__file__).parents[2] / "docs/auditor-toml.md").read_text(encoding="utf-8")


def rows() -> dict[str, str]:
    """Section and the text of its rows."""
    sections: dict[str, str] = {}
    current = ""
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 4:
            current = cells[1].strip("`[] ") or current
            sections[current] = sections.get(current, "") + " ".join(cells[2:])
    return sections


@pytest.mark.parametrize(("section", "key"), TARGET_KEYS.items())
def test_a_section_names_all_of_its_keys(section: str, key: Key) -> None:
    documented = rows()[section]
    inside: Mapping[str, Key] = key.inside or {}
    if section == "budget":
        assert "any key of the vector" in documented
        return
    for name in inside:
        assert re.search(rf"`{name}`", documented), f"{section}.{name}"
