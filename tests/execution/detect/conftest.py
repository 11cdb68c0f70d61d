"""Small trees, what is proposed from them, and two that many tests begin with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.execution.detect.proposal import Proposal, propose
from auditor.execution.detect.tree import Tree, open_tree
from auditor.frameworks import discover
from auditor.index.build import build_index
from auditor.repo.snapshot import open_snapshot

Grow = Callable[[dict[str, str]], Tree]
Propose = Callable[[dict[str, str]], Proposal]

FLASK = "from flask import Flask\napp = Flask(__name__)\n@app.get('/x')\ndef x(): return ''\n"
DJANGO = {
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site.settings')\n",
    "shop/wsgi.py": "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
}


@pytest.fixture
def grow(tmp_path: Path) -> Grow:
    """Writes files (path and text) and lists them."""

    def grown(files: dict[str, str]) -> Tree:
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, encoding="utf-8")
        return open_tree(tmp_path)

    return grown


@pytest.fixture
def proposed(tmp_path: Path, grow: Grow) -> Propose:
    """What the files propose, with an empty environment."""

    def proposal(files: dict[str, str]) -> Proposal:
        grow(files)
        with open_snapshot(tmp_path) as snapshot:
            index = build_index(snapshot, jobs=1, cache_dir=None, progress=lambda _done, _total: None)
            return propose(
                open_tree(tmp_path),
                index.project,
                discover(index.project),
                unread=index.coverage.unparsed,
                env={"PATH": ""},
            )

    return proposal
