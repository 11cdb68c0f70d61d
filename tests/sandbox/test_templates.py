"""Lines of Jinja's templates: those of the file, which are not those of the code that it is made into."""

import pytest

from .conftest import Boot

APP = """
import sqlite3
from flask import Flask, render_template

app = Flask(__name__)

def stock(name):
    with sqlite3.connect(":memory:") as connection:
        return connection.execute("SELECT ?", [name]).fetchone()[0]

app.jinja_env.globals["stock"] = stock

@app.get("/ready")
def ready():
    return ""

@app.get("/list")
def listed():
    return render_template("list.html", names=["a", "b", "c"])
"""
BASE = "<html>\n{% block body %}{% endblock %}\n</html>\n"
LIST = """\
{% extends "base.html" %}
{% macro cell(name) %}
<td>{{ stock(name) }}</td>
{% endmacro %}
{% block body %}
<table>
{% for name in names %}
  <tr>
    {{ cell(name) }}
    <td>
      {{ stock(name) }}
    </td>
  </tr>
{% endfor %}
</table>
{% endblock %}
"""


@pytest.mark.parametrize("lines", [{}, {"AUDITOR_LINES": "1"}], ids=["effects", "with lines"])
def test_the_line_is_that_of_the_template(lines: dict[str, str], boot: Boot) -> None:
    files = {"app.py": APP, "templates/base.html": BASE, "templates/list.html": LIST}
    server = boot(files, ["gunicorn", "app:app", "--bind", "unix:{door}"], env=lines)
    assert server.get("/list", "r").status == 200
    record = server.record("r")
    asked = [effect for effect in record.effects if effect.kind == "sql" and effect.text.startswith("SELECT")]
    places = [[(frame.file, frame.line) for frame in effect.stack] for effect in asked]
    assert len(places) == 6
    assert {place[-1] for place in places} == {("app.py", 9)}
    assert [place[-2] for place in places] == [("templates/list.html", 3), ("templates/list.html", 11)] * 3
    if lines:
        ran = set(record.lines["templates/list.html"])
        assert {3, 9, 11} <= ran
        assert max(ran) <= len(LIST.splitlines())
