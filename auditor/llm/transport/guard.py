"""Looks at every HTTP reply before an SDK does: is it the service, and is it within bounds?

The SDKs read a reply of any size, follow redirects to other hosts, and give an empty stream for a login page.
"""

import re
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

import httpx2

from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.model.text import clean, shorten

MAX_REPLY_BYTES: Final = 64 << 20
"""A reply of 128,000 tokens, each an event of its own, has about twenty million."""
MAX_LINE_BYTES: Final = 8 << 20
"""The last event of Responses repeats the whole answer."""
_PIECE_BYTES: Final = 64 << 10
"""At most so much is unpacked at a time."""
CONNECT_S: Final = 15.0


def guarded_client() -> httpx2.AsyncClient:
    """A client for one SDK. Proxies of the user's environment are used; redirects are not followed."""
    return httpx2.AsyncClient(
        event_hooks={"response": [_guard]},
        follow_redirects=False,
        headers={"accept-encoding": "identity"},
        timeout=timeouts(),
    )


def timeouts() -> httpx2.Timeout:
    """Only the connection has a limit here; how long a reply may take is `auditor.llm.retrying`'s."""
    return httpx2.Timeout(None, connect=CONNECT_S)


async def _guard(response: httpx2.Response) -> None:
    if 300 <= response.status_code < 400:
        target = shorten(clean(response.headers.get("location", "nowhere")), 120)
        what = f"{_host(response)} redirects to {target}, and requests are sent only where you said"
        raise ServiceFailure(FailureKind.NOT_THE_SERVICE, what)
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "deflate", ""}:
        what = f"{_host(response)} answers compressed with {shorten(clean(encoding), 20)}, which was not asked for"
        raise ServiceFailure(FailureKind.NOT_THE_SERVICE, what)
    packed = encoding in {"gzip", "deflate"}
    if packed:
        del response.headers["content-encoding"]
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    bounded = _Bounded(response.stream, packed=packed)
    response.stream = bounded
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status_code == 200 and kind == "text/html":
        page = await _beginning(bounded)
        title = re.search(rb"<title[^>]*>(.*?)</title>", page, re.IGNORECASE | re.DOTALL)
        named = f" titled {shorten(clean(title[1].decode('utf-8', 'replace')), 80)!r}" if title else ""
        what = f"{_host(response)} answers with an HTML page{named} and not as the service"
        raise ServiceFailure(FailureKind.NOT_THE_SERVICE, what)


def _host(response: httpx2.Response) -> str:
    return response.request.url.host or "the server"


async def _beginning(stream: "_Bounded") -> bytes:
    found = b""
    async for piece in stream:
        found += piece
        if len(found) > 4096 or b"</title>" in found.lower():
            stream.end()
    return found[:8192]


def end_reply(response: httpx2.Response, /) -> None:
    """From now on the reply has no more bytes, so that whoever reads it comes to a regular end.

    The generators of the SDKs, one inside the other, do not close each other when they are left.
    """
    if isinstance(response.stream, _Bounded):
        response.stream.end()


class _Bounded(httpx2.AsyncByteStream):
    """A body that is unpacked piece by piece, and refused when it grows too large."""

    def __init__(self, stream: httpx2.AsyncByteStream, /, *, packed: bool) -> None:
        self._stream = stream
        self._packed = packed
        self._begun = False
        self._ended = False

    def end(self) -> None:
        """No more bytes are given."""
        self._ended = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._begun:  # OpenAI's SDK asks again for what stands behind the end
            return
        self._begun = True
        total = line = 0
        async with aclosing(self._unpacked()) as pieces:
            async for piece in pieces:
                total += len(piece)
                last = piece.rfind(b"\n")
                line = line + len(piece) if last < 0 else len(piece) - last - 1
                if total > MAX_REPLY_BYTES or line > MAX_LINE_BYTES:
                    raise _too_large(total)
                yield piece
                if self._ended:
                    return

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def _unpacked(self) -> AsyncGenerator[bytes, None]:
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32) if self._packed else None
        try:
            async with aclosing(_generator(self._stream)) as chunks:
                async for chunk in chunks:
                    if unpacker is None:
                        yield chunk
                        continue
                    rest = chunk
                    while rest and not unpacker.eof:
                        yield unpacker.decompress(rest, _PIECE_BYTES)
                        rest = unpacker.unconsumed_tail
        except zlib.error as error:
            raise ServiceFailure(FailureKind.CUT_OFF, "the reply's compression is broken") from error
        if unpacker is not None and not unpacker.eof:
            raise ServiceFailure(FailureKind.CUT_OFF, "the compressed reply broke off before its end")


async def _generator(stream: httpx2.AsyncByteStream) -> AsyncGenerator[bytes, None]:
    """The chunks of `stream`, whose own iterator is closed with this one."""
    chunks = aiter(stream)
    try:
        async for chunk in chunks:
            yield chunk
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()


def _too_large(total: int) -> ServiceFailure:
    if total > MAX_REPLY_BYTES:
        return ServiceFailure(FailureKind.TOO_LARGE, f"the reply grew over {MAX_REPLY_BYTES >> 20} MiB")
    what = f"a line of the reply grew over {MAX_LINE_BYTES >> 20} MiB"
    return ServiceFailure(FailureKind.TOO_LARGE, what)
