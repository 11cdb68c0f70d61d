import json
from pathlib import Path

import pytest

from auditor.engine.fixing.given import given_proposals
from auditor.model.fault import Fault

PATCH = {"base_tree": "", "edits": [{"file": "app.py", "create": "x = 1\n"}]}


def written(folder: Path, **more: object) -> Path:
    file = folder / "one-record.json"
    file.write_text(json.dumps({**PATCH, **more}))
    return file


def test_a_patch_declares_nothing_unless_it_says_so(tmp_path: Path) -> None:
    (plain,) = given_proposals([written(tmp_path)])
    assert not plain.declared.fewer_records
    (declaring,) = given_proposals([written(tmp_path, declared={"fewer_records": True})])
    assert declaring.declared.fewer_records
    assert declaring.patch == plain.patch


def test_a_batch_may_say_that_a_statement_is_added(tmp_path: Path) -> None:
    (made,) = given_proposals([written(tmp_path, constant_rise=["sql"])])
    assert made.constant_rise == ("sql",)
    with pytest.raises(Fault, match="constant_rise"):
        given_proposals([written(tmp_path, constant_rise=["patience"])])


def test_what_nobody_knows_can_not_be_declared(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="declared"):
        given_proposals([written(tmp_path, declared={"fewer_answers": True})])


def test_the_name_of_a_file_becomes_an_id_that_a_tree_can_be_named_by(tmp_path: Path) -> None:
    odd = tmp_path / "über my..patch @{1}.json"
    odd.write_text(json.dumps(PATCH))
    (made,) = given_proposals([odd])
    assert made.change == "C-ber-my-patch-1"
    other = tmp_path / "other" / "ber my patch 1.json"
    other.parent.mkdir()
    other.write_text(json.dumps(PATCH))
    with pytest.raises(Fault, match="would be C-ber-my-patch-1, as"):
        given_proposals([odd, other])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no patch: Invalid JSON"),
        (b"[]", "is no patch: Input should be an object"),
        (b'{"base_tree": "", "edits": []}', "is no patch: edits: "),
    ],
)
def test_what_is_no_patch_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(Fault, match=said):
        given_proposals([file])


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(PATCH).encode())
    (made,) = given_proposals([file])
    assert made.patch.files == ("app.py",)


def test_what_has_no_end_is_not_waited_for() -> None:
    with pytest.raises(Fault, match="has more than 16 MiB"):
        given_proposals([Path("/dev/zero")])
