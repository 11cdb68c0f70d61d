import os
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor.config.target import TARGET_KEYS, TargetSettings, load_target_settings, parse_target_settings
from auditor.model.constraint import FrozenFile, NoCache
from auditor.model.fault import Fault
from auditor.model.severity import Severity


def fault_of(text: str) -> Fault:
    with pytest.raises(Fault) as caught:
        parse_target_settings(text.encode())
    return caught.value


def test_no_file_means_defaults(tmp_path: Path) -> None:
    assert load_target_settings(tmp_path) == TargetSettings()


def test_an_empty_file_means_defaults() -> None:
    assert parse_target_settings(b"") == TargetSettings()


def test_a_byte_order_mark_does_no_harm() -> None:
    assert parse_target_settings(b"\xef\xbb\xbf[rules]\nignore = ['a']\n").ignore == ("a",)


def test_what_an_audit_reads(tmp_path: Path) -> None:
    (tmp_path / "auditor.toml").write_text("""
[audit]
target = "0.5s"
exclude = ["legacy/", "*.gen.py"]
[rules]
select = ["query-in-loop"]
ignore = ["log-in-loop"]
[rules.severity]
call-in-loop = "low"
""")
    settings = load_target_settings(tmp_path)
    assert settings.target_ms == 500
    assert settings.exclude == ("legacy/", "*.gen.py")
    assert settings.severities == (("call-in-loop", Severity.LOW),)
    assert settings.rules_named == ("query-in-loop", "log-in-loop", "call-in-loop")


def test_constraints_are_read() -> None:
    settings = parse_target_settings(
        b"""[[constraint]]
kind = "no-cache"
endpoint = "GET /prices"
because = "prices change by the minute"
expires = 2027-01-31
[[constraint]]
kind = "frozen-file"
scope = "app/billing/**"
"""
    )
    cache, frozen = settings.constraints
    assert cache.rule == NoCache(endpoint="GET /prices")
    assert (cache.origin, cache.because) == ("user", "prices change by the minute")
    assert (cache.expires, cache.runs) == (date(2027, 1, 31), None)
    assert frozen.rule == FrozenFile(scope="app/billing/**")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind = 'no-cash'\nendpoint = 'GET /'", "constraint 1: 'no-cash' is no kind of constraint (did you mean 'no-cache'?)"),
        ("endpoint = 'GET /'", "has no 'kind'"),
        ("kind = 'no-cache'", "constraint 1: 'endpoint' field required"),
        ("kind = 'no-cache'\nendpoit = 'GET /'", "unknown key 'endpoit' (did you mean 'endpoint'?)"),
        ("kind = 'no-cache'\nendpoint = 'GET /'\norigin = 'learnt'", "unknown key 'origin'"),
        ("kind = 'frozen-file'\nexpires = 'soon'", "'expires' must be a day"),
        ("kind = 'frozen-file'\nexpires = 2027-01-31T00:00:00", "'expires' must be a day"),
        ("kind = 'frozen-file'\nruns = 1", "unknown key 'runs'"),
        ("kind = 'no-new-import'\nmodules = 'threading'", "'modules' should be a valid tuple"),
        ("kind = 'max-cost'\nendpoint = 'GET /'\neffect = 'sqll'\nformula = '4'", "'effect' should be"),
    ],
)  # fmt: skip
def test_constraints_that_say_nothing_clear_are_refused(text: str, said: str) -> None:
    with pytest.raises(Fault) as caught:
        parse_target_settings(f"[[constraint]]\n{text}\n".encode())
    assert said in str(caught.value)


def test_an_unknown_key_names_the_nearest_and_its_line() -> None:
    fault = fault_of("[audit]\ntarget = 500\n\n[rules]\nselekt = ['x']\n")
    assert fault.where == "auditor.toml:5"
    assert fault.what == "unknown key 'rules.selekt'"
    assert fault.hint == "did you mean 'select'?"


