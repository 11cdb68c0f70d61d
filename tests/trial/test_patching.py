import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.patch import Create, Edit, Patch, Replace
from auditor.trial.patching import Applied, Refused, apply_patch

TREE = {
    "app/views.py": b"a = 1\nb = 2\na = 3\n",
    "app/windows.py": b"x = 1\r\ny = 2\r\n",
    "logo.png": b"\x89PNG\0\0",
}


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def replace(file: str, search: str, text: str, *, content: bytes | None = None) -> Replace:
    content = TREE.get(file, b"") if content is None else content
    return Replace(file=file, sha256=hash_of(content), search=search, replace=text)


def apply(*edits: Edit, tree: dict[str, bytes] = TREE) -> Applied | Refused:
    return apply_patch(Patch(base_tree="", edits=edits), tree.get)


def reasons(*edits: Edit, tree: dict[str, bytes] = TREE) -> list[str]:
    result = apply(*edits, tree=tree)
    assert isinstance(result, Refused)
    return [reason.kind for reason in result.reasons]


def test_edits_of_one_file_do_not_depend_on_their_order() -> None:
    edits = [replace("app/views.py", "b = 2", "b = 20\nc = 5"), replace("app/views.py", "a = 3", "")]
    expected = Applied({"app/views.py": b"a = 1\nb = 20\nc = 5\n\n"})
    assert apply(*edits) == apply(*reversed(edits)) == expected


def test_a_new_file_and_an_edit_together() -> None:
    result = apply(Create(file="app/memo.py", create="M = {}\n"), replace("app/views.py", "b = 2", "b = 3"))
    assert result.files["app/memo.py"] == b"M = {}\n"


def test_windows_line_ends_stay() -> None:
    result = apply(replace("app/windows.py", "x = 1\ny", "x = 1\nz = 0\ny"))
    assert result.files["app/windows.py"] == b"x = 1\r\nz = 0\r\ny = 2\r\n"


def test_the_files_own_encoding_is_written() -> None:
    content = "# coding: latin-1\nname = 'caf\u00e9'\n".encode("latin-1")
    result = apply(replace("a.py", "caf\u00e9", "th\u00e9", content=content), tree={"a.py": content})
    assert result.files["a.py"] == "# coding: latin-1\nname = 'th\u00e9'\n".encode("latin-1")
    assert reasons(replace("a.py", "caf", "\u4e2d", content=content), tree={"a.py": content}) == ["encoding"]


def test_a_byte_order_mark_stays() -> None:
    content = b"\xef\xbb\xbfa = 1\n"
    assert apply(replace("a.py", "a = 1", "a = 2", content=content), tree={"a.py": content}).files == {
        "a.py": b"\xef\xbb\xbfa = 2\n"
    }


@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        (replace("app/views.py", "c = 2", ""), "absent"),
        (replace("app/views.py", "a = ", ""), "ambiguous"),
        (replace("app/views.py", "b = 2", "b = 2"), "empty"),
        (replace("app/views.py", "b = 2", "b = 3", content=b"else"), "stale"),
        (replace("app/gone.py", "b", "c"), "missing"),
        (replace("logo.png", "PNG", "GIF"), "binary"),
        (Create(file="app/views.py", create="x"), "exists"),
    ],
)
def test_what_does_not_fit_is_refused(edit: Edit, kind: str) -> None:
    assert reasons(edit) == [kind]


def test_overlapping_edits_are_refused() -> None:
    assert reasons(replace("app/views.py", "b = 2\na", ""), replace("app/views.py", "a = 3", "")) == [
        "overlap"
    ]
    assert reasons(Create(file="n.py", create="a"), Create(file="n.py", create="b")) == ["overlap"]


def test_files_that_some_systems_cannot_hold_together_are_refused() -> None:
    assert reasons(Create(file="n.py", create="a"), Create(file="N.py", create="b")) == ["path"]
    assert reasons(Create(file="n", create="a"), Create(file="n/m.py", create="b")) == ["path"]


@pytest.mark.parametrize(
    "path",
    """../evil.txt app/../../evil /etc/passwd .git/hooks/post-checkout .GIT/config .git\u200c/config git~1/config
    app/.git/config .gitattributes app\\evil C:evil .git./config .gitmodules app//views.py ./views.py app/. \u2024git/config
    \uff0egit/config""".split(),
)
def test_paths_that_lead_elsewhere_are_refused(path: str) -> None:
    assert reasons(Create(file=path, create="x")) == ["path"]


@pytest.mark.parametrize(
    "path", ["", "a\0b", "a\nb", "a\u202eb.py", "x" * 300, "a/" * 600 + "b", "name ", "nul."]
)
def test_names_that_deceive_are_refused(path: str) -> None:
    assert reasons(Create(file=path, create="x")) == ["path"]


@pytest.mark.parametrize(
    "path", ["app/new.py", ".github.py", "caf\u00e9.py", "with space.py", ".gitignore.py", "a.b/c..d"]
)
def test_ordinary_names_are_not(path: str) -> None:
    assert isinstance(apply(Create(file=path, create="x")), Applied)


@given(content=st.text(alphabet="ab\n\u00e9", min_size=1, max_size=40), data=st.data())
def test_one_edit_changes_its_span_and_nothing_else(content: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(content) - 1))
    stop = data.draw(st.integers(start + 1, len(content)))
    raw = content.encode()
    result = apply(replace("f.py", content[start:stop], "Z", content=raw), tree={"f.py": raw})
    if isinstance(result, Applied):
        assert result.files["f.py"] == (content[:start] + "Z" + content[stop:]).encode()
    else:
        assert {reason.kind for reason in result.reasons} <= {"ambiguous", "absent"}
