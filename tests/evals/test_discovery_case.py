"""The discovery sample: its truth points at its code, and its code gives nothing away."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

CASE = Path(__file__).resolve().parents[2] / "evals" / "cases" / "discovery"
APP = CASE / "app"
TRUTH: dict[str, Any] = tomllib.loads((CASE / "expected.toml").read_text(encoding="utf-8"))
SOURCES = sorted(APP.rglob("*.py"))
PLACES = [*TRUTH["bottleneck"], *TRUTH["lookalike"], *TRUTH["tolerated"]]

RULE_IDS = """
    query-in-loop lazy-load-in-loop duplicate-query loop-invariant-call unwired-batch derivable-query
    work-before-guard
    filter-in-python sort-in-python slice-in-python aggregate-in-python count-by-len exists-by-fetch
    unbounded-fetch over-fetch unused-eager-load missing-index write-per-row write-on-read long-transaction
    session-sprawl connection-held pool-starvation list-membership nested-loop-join repeated-work log-in-loop
    uncached-read uncached-config unbounded-cache cache-without-expiry cache-without-invalidation
    call-in-loop sequential-await no-timeout retry-without-backoff swallowed-error-on-io llm-in-request
    blocking-in-async deferrable-work lock-across-io workers-against-pool no-persistent-connection
    sync-worker-with-slow-io debug-on no-http-cache-headers tangled-module hot-module
"""
FIRST_IDS = """
    query-in-loop lazy-load-in-loop duplicate-query loop-invariant-call filter-in-python sort-in-python
    slice-in-python count-by-len exists-by-fetch unbounded-fetch write-per-row missing-index
    session-sprawl log-in-loop call-in-loop
"""
RULES = frozenset(RULE_IDS.split())
FIRST = frozenset(FIRST_IDS.split())
"""The rules of the first audit that can apply to a synchronous application (`blocking-in-async` can't)."""

REVEALING = re.compile(
    r"\b(slow\w*|fast\w*|n\s?\+\s?1|inefficien\w*|optimi[sz]\w*|bottleneck\w*|performan\w*|naive\w*|quadratic|cubic"
    r"|todo|fixme|xxx|hack\w*|legacy|redundan\w*|duplicat\w*|unnecessar\w*|wasteful\w*|expensive|costly|latency"
    r"|lazy|lazily|eager\w*|unwired|unused|look-?alike\w*|anti-?pattern\w*|deliberate\w*|on purpose"
    r"|intentional\w*|should be cached|per row|per item"
    r"|fault\w*|flaw\w*|trap\w*|bug\w*|truth|gold|benchmark\w*|audit\w*|sleep)\b",
    re.IGNORECASE,
)
METHODS = {"get", "post", "put", "patch", "delete"}


def lines_of(file: str) -> list[str]:
    return (APP / file).read_text(encoding="utf-8").splitlines()


def enclosing(file: str, line: int) -> str:
    """The dotted name of the innermost function or class around a line, the module's without one."""
    name = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    node: ast.AST = ast.parse((APP / file).read_text(encoding="utf-8"))
    while True:
        inner = _definition_at(node, line)
        if inner is None:
            return name
        name, node = f"{name}.{inner.name}", inner


def _definition_at(node: ast.AST, line: int) -> ast.FunctionDef | ast.ClassDef | None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
            if first <= line <= (child.end_lineno or 0):
                return child
        elif (found := _definition_at(child, line)) is not None:
            return found
    return None


def served() -> set[tuple[str, str, str, int]]:
    """(method, path, handler, line) of every route, read from decorators and registrations."""
    prefixes = {"health": ""} | {
        name: "/api/v1" + prefix for name, prefix in _registered(APP / "discovery" / "routes" / "__init__.py")
    }
    routes = set()
    for module, prefix in prefixes.items():
        tree = ast.parse((APP / "discovery" / "routes" / f"{module}.py").read_text(encoding="utf-8"))
        for view in ast.walk(tree):
            if isinstance(view, ast.FunctionDef):
                for method, path in _decorated(view):
                    shown = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", prefix + path)
                    routes.add((method, shown, f"discovery.routes.{module}.{view.name}", view.lineno))
    return routes


def _registered(file: Path) -> list[tuple[str, str]]:
    found = []
    for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "api.register_blueprint":
            prefix = [ast.literal_eval(word.value) for word in call.keywords if word.arg == "url_prefix"]
            found.append((ast.unparse(call.args[0]).removesuffix(".bp"), "".join(prefix)))
    return found


def _decorated(view: ast.FunctionDef) -> list[tuple[str, str]]:
    found = []
    for decorator in view.decorator_list:
        if not isinstance(decorator, ast.Call) or not ast.unparse(decorator.func).startswith("bp."):
            continue
        verb, path = ast.unparse(decorator.func).removeprefix("bp."), ast.literal_eval(decorator.args[0])
        if verb in METHODS:
            found.append((verb.upper(), path))
        else:
            found += [
                (method, path) for word in decorator.keywords for method in ast.literal_eval(word.value)
            ]
    return found


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    same = one["file"] == other["file"]
    return bool(same and one["line"] <= other["end_line"] and other["line"] <= one["end_line"])


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place["id"])
def test_a_place_is_where_the_truth_says(place: dict[str, Any]) -> None:
    source = lines_of(place["file"])
    assert 1 <= place["line"] <= place["end_line"] <= len(source)
    assert source[place["line"] - 1].strip() == place["code"]
    assert enclosing(place["file"], place["line"]) == place["function"]


