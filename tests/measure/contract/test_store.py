import json
from collections.abc import Callable
from pathlib import Path

import pytest
from little_shop import WORKLOAD, World, recorded

from auditor.measure.contract.compare import compare
from auditor.measure.contract.contract import About, Contract, make_contract
from auditor.measure.contract.store import contract_files, load_contract, save_contract
from auditor.model.fault import Fault


@pytest.fixture(scope="module")
def contract() -> Contract:
    return make_contract(WORKLOAD, [recorded(1), recorded(2)], about=About(environment={"python": "3.11"}))


def test_same_input_same_bytes(contract: Contract, tmp_path: Path) -> None:
    again = make_contract(WORKLOAD, [recorded(1), recorded(2)], about=About(environment={"python": "3.11"}))
    assert contract_files(contract) == contract_files(again)
    save_contract(contract, tmp_path / "c")
    assert contract_files(load_contract(tmp_path / "c")) == contract_files(contract)


def test_a_new_one_takes_the_place_of_the_old(contract: Contract, tmp_path: Path) -> None:
    def change(w: World) -> None:
        w["answers"]["image"]["bytes"] = b"new"

    save_contract(contract, tmp_path / "c")
    other = make_contract(WORKLOAD, [recorded(1, change)], about=About())
    save_contract(other, tmp_path / "c")
    assert load_contract(tmp_path / "c") == other
    assert [path.name for path in tmp_path.iterdir()] == ["c"]
    assert (tmp_path / "c").stat().st_mode & 0o077 == 0


def test_the_old_one_is_taken_back_after_a_crash_between_the_renames(
    contract: Contract, tmp_path: Path
) -> None:
    save_contract(contract, tmp_path / "c")
    (tmp_path / "c").rename(tmp_path / ".c.old")
    assert load_contract(tmp_path / "c") == contract


def test_what_can_not_be_written_leaves_the_old_one(contract: Contract, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        save_contract(contract, tmp_path / "file" / "c")


def edit(path: Path, act: Callable[[bytes], bytes]) -> None:
    path.write_bytes(act(path.read_bytes()))


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("answers.jsonl", lambda data: data[:-5]),
        ("answers.jsonl", lambda data: data.replace(b"200", b"201", 1)),
        ("contract.json", lambda _: b""),
        ("files.json", lambda data: data[:-5]),
        ("files.json", lambda _: b"[]"),
        ("files.json", lambda _: b'{"../../etc/passwd": "x"}'),
        ("files.json", lambda _: b"{}"),
    ],
)
def test_a_damaged_one_is_refused(
    contract: Contract, tmp_path: Path, name: str, act: Callable[[bytes], bytes]
) -> None:
    save_contract(contract, tmp_path / "c")
    edit(tmp_path / "c" / name, act)
    with pytest.raises(Fault) as fault:
        load_contract(tmp_path / "c")
    assert str(tmp_path / "c") in fault.value.where
    assert fault.value.hint == "record it again with `auditor record`"


def test_a_missing_file_a_link_and_a_missing_folder_are_refused(contract: Contract, tmp_path: Path) -> None:
    with pytest.raises(Fault, match="is not there"):
        load_contract(tmp_path / "none")
    save_contract(contract, tmp_path / "c")
    answers = tmp_path / "c" / "answers.jsonl"
    answers.rename(tmp_path / "elsewhere")
    with pytest.raises(Fault, match="is damaged"):
        load_contract(tmp_path / "c")
    answers.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Fault, match="is damaged"):
        load_contract(tmp_path / "c")


def test_another_version_is_refused(contract: Contract, tmp_path: Path) -> None:
    from auditor.measure.content_folder import write_folder

    files = contract_files(contract)
    head = json.loads(files["contract.json"])
    write_folder(tmp_path / "c", {**files, "contract.json": json.dumps({**head, "schema": "x@2"}).encode()})
    with pytest.raises(Fault, match="is of version 'x@2', not 'auditor/contract@1'"):
        load_contract(tmp_path / "c")


def test_half_characters_and_odd_numbers_are_kept(tmp_path: Path) -> None:
    def change(w: World) -> None:
        w["effects"]["buy"][0]["text"] = "Order \ud800"
        w["after"]["orders"][1]["memo"] = "\udfff"
        w["after"]["orders"][1]["big"] = float("inf")

    odd = make_contract(WORKLOAD, [recorded(1, change), recorded(2, change)], about=About())
    save_contract(odd, tmp_path / "c")
    stored = load_contract(tmp_path / "c")
    assert stored == odd
    assert compare(stored, recorded(3, change)) == ()
    assert compare(stored, recorded(3))
