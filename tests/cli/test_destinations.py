import stat
from pathlib import Path

import pytest

from auditor.cli.destinations import Destinations, check_output, choose_destinations, write_whole
from auditor.cli.own_results import MEASURED, REQUESTS
from auditor.model.fault import Fault


def choose(*outputs: str, wanted: str | None = None, terminal: bool = False) -> Destinations:
    return choose_destinations(wanted=wanted, outputs=outputs, is_terminal=terminal, writes_plan=True)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_pipe_gets_markdown_and_nothing_is_written() -> None:
    assert choose() == Destinations("markdown")


def test_a_terminal_gets_a_screen_and_the_plan_beside_it() -> None:
    assert choose(terminal=True) == Destinations("screen", plan=Path("auditor-plan.md"))


def test_a_format_is_for_standard_output() -> None:
    assert choose(wanted="json") == Destinations("json")
    assert choose(wanted="json", terminal=True) == Destinations("json")


def test_a_file_has_the_form_of_its_suffix_and_a_pipe_stays_empty() -> None:
    assert choose("a.md", "b.json", "c.sarif", "d.sarif.json", "e.jsonl", "F.MD").files == (
        (Path("a.md"), "markdown"),
        (Path("b.json"), "json"),
        (Path("c.sarif"), "sarif"),
        (Path("d.sarif.json"), "sarif"),
        (Path("e.jsonl"), "jsonl"),
        (Path("F.MD"), "markdown"),
    )
    assert choose("a.md").screen is None
    assert choose("a.md", terminal=True) == Destinations("screen", ((Path("a.md"), "markdown"),))


@pytest.mark.parametrize("name", ["a.json", "a.md", "plan", "a.docx"])
def test_a_format_is_that_of_the_file_whose_name_may_say_otherwise(name: str) -> None:
    assert choose(name, wanted="sarif") == Destinations(None, ((Path(name), "sarif"),))
    assert choose(name, wanted="sarif", terminal=True) == Destinations("screen", ((Path(name), "sarif"),))


def test_of_several_files_a_format_is_that_of_those_whose_suffix_says_nothing() -> None:
    files = ((Path("a.md"), "markdown"), (Path("plan"), "json"), (Path("/dev/stdout"), "json"))
    assert choose("a.md", "plan", "/dev/stdout", wanted="json") == Destinations(None, files)


def test_a_file_without_a_form_is_a_fault_that_names_the_suffixes() -> None:
    with pytest.raises(Fault) as caught:
        choose("plan")
    assert ".sarif" in caught.value.hint


def test_a_file_that_cannot_be_written_is_a_fault_before_the_work() -> None:
    Path("folder.md").mkdir()
    with pytest.raises(Fault, match="is a directory"):
        choose("folder.md")
    with pytest.raises(Fault, match="does not exist"):
        choose("none/plan.md")


def test_a_name_that_can_not_be_one_is_a_fault_before_the_work() -> None:
    Path("loop.md").symlink_to("loop.md")
    for name in ("loop.md", "a" * 300 + ".md", "loop.md/plan.md"):
        with pytest.raises(Fault, match=r"can't be written|does not exist"):
            choose(name)


def placed(name: str, tree: str = "tree") -> Destinations:
    return choose_destinations(
        wanted="json", outputs=[name], is_terminal=False, writes_plan=True, tree=Path(tree)
    )


@pytest.fixture
def _tree() -> None:
    Path("tree/out").mkdir(parents=True)
    Path("outside").mkdir()
    Path("outside/app.py").write_text("x = 1\n")


@pytest.mark.usefixtures("_tree")
def test_results_may_lie_in_the_target_and_replace_earlier_ones() -> None:
    Path("tree/empty.json").touch()
    Path("tree/out/old.json").write_text('{\n  "schema": "auditor/report@1",\n')
    Path("tree/latest.json").symlink_to("out/old.json")
    Path("link").symlink_to("tree")
    for name in (
        "tree/new.json",
        "tree/empty.json",
        "tree/out/old.json",
        "tree/latest.json",
        "link/new.json",
    ):
        assert placed(name).files == ((Path(name), "json"),)
    assert placed("link/latest.json", "link").files
    assert placed("outside/app.py").files  # what is no part of the target is for who names it to know
    assert choose("outside/app.py", wanted="json").files


@pytest.mark.usefixtures("_tree")
def test_a_file_of_the_target_is_not_written_over() -> None:
    Path("tree/app.py").write_text("x = 1\n")
    Path("tree/package.json").write_text("{}")
    Path("tree/link.json").symlink_to("app.py")
    for name in ("app.py", "package.json", "link.json", "out/../app.py"):
        with pytest.raises(Fault, match="is a file of the target, and no earlier result"):
            placed(f"tree/{name}")


@pytest.mark.usefixtures("_tree")
def test_a_link_in_the_target_leads_no_result_out_of_it() -> None:
    Path("tree/new.json").symlink_to(Path("outside/.profile").absolute())
    Path("tree/old.json").symlink_to("../outside/app.py")
    Path("tree/folder").symlink_to("../outside")
    for name in ("new.json", "old.json", "folder/new.json"):
        with pytest.raises(Fault, match="is a link of the target's, and leads out of it to"):
            placed(f"tree/{name}")


@pytest.mark.usefixtures("_tree")
def test_other_commands_keep_to_the_same_places() -> None:
    Path("tree/old.json").symlink_to("../outside/app.py")
    Path("tree/app.py").write_text("x = 1\n")
    for forms in (MEASURED, REQUESTS):
        with pytest.raises(Fault, match="is a link of the target's, and leads out of it to"):
            check_output(Path("tree/old.json"), Path("tree"), forms)
        with pytest.raises(Fault, match="is a file of the target, and no earlier result"):
            check_output(Path("tree/app.py"), Path("tree"), forms)
        with pytest.raises(Fault, match="does not exist"):
            check_output(Path("none/here.json"), Path("tree"), forms)
        check_output(Path("tree/new.json"), Path("tree"), forms)
        check_output(None, Path("tree"), forms)


def test_a_text_is_written_whole() -> None:
    write_whole(Path("plan.md"), "# é\n")
    write_whole(Path("plan.md"), "# two\n")
    assert Path("plan.md").read_bytes() == b"# two\n"
    assert [path.name for path in Path().iterdir()] == ["plan.md"]


def test_the_mode_of_a_file_stays() -> None:
    Path("plan.md").touch(mode=0o600)
    write_whole(Path("plan.md"), "x")
    assert stat.S_IMODE(Path("plan.md").stat().st_mode) == 0o600


def test_a_link_stays_and_what_it_names_is_written() -> None:
    Path("real.md").touch()
    Path("plan.md").symlink_to("real.md")
    write_whole(Path("plan.md"), "x")
    assert Path("plan.md").is_symlink()
    assert Path("real.md").read_text() == "x"


def test_a_device_is_written_to_and_stays_one() -> None:
    write_whole(Path("/dev/null"), "x")
    assert not Path("/dev/null").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_a_fault() -> None:
    with pytest.raises(Fault, match="No space left"):
        write_whole(Path("/dev/full"), "x")
