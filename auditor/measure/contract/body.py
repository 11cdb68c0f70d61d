"""The body of an answer as something that can be compared: JSON, text by lines, or a hash."""

import zlib
from email.message import Message
from typing import Final

from auditor.measure.answer import Answer
from auditor.measure.contract.tree import Lines, Tree, parse_tree

_TEXTS: Final = ("text/", "application/xml", "application/javascript", "application/x-www-form-urlencoded")
_LONGEST_DECODED: Final = 16 << 20
"""A packed body that unpacks to more is compared by its hash."""


def body_tree(answer: Answer, /) -> dict[str, Tree]:
    """`as` says what the body was taken for, `content` holds it.

    JSON is what calls itself JSON and is; what calls itself JSON and is none is compared as a text, or by hash
    where it is not even that. A body whose end was not kept is compared by hash and length.
    """
    if not answer.body_bytes:
        return {"as": "nothing", "content": None}
    data = None if answer.cut else _unpacked(answer)
    if data is None:
        return _binary(answer)
    media, charset = _media(answer)
    try:
        text = data.decode(charset)
    except (UnicodeDecodeError, LookupError):
        return _binary(answer)
    if media.endswith(("/json", "+json")) or (not media and text.lstrip()[:1] in {"{", "["}):
        try:
            return {"as": "json", "content": parse_tree(text)}
        except ValueError:
            return {"as": "text", "content": _lines(text)}
    if not media or media.startswith(_TEXTS) or media.endswith(("+xml", "ndjson", "jsonl")):
        return {"as": "text", "content": _lines(text)}
    return _binary(answer)


def _lines(text: str) -> Lines:
    # Not splitlines: what other characters it takes for line ends would not be compared.
    return Lines(text.split("\n"))


def _binary(answer: Answer) -> dict[str, Tree]:
    return {"as": "bytes", "content": {"sha256": answer.sha256, "length": answer.body_bytes}}


def _media(answer: Answer) -> tuple[str, str]:
    """Media type in lower case without parameters, and the charset (UTF-8 where none is named)."""
    parsed = Message()
    parsed["content-type"] = answer.header("content-type") or ""
    media = parsed.get_content_type() if answer.header("content-type") else ""
    return media, str(parsed.get_param("charset") or "utf-8")


def _unpacked(answer: Answer) -> bytes | None:
    """None when it is packed in a way not known here, or unpacks to too much."""
    packed = (answer.header("content-encoding") or "identity").strip().lower()
    if packed == "identity":
        return answer.body
    if packed not in {"gzip", "deflate"}:
        return None
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        data = unpacker.decompress(answer.body, _LONGEST_DECODED)
    except zlib.error:
        return None
    return data if unpacker.eof else None