@pytest.mark.parametrize("fault", TRUTH["bottleneck"], ids=lambda fault: fault["id"])
def test_a_related_place_exists(fault: dict[str, Any]) -> None:
    for related in fault.get("related", []):
        assert lines_of(related["file"])[related["line"] - 1].strip(), related


def test_ids_are_unique_and_rules_are_known() -> None:
    ids = [place["id"] for place in PLACES]
    assert len(ids) == len(set(ids))
    named = {fault["rule"] for fault in TRUTH["bottleneck"]}
    for place in PLACES:
        named |= {*place.get("also", []), *place.get("silent", []), *place.get("rules", [])}
    assert named <= RULES


def test_every_rule_of_the_first_audit_is_seeded() -> None:
    assert {fault["rule"] for fault in TRUTH["bottleneck"]} >= FIRST


def test_lookalikes_outnumber_the_dozen_and_contradict_nothing() -> None:
    assert len(TRUTH["lookalike"]) >= 12
    for right in TRUTH["lookalike"]:
        for other in [*TRUTH["bottleneck"], *TRUTH["tolerated"]]:
            claimed = {other.get("rule"), *other.get("also", []), *other.get("rules", [])}
            assert not (overlap(right, other) and claimed & set(right["silent"])), (right["id"], other["id"])


def test_routes_are_the_ones_in_the_source() -> None:
    listed = {(row["method"], row["path"], row["handler"], row["line"]) for row in TRUTH["endpoint"]}
    assert listed == served()


def test_faults_name_endpoints_that_exist() -> None:
    known = {f"{row['method']} {row['path']}" for row in TRUTH["endpoint"]}
    for fault in TRUTH["bottleneck"]:
        assert set(fault["endpoints"]) <= known, fault["id"]


def test_every_endpoint_was_measured_at_both_scales() -> None:
    for row in TRUTH["endpoint"]:
        assert row["request"], row
        for request in row["request"]:
            assert {"sql", "sessions"} <= set(request["small"]) & set(request["full"])


def test_the_figures_are_those_of_the_case_study() -> None:
    detail = next(row for row in TRUTH["endpoint"] if row["path"] == "/api/v1/locations/{location_id}/spaces")
    cold = next(request for request in detail["request"] if request.get("state") == "cold")
    assert 30 <= cold["small"]["sql"] <= 40
    assert cold["small"]["sessions"] == 5
    discover = next(row for row in TRUTH["endpoint"] if row["path"] == "/api/v1/spaces/discover")
    assert max(request["full"]["log"] for request in discover["request"] if "log" in request["full"]) >= 1_000


def test_the_discovery_endpoint_reads_thirteen_parameters() -> None:
    source = (APP / "discovery" / "routes" / "discover.py").read_text(encoding="utf-8")
    assert len(set(re.findall(r"args\.get\(\s*\"(\w+)\"", source))) == 13


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(APP)))
def test_a_module_compiles_and_gives_nothing_away(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    compile(source, str(file), "exec")
    assert REVEALING.findall(source) == []


@pytest.mark.parametrize("name", ["README.md", "auditor.toml"])
def test_the_guide_and_the_settings_give_nothing_away(name: str) -> None:
    assert REVEALING.findall((APP / name).read_text(encoding="utf-8")) == []


def test_the_application_is_a_realistic_size() -> None:
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in SOURCES) >= 1_000


def test_only_files_of_the_application_ship() -> None:
    others = {file.name for file in APP.rglob("*") if file.is_file() and "__pycache__" not in file.parts}
    others -= {file.name for file in SOURCES}
    assert others == {"README.md", "Procfile", "requirements.txt", "auditor.toml", "demo.jsonl"}


def test_the_application_keeps_to_its_own_runtime_policy() -> None:
    refused = set(TRUTH["runtime"]["refused"])
    for file in (APP / "discovery").rglob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.partition(".")[0] for name in names} & refused, file
