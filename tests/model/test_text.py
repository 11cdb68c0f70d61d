"""Names from the target inside sentences."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.text import LONGEST, clean, code, listed, plain, shorten, spans


@pytest.mark.parametrize("name", ["spaces", "GET /books/{id}", "größe", "表", "a b", "x=1 · 2…3"])
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert clean(name) == name
    assert code(name) == f"`{name}`"


@pytest.mark.parametrize(
    ("hostile", "seen"),
    [
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x9b2Jb", "ab"),
        ("two\nlines\r\n", "two lines "),
        ("a\u202eb\u2066c\u200bd\ufeff", "abcd"),
        ("nul\x00l", "null"),
        ("half\ud800", "half"),
    ],
)
def test_what_could_steer_a_terminal_is_gone(hostile: str, seen: str) -> None:
    assert clean(hostile) == seen


def test_a_backtick_in_a_name_can_not_end_its_span() -> None:
    assert list(spans(f"load {code('a`b')} now")) == [(False, "load "), (True, "a'b"), (False, " now")]


def test_an_empty_name_still_shows() -> None:
    assert code("\x00") == "`?`"


@given(st.text())
def test_a_name_in_a_sentence_comes_back_as_one_span(name: str) -> None:
    parts = list(spans(f"before {code(name)} after"))
    assert [is_code for is_code, _ in parts] == [False, True, False]
    assert len(parts[1][1]) <= LONGEST


@given(st.text())
def test_clean_text_is_one_visible_line_and_stays_so(text: str) -> None:
    tidy = clean(text)
    assert clean(tidy) == tidy
    assert not {unicodedata.category(char) for char in tidy} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text(), st.integers(1, 50))
def test_a_shortened_text_fits(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit


@pytest.mark.parametrize(
    ("items", "text"),
    [
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
    ],
)
def test_a_list_in_words(items: list[str], text: str) -> None:
    assert listed(items) == text


def test_plain_text_has_no_backticks() -> None:
    assert plain("Load `author` of `GET /x`") == "Load author of GET /x"
