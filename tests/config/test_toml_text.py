import tomllib

import pytest

from auditor.config.toml_text import toml_values

PLAIN = [
    "",
    'a.b."c.d".e = 1 # ' + "x." * 300,
    'text = "' + "x." * 300 + '"',
    "text = '" + "x." * 300 + "'",
    'text = "\\"' + "x." * 300 + '"\nb = 1.5',
    "hosts = [" + ", ".join(f'"a{n}.b.c"' for n in range(300)) + "]",
    "numbers = [" + ", ".join("1.5" for _ in range(300)) + "]",
    "".join(f"[a{n}.b.c]\nx.y = 1\n" for n in range(300)),
]


@pytest.mark.parametrize("text", PLAIN)
def test_what_people_write_is_read(text: str) -> None:
    assert toml_values(text) == tomllib.loads(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x." * 200_000 + "x = 1", "more dots than"),
        ("[" + "x." * 200_000 + "x]", "more dots than"),
        ('"x" . ' * 200_000 + "x = 1", "more dots than"),
        ("a = {" + "x . " * 200_000 + "x = 1}", "more dots than"),
        ("x = " + "[" * 100_000, "nested too deeply"),
        ("x = " + "9" * 5000, "integer"),
        ("x = ", "Invalid value"),
        ('x = "' + '\\"' * 100_000, "Unterminated"),
    ],
)
def test_what_would_take_minutes_or_end_the_reader_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        toml_values(text)