def test_an_unknown_section_names_the_nearest_and_its_line() -> None:
    fault = fault_of("\n[rule]\nignore = []\n")
    assert (fault.where, fault.hint) == ("auditor.toml:2", "did you mean 'rules'?")


@pytest.mark.parametrize(
    "key", ["base_url = 'http://evil'", "[model]\nname = 'x'", "jobs = 4", "[jail]\nkind='none'"]
)
def test_a_key_of_the_users_is_refused(key: str) -> None:
    fault = fault_of(key)
    assert "can't be set here" in fault.what
    assert "config.toml" in fault.hint


def test_a_key_of_the_users_is_refused_inside_a_section_too() -> None:
    assert "can't be set here" in fault_of("[audit]\njobs = 4\n").what


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rules = 3", "'rules' must be a section"),
        ("[rules]\nselect = 'x'", "'rules.select' must be a list of texts"),
        ("[rules]\nselect = [1]", "'rules.select' must be a list of texts"),
        ("[rules.severity]\nx = 'severe'", "low, medium, high, critical"),
        ("[audit]\ntarget = true", "'audit.target' must be"),
        ("[service]\nname = 'x'", "'service' must be a repeated section"),
        ("[boot]\nready = ''", "'boot.ready' must be a path"),
    ],
)
def test_a_value_of_the_wrong_kind_says_what_is_expected(text: str, expected: str) -> None:
    assert expected in fault_of(text).what


def test_a_target_that_is_no_time_says_where() -> None:
    fault = fault_of("[audit]\ntarget = 'fast'\n")
    assert fault.where == "auditor.toml: audit.target"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[rules]\nselect = ['a',\n\n\n", 2),
        ("[rules]\nselect = 'a\n\n", 2),
        ("[rules]\n\nselect =", 3),
        ("[rules]\n[audit\ntarget = 'x'\n", 2),
        ("[rules]\nselect = [\n  'a'\n  'b'\n]\n", 4),
    ],
)
def test_a_half_written_file_names_the_line(text: str, line: int) -> None:
    fault = fault_of(text)
    assert fault.where == f"auditor.toml:{line}"
    assert fault.what.startswith("is not valid TOML: ")
    assert "(at " not in fault.what


def test_a_number_that_is_too_long_is_no_toml() -> None:
    assert "is not valid TOML" in fault_of(f"[audit]\ntarget = {'9' * 5000}\n").what


def test_bytes_that_are_not_utf8_name_the_line() -> None:
    with pytest.raises(Fault, match="not UTF-8") as caught:
        parse_target_settings(b"[rules]\n# \xff\n")
    assert caught.value.where == "auditor.toml:2"


def test_deep_nesting_is_a_fault() -> None:
    assert fault_of("x = " + "[" * 100_000).where == "auditor.toml"


def test_a_huge_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "auditor.toml").write_bytes(b"#" * (1 << 20) + b"##")
    with pytest.raises(Fault, match="over the limit"):
        load_target_settings(tmp_path)


def test_a_folder_in_its_place_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "auditor.toml").mkdir()
    with pytest.raises(Fault, match="is not a file"):
        load_target_settings(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_in_its_place_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "auditor.toml")
    with pytest.raises(Fault, match="is not a file"):
        load_target_settings(tmp_path)


def test_a_link_out_of_the_tree_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.toml").write_text("[rules]\n")
    root = tmp_path / "tree"
    root.mkdir()
    (root / "auditor.toml").symlink_to(tmp_path / "secret.toml")
    with pytest.raises(Fault, match="link out of the tree"):
        load_target_settings(root)


@given(st.binary(max_size=200))
@example(b"[rules]\r\nselect=[]\r\n")
@example(b"a.b.c = 1\n")
@example(b"rules.select = 1")
def test_any_bytes_are_settings_or_a_fault(content: bytes) -> None:
    try:
        settings = parse_target_settings(content)
    except Fault as fault:
        assert fault.where.startswith("auditor.toml")
    else:
        assert set(tomllib.loads(content.decode("utf-8-sig"))) <= set(TARGET_KEYS)
        assert settings.target_ms is None or settings.target_ms >= 1
