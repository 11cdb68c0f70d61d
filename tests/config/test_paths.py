from pathlib import Path

from auditor.config.paths import cache_dir, config_file, state_dir


def test_without_any_variable_everything_is_in_the_home_folder() -> None:
    assert config_file({}) == Path.home() / ".config/auditor/config.toml"
    assert cache_dir({}) == Path.home() / ".cache/auditor"
    assert state_dir({}) == Path.home() / ".local/state/auditor"


def test_xdg_variables_move_the_folders(tmp_path: Path) -> None:
    assert config_file({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "auditor/config.toml"
    assert cache_dir({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "auditor"
    assert state_dir({"XDG_STATE_HOME": str(tmp_path)}) == tmp_path / "auditor"


def test_a_relative_xdg_folder_is_ignored_as_its_specification_says() -> None:
    assert cache_dir({"XDG_CACHE_HOME": "here"}) == Path.home() / ".cache/auditor"


def test_our_own_variables_win(tmp_path: Path) -> None:
    env = {"XDG_CACHE_HOME": "/elsewhere", "AUDITOR_CACHE_DIR": str(tmp_path), "AUDITOR_STATE_DIR": "~/state"}
    assert cache_dir(env) == tmp_path
    assert state_dir(env) == Path.home() / "state"
    assert config_file({"AUDITOR_CONFIG": "/my.toml"}) == Path("/my.toml")
