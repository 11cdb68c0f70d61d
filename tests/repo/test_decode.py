import io
import time
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.repo.decode import decode, encode
from auditor.repo.errors import Undecodable

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=80)
LINES = st.lists(st.text("abc #é\t", max_size=8), max_size=6)


def test_plain_utf8_has_nothing_to_say() -> None:
    found = decode("x = 'é'\n".encode())
    assert (found.text, found.encoding, found.newline, found.bom, found.note) == (
        "x = 'é'\n",
        "utf-8",
        "\n",
        False,
        "",
    )


@pytest.mark.parametrize(
    "cookie",
    [
        "# coding: latin-1",
        "# -*- coding: iso-8859-1 -*-",
        "# vim: set fileencoding=latin-1 :",
        "\n# coding=latin-1-unix",
    ],
)
def test_cookie_is_obeyed_in_the_first_two_lines(cookie: str) -> None:
    found = decode(f"{cookie}\nx = 'é'\n".encode("latin-1"))
    assert "é" in found.text
    assert (found.encoding, found.note) == ("latin-1", "")


@pytest.mark.parametrize("above", ["\n\n", "x = 1\n", "'''\n"])
def test_cookie_is_text_anywhere_else(above: str) -> None:
    found = decode(f"{above}# coding: latin-1\nx = 'é'\n".encode())
    assert (found.encoding, found.note) == ("utf-8", "")
    assert "é" in found.text


def test_bom_is_left_out_of_the_text() -> None:
    found = decode(b"\xef\xbb\xbfx = 1\n")
    assert (found.text, found.bom, found.note) == ("x = 1\n", True, "")


def test_bom_outweighs_a_cookie_that_contradicts_it() -> None:
    found = decode(b"\xef\xbb\xbf# coding: latin-1\nx = '\xc3\xa9'\n")
    assert "é" in found.text
    assert "declares latin-1" in found.note


@pytest.mark.parametrize(
    ("data", "newline"),
    [
        (b"a\r\nb\r\n", "\r\n"),
        (b"a\rb\r", "\r"),
        (b"a\r\nb\n", "mixed"),
        (b"a\rb\n", "mixed"),
        (b"a", "\n"),
        (b"", "\n"),
    ],
)
def test_newlines_become_one_kind_and_are_remembered(data: bytes, newline: str) -> None:
    found = decode(data)
    assert found.newline == newline
    assert "\r" not in found.text
    assert found.text.splitlines() == ["a", "b"][: len(found.text.splitlines())]


def test_form_feed_and_line_separator_are_no_newlines() -> None:
    assert decode("a\x0cb\u2028c".encode()).text == "a\x0cb\u2028c"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("x = 1\n".encode("utf-16"), "UTF-16"),
        (b"\xfe\xff\0x", "UTF-16"),
        ("x".encode("utf-32"), "UTF-32"),
        ("x = 1\n".encode("utf-16-le"), "NUL"),
        (b"\x7fELF\x02\0\0", "NUL"),
        (b"\xef\xbb\xbfx\0", "NUL"),
    ],
)
def test_what_is_no_source_is_named(data: bytes, why: str) -> None:
    with pytest.raises(Undecodable, match=why):
        decode(data)


def test_invalid_utf8_is_read_with_a_note() -> None:
    found = decode(b"ok = 1\nx = '\xe9'\n")
    assert found.text == "ok = 1\nx = 'é'\n"
    assert found.note == "is not valid UTF-8 at byte 12"


@pytest.mark.parametrize(
    "name", ["punycode", "idna", "unicode_escape", "rot13", "zlib", "undefined", "no-such", "utf-7"]
)
def test_cookie_cannot_ask_for_what_is_no_source_encoding(name: str) -> None:
    found = decode(f"# coding: {name}\nx = 1\n".encode())
    assert found.encoding == "utf-8"
    assert name in found.note


def test_hostile_megabyte_is_decoded_in_no_time() -> None:
    begin = time.process_time()
    for head in (b"# coding: punycode\n", b"#" + b" coding" * 1000, b"#"):
        decode(head + b"a-" * 250_000 + b"9" * 500_000)
    assert time.process_time() - begin < 2


@given(TEXT, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_bytes_come_back(text: str, newline: str, bom: bool) -> None:  # noqa: FBT001  a drawn value
    data = b"\xef\xbb\xbf" * bom + text.replace("\r", "").replace("\n", newline).encode()
    found = decode(data)
    if found.newline != "mixed":
        assert encode(found) == data


@given(
    LINES,
    LINES,
    st.sampled_from(["", "# coding: cp1251", "# coding: utf-8", "#coding=latin-1", "x # coding: ascii"]),
)
def test_reads_what_python_reads(before: list[str], after: list[str], cookie: str) -> None:
    data = "\n".join([*before, cookie, *after]).encode()
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        expected = io.TextIOWrapper(io.BytesIO(data), encoding, newline=None).read()
    except (SyntaxError, UnicodeDecodeError):
        assert decode(data).note
    else:
        assert decode(data).text == expected


@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_a_reason(data: bytes) -> None:
    try:
        found = decode(data)
    except Undecodable as error:
        assert error.why
    else:
        assert found.newline == "mixed" or encode(found) == data
