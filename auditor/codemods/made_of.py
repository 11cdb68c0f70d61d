"""What an answer is made of: the tables it reads, if it depends on nothing else but path and parameters."""

import re
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.rules import turns
from auditor.rules.constant_reads import model_of
from auditor.rules.declared import models
from auditor.rules.no_http_cache_headers import is_personal
from auditor.trace.chains import chains

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.symbols import Function
    from auditor.index.values import Model
    from auditor.rules.scene import Scene
    from auditor.trace.evaluation import Root

_LISTED: Final = 300
_FOLLOWED: Final = 200
_READ: Final = frozenset(
    {"args", "GET", "path", "full_path", "view_args", "method", "get_full_path", "query_params"}
)
"""What of a request the key holds."""
_REQUESTS: Final = frozenset({"request", "req"})
_ELSEWHERE: Final = frozenset(
    "now today utcnow localtime localdate time monotonic random randint choice shuffle sample uuid4 uuid1 token_hex "
    "current_user get_jwt_identity get_language gettext get_locale current_app environ getenv "
    "render render_template render_to_string messages flash after_this_request send_file make_response set_cookie "
    "dump model_validate from_orm to_representation serialize serializers data "
    "StreamingHttpResponse stream_with_context build_absolute_uri url_for open".split()
)
"""Names of what may be another one for the next who asks, or does more than answer."""
_IMPORTED: Final = frozenset({"session", "g", "_"})
"""Flask's, and a translation, where the module binds them itself."""


def tables(scene: "Scene", root: "Root", /) -> "dict[str, Model] | str":
    """The models whose rows the answer is made of, by key; a reason where it may be made of something else."""
    entry = root.entry
    if (
        entry is None
        or is_personal(scene, root)
        or any(around.role == "permission" for around in entry.around)
    ):
        return "the answer may depend on who asks"
    listed, complete = chains(scene.trace.machine, root.summary, _LISTED)
    if not complete:
        return "not all that it does is known"
    found: dict[str, Model] = {}
    for one in listed:
        query = one.effect.query
        model = model_of(one.effect) if query is None else query.model
        is_read = one.effect.kind == "sql" and one.effect.operation != "write"
        if one.effect.kind in {"session", "transaction"}:
            continue
        if not is_read or model is None or not model.table:
            return f"it does more than read tables (`{one.effect.label}`)"
        found[model.key] = model
    words: set[str] = set()
    for function in below(scene, root):
        if function.module.role == "library":
            continue
        words |= words_of(function)
        if name := speaks_of(function):
            return f"`{function.name}` speaks of `{name}`, which may be another one for the next who asks"
        summary = scene.trace.machine.summaries.get(id(function))
        if summary is None or summary.unresolved:
            text = "" if summary is None else f" (`{summary.unresolved[0][0]}`)"
            return f"what `{function.name}` calls is not all known{text}"
    return with_mentioned(scene, found, words) if found else "it reads no table"


def with_mentioned(scene: "Scene", found: "dict[str, Model]", words: set[str], /) -> "dict[str, Model]":
    """With the models that the code names, and those at the other end of relations that it names, however they are loaded."""
    made = found | {model.key: model for model in models(scene) if model.cls.name in words}
    queue = list(made.values())
    while queue:
        model = queue.pop()
        for relation in model.relations.values():
            other = scene.trace.machine.orm(model.orm).by_key(relation.target)
            if relation.name in words and other is not None and other.key not in made:
                made[other.key] = other
                queue.append(other)
    return made


def words_of(function: "Function", /) -> set[str]:
    """Every name, attribute, keyword and part of a text in a function."""
    found: set[str] = set()
    for node in turns.nodes(function.body):
        if node[0] == ir.NAME:
            found.add(node[2])
        elif node[0] == ir.ATTR:
            found.add(node[3])
        elif node[0] == ir.CALL:
            found |= {part for key, _ in node[4] if key is not None for part in key.split("__")}
        elif node[0] == ir.CONST and isinstance(node[2], str):
            found |= set(re.split(r"\W+|__", node[2]))
    return found


def below(scene: "Scene", root: "Root") -> "Iterator[Function]":
    """The functions that answer, each once."""
    queue, seen = [root.function, *(call.callee for call in root.summary.calls)], set[int]()
    while queue:
        function = queue.pop()
        if id(function) in seen or len(seen) > _FOLLOWED:
            continue
        seen.add(id(function))
        yield function
        summary = scene.trace.machine.summaries.get(id(function))
        queue.extend(call.callee for call in (() if summary is None else summary.calls))


def speaks_of(function: "Function", /) -> str:
    """A name in the function that the key does not hold; "" for none."""
    for node in turns.nodes(function.body):
        if node[0] == ir.NAME and (
            node[2] in _ELSEWHERE or (node[2] in _IMPORTED and function.module.scope.get(node[2]))
        ):
            return str(node[2])
        if node[0] == ir.ATTR:
            of_request = turns.name_of(node[2]) in _REQUESTS
            if (of_request and node[3] not in _READ) or (not of_request and node[3] in _ELSEWHERE):
                return str(node[3])
    return ""
