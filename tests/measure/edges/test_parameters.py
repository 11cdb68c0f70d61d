import pytest

from auditor.measure.edges.comparing import parsed
from auditor.measure.edges.parameters import Parameter, Span, parameters_of, path_columns


def found(text: str, path: str = "") -> dict[str, Parameter]:
    import ast

    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    way = [Span("a.py", node.lineno, node.end_lineno or node.lineno) for node in functions]
    return {parameter.name: parameter for parameter in parameters_of({"a.py": text}, way, path=path)}


@pytest.mark.parametrize(
    "text",
    [
        "def f(settings):\n    return settings.get('sort')\n",
        "def f():\n    row = {'a': 1}\n    return row['a']\n",
        "def f(db):\n    return db.query.get('x')\n",
        "def f(:\n",
        "def f(request):\n    return request.session.get('user')\n",
    ],
)
def test_what_does_not_come_from_the_request_is_no_parameter(text: str) -> None:
    try:
        assert found(text) == {}
    except SyntaxError:
        assert parameters_of({"a.py": text}, [Span("a.py", 1, 2)]) == ()


@pytest.mark.parametrize(
    ("text", "name", "where"),
    [
        ("def f():\n    x = request.args.get('sort', '')\n", "sort", "query"),
        ("def f():\n    x = request.args['sort']\n", "sort", "query"),
        ("def f(request):\n    if 'sort' in request.GET:\n        pass\n", "sort", "query"),
        (
            "class V:\n    def f(self):\n        x = self.request.query_params.getlist('sort')\n",
            "sort",
            "query",
        ),
        ("def f(request):\n    d = request.POST\n    x = d.get('name')\n", "name", "body"),
        ("def f():\n    d = request.get_json()\n    x = d['name']\n", "name", "body"),
        ("async def f(request):\n    d = await request.json()\n    x = d['name']\n", "name", "body"),
        ("def f():\n    d = request.get_json(silent=True) or {}\n    x = d.get('name')\n", "name", "body"),
        ("def f():\n    x = request.headers.get('X-Tenant')\n", "X-Tenant", "header"),
        (
            "def f():\n    return g(request.args)\n\ndef g(args):\n    return args.get('city')\n",
            "city",
            "query",
        ),
        (
            "def f():\n    return g(a=request.args)\n\ndef g(a):\n    return h(a)\n\ndef h(p):\n    return p['x']\n",
            "x",
            "query",
        ),
        ("@app.get('/')\ndef f(limit: int = 5):\n    pass\n", "limit", "query"),
        ("@app.get('/')\ndef f(q: Annotated[str, Query()] = ''):\n    pass\n", "q", "query"),
        ("@app.get('/')\ndef f(token: str = Header()):\n    pass\n", "token", "header"),
    ],
)
def test_parameters_are_found_where_frameworks_keep_them(text: str, name: str, where: str) -> None:
    assert {name: where} == {key: parameter.where for key, parameter in found(text).items()}


def test_path_parameters_and_dependencies_are_none() -> None:
    text = "@app.get('/a/{id}')\ndef f(id: int, db: Session = Depends(get), q: str = ''):\n    pass\n"
    assert list(found(text, path="/a/{id}")) == ["q"]


def test_literals_come_from_comparisons_wherever_the_value_went() -> None:
    text = """
SORTS = {"price": 1, "name": 2}
KINDS = frozenset({"desk", "room"})

def f():
    params = Params(sort=request.args.get("sort", ""), kind=request.args.get("kind"), n=request.args.get("n", type=int))
    words = split(request.args.get("words", ""))
    return g(params)

def split(text):
    return [one for one in text.split(",") if one != "all"]

def g(params):
    if params.sort not in SORTS and params.sort != "rating":
        pass
    if params.kind in KINDS or params.n > 10:
        pass
    match params.kind:
        case "event" | "hall":
            pass
"""
    parameters = found(text)
    assert parameters["sort"].literals == ("name", "price", "rating")
    assert parameters["kind"].literals == ("desk", "hall", "room", "event")
    assert (parameters["n"].literals, parameters["n"].converts) == (("10",), ("int",))
    assert (parameters["words"].literals, parameters["words"].separators) == (("all",), (",",))


@pytest.mark.parametrize(
    ("query", "column"),
    [
        ("Book.objects.filter(title__icontains=term)", "title"),
        ("Book.query.filter_by(title=term)", "title"),
        ("select(Book).where(Book.title == term)", "title"),
        ("select(Book).where(Book.title.ilike(f'%{term}%'))", "title"),
        ("books(term)", "code"),
    ],
)
def test_columns_are_what_a_query_compares_it_with(query: str, column: str) -> None:
    text = (
        f"def f():\n    term = request.args.get('q')\n    return {query}\n\n"
        "def books(named):\n    return Book.query.filter(Book.code == named)\n"
    )
    assert column in found(text)["q"].columns


def test_a_code_list_of_a_thousand_is_cut() -> None:
    codes = ", ".join(f"'c{number}'" for number in range(1000))
    text = f"def f():\n    x = request.args.get('c')\n    return x in ({codes})\n"
    assert len(found(text)["c"].literals) == 24


def test_a_file_is_parsed_once_for_all_endpoints_that_pass_through_it() -> None:
    text = "def handler():\n    return request.args.get('one_file_for_many_endpoints')\n"
    before = parsed.cache_info().misses
    for _ in range(20):
        parameters_of({"a.py": text}, [Span("a.py", 1, 2)])
    assert parsed.cache_info().misses == before + 1


def test_what_a_handler_depends_on_is_filled_in_too_and_nothing_further_down() -> None:
    text = """
@router.get("/{shop}")
async def orders(shop: int, window=Depends(window)): ...
async def window(request: Request, shop: int, offset: int = 0, most: Annotated[int, Query(le=5)] = 5): ...
def helper(unasked: int = 0): ...
"""
    way = [Span("a.py", 3, 3), Span("a.py", 4, 4), Span("a.py", 5, 5)]
    names = [one.name for one in parameters_of({"a.py": text}, way, path="/{shop}", filled=2)]
    assert names == ["most", "offset"]
    assert [one.name for one in parameters_of({"a.py": text}, way, path="/{shop}")] == []


def test_a_part_of_the_path_is_known_by_the_column_that_it_is_compared_with() -> None:
    text = """
def legacy(request, code, page):
    return find(code)
def find(old):
    return Article.objects.filter(legacy_code=old).first()
"""
    way = [Span("a.py", 2, 3), Span("a.py", 4, 5)]
    assert path_columns({"a.py": text}, way, "/legacy/{code}/{page}") == (("code", ("legacy_code",)),)
    assert path_columns({"a.py": text}, way, "/legacy") == ()
