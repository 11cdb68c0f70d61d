"""The poisoned change of the demonstration."""

from __future__ import annotations

import pytest

from auditor.bundle import bundled
from auditor.engine.demonstrating import ENDPOINTS, WORKLOAD, with_import
from auditor.measure.workload import parse_workload

CASES = {
    "nothing": ("", "import x\n"),
    "no import": ("a = 1\n", "import x\na = 1\n"),
    "before the first import": ('"""Doc."""\n\nimport os\n', '"""Doc."""\n\nimport x\nimport os\n'),
    "after a future import": (
        "from __future__ import annotations\nimport os\n",
        "from __future__ import annotations\nimport x\nimport os\n",
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_an_import_is_put_where_imports_stand(text: str, expected: str) -> None:
    assert with_import(text, "x") == expected


def test_the_workload_that_comes_with_the_sample_asks_both_endpoints() -> None:
    content = (bundled("sample") / WORKLOAD).read_bytes()
    workload = parse_workload(content, name=WORKLOAD)
    prefixes = {endpoint.partition(" ")[2].partition("{")[0] for endpoint in ENDPOINTS}
    for prefix in prefixes:
        asked = [one for one in workload.requests if one.path.startswith(prefix)]
        assert len(asked) > 5
        assert any("time" in one.roles for one in asked)
