"""From bytes to source text, as Python itself would read them, and a bit further where Python refuses."""

import codecs
import re
from dataclasses import dataclass
from typing import Final, Literal

from auditor.repo.errors import Undecodable

Newline = Literal["\n", "\r\n", "\r", "mixed"]

_UTF8_BOM: Final = codecs.BOM_UTF8
_WIDE_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_COOKIE: Final = re.compile(
    rb"(?:[ \t\f]*(?:\#[^\r\n]*)?(?:\r\n?|\n))??[ \t\f]*\#[^\r\n]*?coding[:=][ \t]*([-\w.]+)"
)
"""PEP 263: a comment in the first line, or in the second after an empty line or a comment."""
_LINEAR_CODEC: Final = re.compile(
    r"utf-8|ascii|iso8859-\d+|cp\d+|koi8-\w|mac-\w+|gb\w+|big5\w*|shift_jis\w*|euc_\w+|johab|tis-620|hp-roman8"
    r"|kz1048|ptcp154"
)
"""What a file may ask for: other codecs (punycode, idna) are slow on hostile input, or give no text."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Source text, and what is needed to write it back as it was."""

    text: str
    """Newlines are all `\\n`, as Python's tokenizer sees them, so that line numbers agree; no BOM."""
    encoding: str
    newline: Newline
    bom: bool = False
    note: str = ""
    """What a reader must know: why the text may differ from what the author meant. Empty when all is well."""


def decode(data: bytes, /) -> Decoded:
    """`data` as text, by BOM, then PEP 263 cookie, then UTF-8, then Latin-1 with a note.

    Raises:
        Undecodable: the bytes are UTF-16, UTF-32 or binary.
    """
    bom = data.startswith(_UTF8_BOM)
    if not bom:
        _refuse_binary(data)
    body = data[len(_UTF8_BOM) :] if bom else data
    if b"\0" in body:
        raise Undecodable("holds NUL bytes: binary, or UTF-16 without its mark")
    raw, encoding, note = _text(body, bom=bom)
    newline = _newline(raw)
    text = raw if newline == "\n" else raw.replace("\r\n", "\n").replace("\r", "\n")
    return Decoded(text=text, encoding=encoding, newline=newline, bom=bom, note=note)


def encode(decoded: Decoded, /) -> bytes:
    """The bytes `decode` was given, unless newlines were mixed: then each becomes a line feed."""
    newline = "\n" if decoded.newline == "mixed" else decoded.newline
    body = decoded.text.replace("\n", newline).encode(decoded.encoding)
    return _UTF8_BOM + body if decoded.bom else body


def _refuse_binary(data: bytes) -> None:
    for mark, name in _WIDE_BOMS:
        if data.startswith(mark):
            raise Undecodable(f"is {name}, which Python does not read as source")


def _text(body: bytes, *, bom: bool) -> tuple[str, str, str]:
    """Text with its newlines as they are, encoding, note."""
    wanted, note = _declared(body)
    if bom and wanted != "utf-8":
        wanted, note = "utf-8", f"begins as UTF-8 but declares {wanted}"
    try:
        return body.decode(wanted), wanted, note
    except UnicodeDecodeError as error:
        # A character of the text survives in Latin-1 whatever the bytes meant, and so does every line number.
        return body.decode("latin-1"), "latin-1", f"is not valid {wanted.upper()} at byte {error.start}"


def _declared(body: bytes) -> tuple[str, str]:
    """The codec the cookie asks for, or UTF-8, and a note where it can't be had."""
    cookie = _COOKIE.match(body)
    if cookie is None:
        return "utf-8", ""
    name = cookie[1].decode("ascii")
    plain = name.lower().replace("_", "-")
    # Editors add their newline style (`utf-8-unix`), which Python's tokenizer leaves out too.
    for known, codec in (("utf-8", "utf-8"), ("latin-1", "latin-1"), ("iso-8859-1", "latin-1")):
        if plain == known or plain.startswith(known + "-"):
            return codec, ""
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        codec = ""
    if not _LINEAR_CODEC.fullmatch(codec):
        return "utf-8", f"declares the unknown encoding {name[:40]!r}"
    return codec, ""


def _newline(text: str) -> Newline:
    if "\r" not in text:
        return "\n"
    pairs = text.count("\r\n")
    if pairs == text.count("\r"):
        return "\r\n" if pairs == text.count("\n") else "mixed"
    return "mixed" if "\n" in text else "\r"
