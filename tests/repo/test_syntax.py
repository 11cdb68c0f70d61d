"""Texts that were made to hurt give no tree; whatever gives one can be walked by recursion."""

import ast

import pytest

from auditor.repo.syntax import DEEPEST, nests_too_deeply, syntax_tree

HOSTILE = {
    "brackets": "x = " + "[" * 100_000 + "]" * 100_000,
    "signs": "x = " + "~" * 100_000 + "1",
    "terms": "x = 1" + " + 1" * 900,
    "calls": "x = f" + "()" * 900,
    "attributes": "x = a" + ".b" * 50_000,
    "branches": "if x: pass\n" + "elif x: pass\n" * 400,
    "NUL": "x = 1\0",
    "no UTF-8": b"x = '\xff'",
    "half a character": "x = '\udc80'",
    "an encoding of its own": b"# coding: hex\n616263",
    "another Python": "print 'x'",
    "digits": "x = " + "9" * 5000,
    "long": "x = 1\n" * 200_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_there_is_no_tree(name: str) -> None:
    assert syntax_tree(HOSTILE[name]) is None


@pytest.mark.parametrize(
    "content", ["", "x = 1", "x = '\\d'", b"\xef\xbb\xbfx = 1\r\n", "x = a" + " + a" * (DEEPEST - 8)]
)
def test_what_has_a_tree_can_be_written_again(content: str | bytes) -> None:
    tree = syntax_tree(content)
    assert tree is not None
    assert ast.dump(ast.parse(ast.unparse(tree))) == ast.dump(tree)


def test_depth_is_counted_to_the_last_node() -> None:
    deep = {terms: nests_too_deeply(ast.parse("a" + "+a" * terms)) for terms in range(DEEPEST - 6, DEEPEST)}
    assert sorted(deep.values()) == list(deep.values())
    assert set(deep.values()) == {False, True}
