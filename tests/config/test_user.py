from pathlib import Path

import pytest

from auditor.config.user import JailChoice, SpendingLimits, load_user_settings
from auditor.model.fault import Fault


def settings_file(folder: Path, text: str) -> dict[str, str]:
    path = folder / "config.toml"
    path.write_text(text)
    return {"AUDITOR_CONFIG": str(path)}


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    settings = load_user_settings({"XDG_CONFIG_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)})
    assert settings.source is None
    assert settings.jobs is None
    assert settings.cache_dir == tmp_path / "auditor"
    assert settings.notes == ()


def test_the_file_decides(tmp_path: Path) -> None:
    env = settings_file(tmp_path, "jobs = 3\ncache_dir = '/c'\nstate_dir = '~/s'\n[limits]\nusd = 5\n")
    settings = load_user_settings(env)
    assert (settings.jobs, settings.cache_dir, settings.state_dir) == (3, Path("/c"), Path.home() / "s")
    assert settings.source == tmp_path / "config.toml"


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    env = settings_file(tmp_path, "jobs = 3\ncache_dir = '/c'\n")
    settings = load_user_settings({**env, "AUDITOR_JOBS": "7", "AUDITOR_CACHE_DIR": "/other"})
    assert (settings.jobs, settings.cache_dir) == (7, Path("/other"))


def test_a_key_of_the_targets_is_sent_there(tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        load_user_settings(settings_file(tmp_path, "[rules]\nignore = []\n"))
    assert "auditor.toml" in caught.value.hint


def test_an_unknown_key_names_the_file_and_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        load_user_settings(settings_file(tmp_path, "\njob = 2\n"))
    assert caught.value.where == f"{tmp_path / 'config.toml'}:2"
    assert caught.value.hint == "did you mean 'jobs'?"


@pytest.mark.parametrize("text", ["jobs = 0", "jobs = '2'", "jobs = true", "jobs = 1.5"])
def test_jobs_are_a_number_of_processes(tmp_path: Path, text: str) -> None:
    with pytest.raises(Fault, match="whole number from 1"):
        load_user_settings(settings_file(tmp_path, text))


@pytest.mark.parametrize("text", ["0", "two", "-1", "1.5", "²"])
def test_a_senseless_variable_is_a_fault(text: str) -> None:
    with pytest.raises(Fault) as caught:
        load_user_settings({"AUDITOR_JOBS": text})
    assert caught.value.where == "AUDITOR_JOBS"


def test_a_settings_file_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="no such file"):
        load_user_settings({"AUDITOR_CONFIG": str(tmp_path / "none.toml")})


def test_a_variable_that_looks_like_ours_is_told() -> None:
    notes = load_user_settings({"AUDITOR_CACHEDIR": "/x", "HOME": "/home/me"}).notes
    assert notes == ("the variable AUDITOR_CACHEDIR is not read; did you mean AUDITOR_CACHE_DIR?",)


def test_the_jail_and_what_may_be_spent(tmp_path: Path) -> None:
    env = settings_file(tmp_path, "secrets = ['B']\n[jail]\nkind = 'outer'\n[limits]\nusd = 2.5\n")
    settings = load_user_settings(env)
    assert settings.jail is JailChoice.OUTER
    assert settings.limits == SpendingLimits(usd=2.5)
    assert settings.secrets == ("B",)
    chosen = load_user_settings({**env, "AUDITOR_JAIL": "bubblewrap", "AUDITOR_SECRETS": "A, B,"})
    assert chosen.jail is JailChoice.BUBBLEWRAP
    assert chosen.secrets == ("A", "B")


def test_an_unknown_jail_is_a_fault() -> None:
    with pytest.raises(Fault, match="no jail") as caught:
        load_user_settings({"AUDITOR_JAIL": "docker"})
    assert "bubblewrap" in caught.value.hint


def test_a_database_of_the_users_is_named_by_a_variable_alone_and_never_shown(tmp_path: Path) -> None:
    url = "postgresql://me:s3cret@localhost/shop"
    env = {"XDG_CONFIG_HOME": str(tmp_path), "AUDITOR_DATABASE_URL": url}
    settings = load_user_settings(env)
    assert (settings.database_url, settings.remote_database, settings.notes) == (url, False, ())
    assert "s3cret" not in repr(settings)
    assert load_user_settings({**env, "AUDITOR_REMOTE_DATABASE": "1"}).remote_database
    with pytest.raises(Fault, match="AUDITOR_REMOTE_DATABASE"):
        load_user_settings({**env, "AUDITOR_REMOTE_DATABASE": "yes"})
    with pytest.raises(Fault, match=r"auditor\.toml"):
        load_user_settings(settings_file(tmp_path, f"[database]\nurl = '{url}'\n"))
