"""What a change writes into the text of a query: look-alikes first."""

import pytest

from auditor.trial.constraints.edited import Edited
from auditor.trial.written_queries import written_into_queries


def told(after: str, before: str = "") -> list[str]:
    return list(written_into_queries(Edited("a.py", before.encode(), after.encode())))


def of(line: str, *, head: str = "def find(session, slug, ids):\n") -> str:
    return f"{head}    {line}\n"


@pytest.mark.parametrize(
    "after",
    [
        of('return session.execute(text("SELECT id FROM cities WHERE slug = :slug"), {"slug": slug})'),
        of('return session.execute("SELECT id FROM cities WHERE slug = %s", (slug,))'),
        of('return session.execute(f"SELECT id FROM {slug} WHERE id = 1")'),
        of('return session.execute(f"SELECT id FROM {slug} AS c WHERE c.id = {slug}.id")'),
        of('return session.execute(f"SELECT {slug} FROM cities ORDER BY {ids}")'),
        of("return session.execute(f\"SELECT id FROM cities WHERE id IN ({','.join('?' * len(ids))})\", ids)"),
        of('return session.execute(f"SELECT id FROM cities WHERE id = {int(slug)}")'),
        of('return session.execute(f"SELECT id FROM cities WHERE id = {slug.id}")'),
        of('return session.execute(f"SELECT id FROM cities WHERE kind = \'{KIND}\'")'),
        of('return log(f"no city where slug = \'{slug}\'")', head="def log_it(log, slug):\n").replace("where", "with"),
        of("return f\"select a city: '{slug}'\""),
        of('return session.execute(f"SELECT id FROM cities WHERE id = {slug}")', head="def find(session, slug: int):\n"),
        of('return session.execute(f"SELECT id FROM cities WHERE {slug}")'),
        of('kind = kind_of()\n    return session.execute(f"SELECT id FROM cities WHERE kind = \'{kind}\'")'),
    ],
)  # fmt: skip
def test_parameters_names_numbers_and_other_texts_are_no_such_thing(after: str) -> None:
    assert told(after) == []


def test_what_was_written_into_it_before_is_not_the_changes() -> None:
    before = of("return session.execute(f\"SELECT id FROM cities WHERE slug = '{slug}'\")")
    assert told(before.replace("SELECT id", "SELECT id, name"), before) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("return session.execute(f\"SELECT id FROM cities WHERE slug = '{slug}'\")", "slug"),
        ("return session.query(City).filter(text(f\"slug = '{slug}'\"))", "slug"),
        ('return session.execute(f"SELECT id FROM cities WHERE population > {slug}")', "slug"),
        ("return session.execute(\"SELECT id FROM cities WHERE slug = '%s'\" % slug)", "slug"),
        (
            "return session.execute(\"SELECT id FROM cities WHERE slug = '{}'\".format(slug.lower()))",
            "slug.lower()",
        ),
        ('return session.execute("SELECT id FROM cities WHERE slug = \'" + slug + "\'")', "slug"),
        ("return City.objects.raw(f\"SELECT * FROM cities WHERE name LIKE '%{slug}%'\")", "slug"),
        (
            "word = slug.strip()\n    return session.execute(f\"DELETE FROM cities WHERE name = '{word}'\")",
            "word",
        ),
        (
            "return session.execute(f\"SELECT id FROM cities WHERE slug = '{request.args['city']}'\")",
            "request.args['city']",
        ),
    ],
)
def test_a_value_that_was_handed_over_and_stands_where_sql_has_one_is_told(line: str, what: str) -> None:
    assert told(of(line)) == [f"puts `{what}` into the text of a query"]
