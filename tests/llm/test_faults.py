"""The faults of a model's service, each through both SDKs in all three protocols."""

import pytest

from auditor.llm.loopback.faults import CASES, FaultCase
from auditor.llm.loopback.trying import WAYS


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.number} {case.title}") for case in CASES])
def test_every_fault_ends_as_it_must(case: FaultCase, way: str, caplog: pytest.LogCaptureFixture) -> None:
    ending = case.run(WAYS[way])
    assert case.wrong(ending) == ()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


def test_every_numbered_fault_has_a_case() -> None:
    """L11 is a crash, which `test_crash` has."""
    assert {case.number for case in CASES} | {"L11"} == {f"L{number}" for number in range(1, 18)}
