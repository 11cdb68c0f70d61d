"""Bad answers of models, through both SDKs in all three protocols: never used, always paid, told apart."""

import pytest

from auditor.llm.loopback.faults import FaultCase
from auditor.llm.loopback.outputs import OUTPUTS
from auditor.llm.loopback.trying import WAYS


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.number} {case.title}") for case in OUTPUTS])
def test_every_bad_answer_ends_as_it_must(
    case: FaultCase, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert case.wrong(case.run(WAYS[way])) == ()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []
