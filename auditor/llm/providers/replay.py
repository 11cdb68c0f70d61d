"""A model whose answers are those of a transcript. Nothing leaves the machine, nothing is paid."""

from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Final

from auditor.config.model_settings import ModelSettings
from auditor.llm.exchange import Began, Event, Finished, OutputT, Request, TextArrived
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.transcript import Recorded, question_id

_PIECE: Final = 256


class Replay:
    """A `Provider` that answers each question as it was answered when it was recorded."""

    destination = "nowhere"

    def __init__(self, path: Path, /) -> None:
        """`Fault` when there is no such transcript, or it can't be read."""
        self.model = f"replay:{path}"
        self._recorded = Recorded(path)

    async def stream(self, request: Request[OutputT], /) -> AsyncGenerator[Event, None]:
        """As `Provider.stream`; `ServiceFailure` for a question that was not asked, or not so often."""
        reply = self._recorded.take(question_id(request))
        if reply is None:
            raise ServiceFailure(
                FailureKind.NOT_RECORDED, f"the question of task {request.task!r} was not recorded"
            )
        yield Began(reply.request_id, reply.usage)
        for start in range(0, len(reply.text), _PIECE):
            yield TextArrived(reply.text[start : start + _PIECE])
        yield Finished(reply)


def named(name: str, settings: ModelSettings, env: Mapping[str, str], /) -> Replay:
    """The provider for `--model replay:FILE`."""
    del settings, env
    return Replay(Path(name))
