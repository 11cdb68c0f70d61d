"""The poisoned change of the demonstration."""

from __future__ import annotations

import pytest

from auditor.bundle import bundled
from auditor.config.database import Engine
from auditor.config.target import TARGET_FILE, parse_target_settings
from auditor.engine.demonstrating import ENDPOINTS, WORKLOAD, on_engine, with_import
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


@pytest.mark.parametrize("engine", [Engine.SQLITE, Engine.POSTGRESQL])
def test_the_copy_is_fixed_on_the_database_that_is_asked_for(engine: Engine) -> None:
    text = (bundled("sample") / TARGET_FILE).read_text("utf-8")
    before, after = (
        parse_target_settings(text.encode()),
        parse_target_settings(on_engine(text, engine).encode()),
    )
    assert after.database.engine is engine
    assert after.boot == before.boot
    assert after.identities == before.identities
