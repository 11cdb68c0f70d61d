"""A tree made to keep us busy takes seconds, not hours."""

import time
from collections.abc import Callable

import pytest

from auditor.execution.detect.collecting import statements, trusts
from auditor.execution.detect.compose import services
from auditor.execution.detect.samples import samples
from auditor.execution.detect.starting import starts
from auditor.execution.detect.tree import Tree

Grow = Callable[[dict[str, str]], Tree]
SIZE = 250_000


@pytest.mark.parametrize(
    "filling",
    [" ", "a", "$a", "${a:-", "`", "=", "a=", "\\\n", "::", "'", "$(", "# ", "\t:", "<<a\n", "[", "A=$A$A\n"],
)
def test_a_file_of_one_thing_only(filling: str, grow: Grow) -> None:
    text = filling * (SIZE // len(filling)) + "x"
    names = (
        "Procfile",
        "Dockerfile",
        "a.sh",
        "Makefile",
        "README.md",
        "a.service",
        "supervisord.conf",
        ".env.example",
    )
    files = {
        name: f"{prefix}{text}"
        for name in names
        for prefix in [{"Dockerfile": "FROM a\nENV "}.get(name, "A")]
    }
    tree = grow(
        {
            **files,
            "docker-compose.yml": text[:60_000],
            "pyproject.toml": text[:60_000],
            "requirements.txt": text,
        }
    )
    began = time.process_time()
    composed = services(tree)
    found = statements(tree, composed)
    starts(tree, found, trusts(tree, found))
    samples(tree, composed)
    assert time.process_time() - began < 20


def test_thousands_of_servers(grow: Grow) -> None:
    lines = "".join(f"gunicorn a{n}.b:c\n" for n in range(3_000))
    tree = grow({"a.sh": lines, **{f"p{n}/a.py": "" for n in range(2_000)}})
    began = time.process_time()
    found = statements(tree, ())
    assert len(starts(tree, found, trusts(tree, found))) == 100
    assert time.process_time() - began < 20
