"""Each kind of file gives the commands it would run, and nothing else."""

from collections.abc import Callable, Iterator

import pytest

from auditor.execution.detect.compose import compose, services
from auditor.execution.detect.dockerfile import dockerfile, dockerfile_variables
from auditor.execution.detect.procfile import procfile
from auditor.execution.detect.scripts import documents, makefile, scripts, tasks
from auditor.execution.detect.statement import Statement
from auditor.execution.detect.tree import Tree
from auditor.execution.detect.units import s6, supervisor, systemd
from auditor.execution.detect.yaml_nodes import read_yaml

Grow = Callable[[dict[str, str]], Tree]
Source = Callable[[Tree], Iterator[Statement]]


def composed(tree: Tree) -> Iterator[Statement]:
    return compose(services(tree))


def texts(found: Iterator[Statement]) -> list[str]:
    return [" ".join(statement.words) for statement in found]


@pytest.mark.parametrize(
    ("source", "file", "text"),
    [
        (procfile, "Procfile", "# web: gunicorn a:b\n"),
        (procfile, "Procfile", "web gunicorn a:b\n"),
        (procfile, "docs/Procfile.md", "web: gunicorn a:b\n"),
        (dockerfile, "Dockerfile", 'FROM python\n# CMD ["gunicorn", "a:b"]\n'),
        (dockerfile, "Dockerfile", "FROM python\nHEALTHCHECK CMD curl http://localhost/\n"),
        (dockerfile, "Dockerfile", "FROM python\nRUN echo CMD gunicorn a:b\n"),
        (dockerfile, "Dockerfile", "FROM python\nRUN cat <<EOF > /x\nCMD gunicorn a:b\nEOF\n"),
        (dockerfile, "Dockerfile", "CMD gunicorn a:b\n"),
        (composed, "docker-compose.yml", "services:\n  web:\n    # command: gunicorn a:b\n    build: .\n"),
        (composed, "docker-compose.yml", "x-web:\n  command: gunicorn a:b\n"),
        (composed, "docker-compose.yml", "services: [web, {command: gunicorn}]\n"),
        (composed, "docker-compose.yml", "services:\n  web: {command: [\n"),
        (composed, "compose.txt", "services:\n  web:\n    command: gunicorn a:b\n"),
        (systemd, "a.service", "#ExecStart=gunicorn a:b\nExecReload=/bin/kill\n"),
        (supervisor, "supervisord.conf", ";command=gunicorn a:b\n"),
        (s6, "x/run", "gunicorn a:b\n"),
        (scripts, "bin/tool.py", "#!/usr/bin/env python\ngunicorn\n"),
        (scripts, "bin/tool", "gunicorn a:b\n"),
        (tasks, "pyproject.toml", "[tool.poe.tasks\nserve = 'gunicorn a:b'\n"),
        (tasks, "pyproject.toml", "[tool.other.tasks]\nserve = 'gunicorn a:b'\n"),
        (makefile, "Makefile", "# \tgunicorn a:b\nserve:\n"),
        (documents, "README.md", "We run gunicorn a:b in production.\n`gunicorn a:b`\n"),
        (documents, "README.md", "```\n# gunicorn a:b\n```\n"),
        (documents, "README.md", "- first\n\n    gunicorn a:b is what we run\n\n    gunicorn a:b\n"),
        (documents, "README.md", "So we run\n    gunicorn a:b\n"),
        (documents, "notes.md", "```\ngunicorn a:b\n```\n"),
    ],
)
def test_what_only_looks_like_a_command(source: Source, file: str, text: str, grow: Grow) -> None:
    assert not [words for words in texts(source(grow({file: text}))) if words.startswith("gunicorn")]


