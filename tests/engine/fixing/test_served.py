"""A target whose answers depend on what its worker has served: no change is blamed for that, and one that mixes requests up is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.engine.fixing.fix import Fixed
from auditor.engine.fixing.request import FixRequest

_COUNTER = """
served = []


@app.before_request
def count():
    served.append(request.path)


@app.after_request
def told(response):
    response.headers["X-Served"] = str(len(served))
    response.headers["X-Cache"] = "hit" if request.full_path in served[:-1] else "miss"
    return response


"""


@pytest.fixture
def counting(shelf: FixRequest) -> FixRequest:
    """The shelf, with a figure of the worker's in each answer, and whether it was asked that before."""
    file = shelf.audit.path / "app.py"
    text = file.read_text("utf-8").replace(
        '@app.get("/people")', _COUNTER.lstrip() + '@app.get("/people")', 1
    )
    for field in ("people", "teams"):
        text = text.replace(f"jsonify({field}=", f"jsonify(served=len(served), {field}=")
    file.write_text(text, "utf-8")
    asked = shelf.audit.path / "requests.jsonl"
    more = [
        f'{{"id": "{path} {n}", "path": "/{path}", "query": [["n", "{n}"]], "roles": ["contract"]}}'
        for n in range(8)
        for path in ("people", "teams")
    ]
    asked.write_text(asked.read_text("utf-8") + "\n".join(more) + "\n", "utf-8")
    return shelf


@pytest.mark.usefixtures("counting")
def test_what_a_worker_has_served_is_no_changes_fault(
    tried: Callable[..., Fixed], patch: Callable[..., Path]
) -> None:
    done = tried(patch("people"), patch("people", "teams"))
    assert [(one.id, one.verdict, one.root_error) for one in done.result.changes] == [
        ("C-people", "kept", ""),
        ("C-teams", "kept", ""),
    ]
