"""Answers of a service, from the right one to what goes wrong with services."""

import gzip
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from auditor.llm.loopback.server import Answer, Call, Protocol
from auditor.llm.loopback.speech import Said, Shown, events, frame

_REASONS = {200: "OK", 302: "Found"}


def say(text: str = "", /, **options: Any) -> Answer:
    """A whole reply in whatever protocol it is asked in; `options` are those of `Said`."""
    return saying(Said(text=text, **options))


def saying(said: Said, /, change: Callable[[list[Shown], Protocol], list[Shown]] | None = None) -> Answer:
    """A whole reply whose events `change` may bend."""

    def answer(call: Call) -> None:
        shown = events(call.protocol, said)
        _stream(call, [frame(event) for event in (change(shown, call.protocol) if change else shown)])

    return answer


def status(
    code: int, message: str = "no", /, *, kind: str = "error", headers: Mapping[str, str] | None = None
) -> Answer:
    """An error status with a body in the form of the service that is asked."""

    def answer(call: Call) -> None:
        if call.protocol == "messages":
            body: dict[str, Any] = {"type": "error", "error": {"type": kind, "message": message}}
        else:
            body = {"error": {"message": message, "type": kind, "code": kind, "param": None}}
        _send(call, code, json.dumps(body).encode(), {"content-type": "application/json", **(headers or {})})

    return answer


def page(code: int = 200, /, *, title: str = "Sign in", headers: Mapping[str, str] | None = None) -> Answer:
    """An HTML page: a proxy's, or a wrong address."""
    body = f"<!doctype html><html><head><title>{title}</title></head><body>Please sign in.</body></html>"
    return lambda call: _send(
        call, code, body.encode(), {"content-type": "text/html; charset=utf-8", **(headers or {})}
    )


def error_inside(after: int, /, *, kind: str = "overloaded_error", message: str = "Overloaded") -> Answer:
    """A reply that begins well and turns into an error behind its first `after` events."""

    def change(shown: list[Shown], protocol: Protocol) -> list[Shown]:
        error: Shown = "error", {"type": "error", "error": {"type": kind, "message": message}}
        if protocol == "responses":
            error = "error", {"type": "error", "code": kind, "message": message, "sequence_number": after}
        if protocol == "chat":
            error = None, {"error": {"message": message, "type": kind, "code": kind}}
        return [*shown[:after], error]

    return saying(Said(text='{"value": 1}'), change)


def cut(after: int, /, *, inside: bool = False, length: int | None = None) -> Answer:
    """A reply that ends behind its first `after` events, or in the middle of the next one.

    `length` is the Content-Length that is claimed; without it the end of the connection is the end.
    """

    def answer(call: Call) -> None:
        frames = [frame(event) for event in events(call.protocol, Said(text='{"value": 1}'))]
        body = b"".join(frames[:after]) + (frames[after][: len(frames[after]) // 2] if inside else b"")
        claimed = {} if length is None else {"content-length": str(length)}
        _head(call, 200, {"content-type": "text/event-stream", **claimed})
        call.send(body)

    return answer


def packed(*, broken: bool) -> Answer:
    """A reply compressed though nobody asked for it, whole or broken in the middle."""

    def answer(call: Call) -> None:
        body = gzip.compress(
            b"".join(frame(event) for event in events(call.protocol, Said(text='{"value": 1}')))
        )
        _head(call, 200, {"content-type": "text/event-stream", "content-encoding": "gzip"})
        call.send(body[: len(body) // 2] + b"\xff" * 32 if broken else body)

    return answer


def endless(piece: bytes, /, *, packed_as: str = "") -> Answer:
    """A reply that goes on until nobody listens any more."""

    def answer(call: Call) -> None:
        named = {"content-encoding": packed_as} if packed_as else {}
        _head(call, 200, {"content-type": "text/event-stream", **named})
        while not call.stopping.is_set():
            call.send(piece)

    return answer


def nested(call: Call) -> None:
    """An event whose JSON opens lists and closes none."""
    _head(call, 200, {"content-type": "text/event-stream"})
    call.send(b"event: message_start\ndata: " + b"[" * 200_000 + b"\n\n")


def chatter(call: Call) -> None:
    """An answer without end, in events that are all right."""
    shown = events(call.protocol, Said(text="x" * 24))
    at = next(number for number, event in enumerate(shown) if b"x" * 24 in frame(event))
    _head(call, 200, {"content-type": "text/event-stream"})
    call.send(b"".join(frame(event) for event in shown[:at]))
    piece = frame(shown[at]).replace(b"x" * 24, b"x" * 100_000)
    while not call.stopping.is_set():
        call.send(piece)


def hang(arrived: threading.Event, /, *, after: int = 0, drip: threading.Semaphore | None = None) -> Answer:
    """A reply that stops behind `after` events, or goes on byte by byte, each when `drip` is released.

    `arrived` is set when it does so. It ends when the other side has gone.
    """

    def answer(call: Call) -> None:
        frames = [frame(event) for event in events(call.protocol, Said(text='{"value": 1}'))]
        if after:
            _head(call, 200, {"content-type": "text/event-stream"})
            call.send(b"".join(frames[:after]))
        arrived.set()
        if drip is not None:
            for number in range(1 << 20):
                while not drip.acquire(timeout=0.1):
                    if call.stopping.is_set():
                        return
                call.send(b":"[number : number + 1] or b"x")
        call.left()

    return answer


def hang_up(call: Call) -> None:
    """Closes the connection without a word."""
    del call


def raw(content: bytes, /) -> Answer:
    """These bytes and nothing else."""
    return lambda call: call.send(content)


def models(*names: str) -> Answer:
    """The list of models, or the one that is asked for."""

    def answer(call: Call) -> None:
        asked = call.path.partition("?")[0].partition("/models")[2].strip("/")
        rows = [
            {"id": name, "object": "model", "type": "model", "created": 0, "owned_by": "me"} for name in names
        ]
        if not asked:
            _send(call, 200, json.dumps({"object": "list", "data": rows, "has_more": False}).encode(), _JSON)
        elif asked in names:
            _send(call, 200, json.dumps(rows[names.index(asked)]).encode(), _JSON)
        else:
            status(404, f"model: {asked}", kind="not_found_error")(call)

    return answer


_JSON = {"content-type": "application/json"}


def only(protocols: Sequence[Protocol], answer: Answer, /) -> Answer:
    """A server that knows only some paths."""
    unknown = status(404, "Not Found", kind="not_found_error")
    return lambda call: answer(call) if call.protocol in protocols else unknown(call)


def _stream(call: Call, frames: Sequence[bytes]) -> None:
    _head(call, 200, {"content-type": "text/event-stream", "request-id": "req_1", "x-request-id": "req_1"})
    for content in frames:
        call.send(content)


def _send(call: Call, code: int, body: bytes, headers: Mapping[str, str]) -> None:
    _head(
        call,
        code,
        {"content-length": str(len(body)), "request-id": "req_1", "x-request-id": "req_1", **headers},
    )
    call.send(body)


def _head(call: Call, code: int, headers: Mapping[str, str]) -> None:
    lines = [
        f"HTTP/1.1 {code} {_REASONS.get(code, 'Error')}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    call.send("\r\n".join((*lines, "connection: close", "", "")).encode("latin-1"))