@pytest.mark.parametrize(
    ("source", "file", "text", "line", "name"),
    [
        (procfile, "Procfile", "release: x\nweb: gunicorn a:b\n", 2, "web"),
        (dockerfile, "Dockerfile", 'FROM python\nCMD ["gunicorn", "a:b"]\n', 2, ""),
        (dockerfile, "Dockerfile", "FROM python\nENV APP=a:b\nCMD exec gunicorn $APP\n", 3, ""),
        (dockerfile, "Dockerfile", "FROM python AS base\nCMD gunicorn a:b\nFROM x\n", 2, "base"),
        (dockerfile, "deploy/web.Dockerfile", 'from python\ncmd ["gunicorn", \\\n "a:b"]\n', 2, ""),
        (composed, "compose.yaml", "services:\n  web:\n    command: gunicorn a:b\n", 3, "web"),
        (composed, "compose.yaml", "services:\n  web:\n    command: [gunicorn, 'a:b']\n", 3, "web"),
        (
            composed,
            "compose.yaml",
            "x: &x\n  command: gunicorn a:b\nservices:\n  web:\n    <<: *x\n    image: y\n",
            2,
            "web",
        ),
        (systemd, "etc/web.service", "[Service]\nExecStart=gunicorn a:b\n", 2, "web"),
        (supervisor, "conf/supervisord.conf", "[program:web]\ncommand=gunicorn a:b\n", 2, "web"),
        (s6, "s6/web/run", "#!/bin/sh\nexec gunicorn a:b\n", 2, "web"),
        (scripts, "start.sh", "set -e\ngunicorn a:b\n", 2, "start.sh"),
        (scripts, "bin/start", "#!/bin/bash\nserve() {\n  gunicorn a:b\n}\n", 3, "serve"),
        (tasks, "pyproject.toml", "[tool.poe.tasks]\nserve.cmd = 'gunicorn a:b'\n", 2, "serve"),
        (tasks, "Pipfile", "[scripts]\nserve = 'gunicorn a:b'\n", 2, "serve"),
        (makefile, "Makefile", "APP = a:b\nserve: x\n\t@gunicorn $(APP)\n", 3, "serve"),
        (documents, "README.md", "# Run\n\n```sh\n$ gunicorn a:b\n```\n", 4, ""),
        (documents, "README.md", "# Run\n\n    ./make\n    gunicorn a:b\n", 4, ""),
        (documents, "README.md", "1. a list\n\nRun:\n\n    gunicorn a:b\n", 5, ""),
        (documents, "README.rst", "Run::\n\n    gunicorn a:b\n\ndone\n", 3, ""),
    ],
)
def test_what_a_file_runs(source: Source, file: str, text: str, line: int, name: str, grow: Grow) -> None:
    found = [each for each in source(grow({file: text})) if "gunicorn" in each.words]
    assert [(*each.words[-2:], each.line, each.name) for each in found] == [("gunicorn", "a:b", line, name)]


def test_the_last_command_of_an_image_counts_and_a_new_entry_point_forgets_the_old(grow: Grow) -> None:
    text = 'FROM a AS b\nCMD x\nENTRYPOINT ["e"]\nFROM b\nCMD y\nCMD ["z"]\n'
    assert texts(dockerfile(grow({"Dockerfile": text}))) == ["e", "z", "e z"]


def test_variables_of_an_image(grow: Grow) -> None:
    tree = grow({"Dockerfile": 'FROM a\nENV A=1 B="x y"\nENV C z\n'})
    assert dockerfile_variables(tree, "Dockerfile") == {"A": "1", "B": "x y", "C": "z"}


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x]\n"
        + "".join(f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}{', *a' * 8}]\n" for n in range(9)),
        "[" * 50_000,
        "a: " * 5_000,
        "\0",
        "a: !!python/object/apply:os.system [true]\n",
        "- &a [*a]\n",
    ],
)
def test_yaml_made_to_hurt_is_read_or_left(text: str) -> None:
    document = read_yaml(text)
    if document is not None:
        assert len(document.pairs()) < 100


def test_merges_made_to_hurt_end() -> None:
    levels = ["l0: &l0 {k: v}"]
    levels += [f"l{n}: &l{n} {{<<: [{', '.join([f'*l{n - 1}'] * 9)}], k{n}: v}}" for n in range(1, 12)]
    document = read_yaml("\n".join(levels))
    assert document is not None
    last = document.get("l11")
    assert last is not None
    assert dict(last.pairs())["k11"].text == "v"
