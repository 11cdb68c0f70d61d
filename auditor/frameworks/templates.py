"""Templates (Django's language and Jinja2) lowered to the same IR as Python, so that one machine reads both.

`a.b` in a Django template may call what it finds and may be an item: it becomes a call of the intrinsic
`__template_get__(a, "b")`. Jinja2's expressions are nearly Python's and are lowered by Python's own lowering.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, TypeAlias

from auditor.frameworks import jinja_filters
from auditor.frameworks.template_groups import regrouped
from auditor.index import ir
from auditor.index.lower import lower
from auditor.index.lower_expressions import TooDeep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node

GET: Final = "__template_get__"
ABOUT: Final = "about"
"""Given to `__template_get__` where the next step would ask a form's field about itself, which shows no choice of it."""
INCLUDE: Final = "__template_include__"
TAG: Final = "__template_tag__"
"""Called with the name of a tag that the project may have made, and what it is given."""
FILTER: Final = "__template_filter__"
"""Likewise for a filter, whose value comes after its name."""
CACHED: Final = "__template_cached__"
"""Called with the arguments of `{% cache %}`: whether the fragment is remembered."""
_OPENERS: Final = re.compile(r"\{[%{#]")
_ENDS: Final = {"{%": "%}", "{{": "}}", "{#": "#}"}
_PATH: Final = re.compile(r"[A-Za-z_][\w]*(?:\.\w+)*")
_WORD: Final = re.compile(r"(?:\w+=)?(?:'[^']*'|\"[^\"]*\"|[^\s'\"])+")
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_CLOSERS: Final = {"for": {"endfor"}, "if": {"endif"}, "block": {"endblock"}, "with": {"endwith"}}
_SKIPPED: Final = frozenset({"load", "csrf_token", "comment", "spaceless", "autoescape", "now", "verbatim"})
_PASSING: Final = frozenset(
    "default safe escape date time upper lower title capfirst linebreaks linebreaksbr truncatewords truncatechars striptags "
    "floatformat intcomma pluralize urlencode slugify join yesno default_if_none escapejs stringformat add first last".split()
)
"""Filters of Django's own that give what they are given, as far as anybody asks here."""
_OF_FIELDS: Final = frozenset(
    "errors label label_tag legend_tag id_for_label help_text name html_name html_initial_name value auto_id initial data "
    "is_hidden is_required widget_type css_classes use_fieldset".split()
)
"""What a field of Django's forms tells of itself without showing its choices."""
_MOST_WORDS: Final = 40
MAX_BYTES: Final = 512 * 1024
_LONGEST_PATH: Final = 12
"""Steps of `a.b.c`, and filters of `a|b|c`, that are followed."""
_LONGEST_EXPRESSION: Final = 4096
"""Characters; a longer one is no code by hand, and it is parsed here and not in the limited child."""


Macro: TypeAlias = "tuple[tuple[str, ...], tuple[Node, ...]]"
"""The names of its parameters, and its statements."""


@dataclass(frozen=True, slots=True)
class MacroImport:
    """`{% import "path" as alias %}`, or `{% from "path" import name as bound %}`."""

    path: str
    alias: str = ""
    names: tuple[tuple[str, str], ...] = ()
    """(name there, name here)"""


@dataclass(slots=True)
class Template:
    """A template's statements; `parent` is what it extends."""

    body: tuple[Node, ...]
    parent: str | None
    blocks: dict[str, tuple[Node, ...]] = field(default_factory=dict)
    macros: dict[str, Macro] = field(default_factory=dict)
    imports: tuple[MacroImport, ...] = ()
    loaded: frozenset[str] = frozenset()
    """The libraries of tags that it asks for."""


@dataclass(slots=True)
class _Tag:
    name: str
    text: str
    line: int
    is_output: bool


def compile_template(source: str, *, jinja: bool) -> Template:
    """Lowers one template; what it does not understand is skipped, never guessed."""
    compiler = _Compiler(list(_tags(source[:MAX_BYTES])), jinja=jinja)
    body = compiler.block(frozenset())
    return Template(
        tuple(body),
        compiler.parent,
        compiler.blocks,
        compiler.macros,
        tuple(compiler.imports),
        frozenset(compiler.loaded),
    )


def _tags(source: str) -> Iterator[_Tag]:
    """What stands in `{% %}` and `{{ }}`, in time that grows with the text: no end is looked for twice."""
    line, counted = 1, 0
    missing: set[str] = set()
    opener = _OPENERS.search(source)
    while opener is not None:
        kind, begin = opener[0], opener.start()
        end = -1 if kind in missing else source.find(_ENDS[kind], begin + 2)
        if end < 0:
            missing.add(kind)
            opener = _OPENERS.search(source, begin + 1)
            continue
        line += source.count("\n", counted, begin)
        counted = begin
        text = source[begin + 2 : end]
        if kind == "{%":
            name, _, rest = text.strip("-+").strip().partition(" ")
            yield _Tag(name, rest.strip(), line, is_output=False)
        elif kind == "{{":
            yield _Tag("", text.removeprefix("-").removesuffix("-").strip(), line, is_output=True)
        opener = _OPENERS.search(source, end + 2)


class _Compiler:
    def __init__(self, tags: list[_Tag], *, jinja: bool) -> None:
        self.tags = tags
        self.at = 0
        self.depth = 0
        self.jinja = jinja
        self.parent: str | None = None
        self.blocks: dict[str, tuple[Node, ...]] = {}
        self.macros: dict[str, Macro] = {}
        self.imports: list[MacroImport] = []
        self.loaded: set[str] = set()

    def block(self, until: frozenset[str]) -> list[Node]:
        """Statements up to one of the closing tags, which is left to be read."""
        statements: list[Node] = []
        self.depth += 1
        while self.at < len(self.tags) and self.depth < 60:
            tag = self.tags[self.at]
            if tag.name in until:
                break
            self.at += 1
            if tag.is_output:
                statements.append((ir.EXPR, tag.line, tag.line, self.shown(tag)))
            else:
                statements.extend(self.tag(tag))
        self.depth -= 1
        return statements

    def shown(self, tag: _Tag) -> Node:
        """`{{ x }}` turns its value into text."""
        value = self.expression(tag.text, tag.line)
        return (ir.FSTR, tag.line, "{}", (value,))

    def tag(self, tag: _Tag) -> list[Node]:
        if tag.name == "for":
            return self.loop(tag)
        if tag.name == "if":
            return [self.condition(tag)]
        if tag.name in {"block", "macro", "call", "filter", "blocktrans", "blocktranslate"}:
            return self.section(tag)
        if tag.name == "cache":
            return [self.cached(tag)]
        if tag.name in {"with", "set"}:
            return self.assigned(tag)
        if tag.name == "extends":
            quoted = _QUOTED.match(tag.text)
            self.parent = quoted[0][1:-1] if quoted else None
            return []
        if tag.name == "include":
            return [self.include(tag)]
        if tag.name == "comment":
            self.block(frozenset({"endcomment"}))
            self.at += 1
            return []
        if tag.name == "load":
            self.loaded.update(word.rpartition(".")[2] for word in tag.text.split())
            return []
        if tag.name in {"import", "from"}:
            self.imported(tag)
            return []
        if tag.name in _SKIPPED or tag.name.startswith("end") or tag.name in {"else", "elif", "empty"}:
            return []
        if tag.name == "regroup" and not self.jinja:
            return regrouped(tag.text, tag.line, self.expression)
        if not self.jinja:
            return [self.custom(tag)]
        return [(ir.EXPR, tag.line, tag.line, self.other(tag))]

    def custom(self, tag: _Tag) -> Node:
        """A tag that may be the project's own: `{% name a b key=c %}`, and with `as result` a name for what it gives."""
        text, found, bound = f" {tag.text}".rpartition(" as ")
        is_bound = bool(found) and re.fullmatch(r"\w+", bound.strip()) is not None
        given: list[Node] = [(ir.CONST, tag.line, tag.name)]
        named: list[tuple[str, Node]] = []
        for word in _WORD.findall(text if is_bound else tag.text)[:_MOST_WORDS]:
            key, equals, value = word.partition("=")
            if equals and re.fullmatch(r"\w+", key):
                named.append((key, self.expression(value, tag.line)))
            else:
                given.append(self.expression(word, tag.line))
        call: Node = (ir.CALL, tag.line, (ir.NAME, tag.line, TAG), tuple(given), tuple(named))
        if is_bound:
            return (ir.ASSIGN, tag.line, tag.line, ((ir.NAME, tag.line, bound.strip()),), call)
        return (ir.EXPR, tag.line, tag.line, call)

    def loop(self, tag: _Tag) -> list[Node]:
        target_text, _, iterable_text = tag.text.partition(" in ")
        iterable_text = iterable_text.removesuffix(" reversed")
        names = [n.strip() for n in target_text.strip("() ").split(",") if n.strip()]
        condition = None
        if self.jinja:
            iterable_text, _, given = iterable_text.partition(" if ")
            condition = given or None
        iterable = self.expression(iterable_text, tag.line)
        body = self.block(frozenset({"endfor", "empty", "else"}))
        orelse: list[Node] = []
        if self.peek() in {"empty", "else"}:
            self.at += 1
            orelse = self.block(frozenset({"endfor"}))
        end = self.tags[self.at].line if self.at < len(self.tags) else tag.line
        self.at += 1
        targets: tuple[Node, ...] = tuple((ir.NAME, tag.line, n) for n in names)
        target: Node = targets[0] if len(targets) == 1 else (ir.SEQ, tag.line, "tuple", targets, len(targets))
        if condition is not None:
            body = [(ir.IF, tag.line, end, self.expression(condition, tag.line), tuple(body), ())]
        return [(ir.FOR, tag.line, end, target, iterable, tuple(body), tuple(orelse), False)] if names else []

    def condition(self, tag: _Tag) -> Node:
        test = self.test(tag.text, tag.line)
        body = self.block(frozenset({"endif", "elif", "else"}))
        orelse: tuple[Node, ...] = ()
        closing = self.peek()
        if closing == "elif":
            following = self.tags[self.at]
            self.at += 1
            orelse = (self.condition(following),)
            return (ir.IF, tag.line, following.line, test, tuple(body), orelse)
        if closing == "else":
            self.at += 1
            orelse = tuple(self.block(frozenset({"endif"})))
        end = self.tags[self.at].line if self.at < len(self.tags) else tag.line
        self.at += 1
        return (ir.IF, tag.line, end, test, tuple(body), orelse)

    def section(self, tag: _Tag) -> list[Node]:
        closing = f"end{tag.name}"
        body = self.block(frozenset({closing}))
        self.at += 1
        name = (_PATH.match(tag.text) or [""])[0]
        if tag.name == "macro":
            parameters = tag.text.partition("(")[2].rpartition(")")[0]
            names = tuple(p.partition("=")[0].strip() for p in parameters.split(",") if p.strip())
            self.macros[name] = (names, tuple(body))
            return []
        if tag.name == "block":
            self.blocks[name] = tuple(body)
            call: Node = (
                ir.CALL,
                tag.line,
                (ir.NAME, tag.line, "__template_block__"),
                ((ir.CONST, tag.line, name),),
                (),
            )
            return [(ir.EXPR, tag.line, tag.line, call)]
        return body

    def imported(self, tag: _Tag) -> None:
        quoted = _QUOTED.match(tag.text)
        if quoted is None or not self.jinja:
            return
        words = re.sub(r"\bwith(?:out)? context\s*$", "", tag.text[quoted.end() :].strip()).strip()
        if tag.name == "import" and words.startswith("as "):
            self.imports.append(MacroImport(quoted[0][1:-1], alias=words[3:].strip()))
        elif words.startswith("import "):
            parts = (part.split() for part in words[7:].split(","))
            named = tuple((p[0], p[-1]) for p in parts if p)
            self.imports.append(MacroImport(quoted[0][1:-1], names=named))

    def cached(self, tag: _Tag) -> Node:
        """`{% cache timeout name vary %}`: what is inside runs unless the fragment is remembered."""
        asked: Node = (ir.CALL, tag.line, (ir.NAME, tag.line, CACHED), (self.other(tag),), ())
        body = self.block(frozenset({"endcache"}))
        end = self.tags[self.at].line if self.at < len(self.tags) else tag.line
        self.at += 1
        return (ir.IF, tag.line, end, (ir.NOT, tag.line, asked), tuple(body), ())

    def assigned(self, tag: _Tag) -> list[Node]:
        statements: list[Node] = []
        if " as " in tag.text and "=" not in tag.text:
            value, _, name = tag.text.rpartition(" as ")
            statements.append(self.assignment(name.strip(), value, tag.line))
        else:
            for part in re.finditer(
                r"([A-Za-z_]\w*)\s*=\s*((?:'[^']*'|\"[^\"]*\"|[^\s'\"]|\s(?![A-Za-z_]\w*\s*=))+)", tag.text
            ):
                statements.append(self.assignment(part[1], part[2], tag.line))  # noqa: PERF401  one form of three
        if tag.name == "with":
            statements.extend(self.block(frozenset({"endwith"})))
            self.at += 1
        return statements

    def assignment(self, name: str, value: str, line: int) -> Node:
        return (ir.ASSIGN, line, line, ((ir.NAME, line, name),), self.expression(value, line))

    def include(self, tag: _Tag) -> Node:
        quoted = _QUOTED.match(tag.text)
        name: Node = (ir.CONST, tag.line, quoted[0][1:-1] if quoted else None)
        given = []
        if " with " in tag.text:
            for part in re.finditer(r"([A-Za-z_]\w*)=(\S+)", tag.text.partition(" with ")[2]):
                given.append((part[1], self.expression(part[2], tag.line)))  # noqa: PERF401  reads like its neighbours
        call: Node = (ir.CALL, tag.line, (ir.NAME, tag.line, INCLUDE), (name,), tuple(given))
        return (ir.EXPR, tag.line, tag.line, call)

    def other(self, tag: _Tag) -> Node:
        """A tag nothing is known of: its arguments are read, `as name` is left out."""
        if self.jinja:
            return self.expression(tag.text, tag.line)
        words = [w.partition("=")[2] or w for w in _QUOTED.sub(" ", tag.text).partition(" as ")[0].split()]
        return (ir.OTHER, tag.line, tuple(self.expression(w, tag.line) for w in words if _PATH.match(w)))

    def peek(self) -> str:
        return self.tags[self.at].name if self.at < len(self.tags) else ""

    def test(self, text: str, line: int) -> Node:
        if self.jinja:
            return self.expression(text, line)
        words = _QUOTED.sub(" ", text)
        items = [
            self.expression(w, line)
            for w in re.split(r"\s+|==|!=|<=|>=|<|>", words)
            if w and w not in {"and", "or", "not", "in", "is"}
        ]
        return items[0] if len(items) == 1 else (ir.OTHER, line, tuple(items))

    def expression(self, text: str, line: int) -> Node:
        return jinja_expression(text.strip(), line) if self.jinja else django_expression(text.strip(), line)


def django_expression(text: str, line: int) -> Node:
    """`a.b.c|filter:arg`: what is read is the path; `|length` and `|slice` say how it is consumed."""
    head, *filters = text.split("|")
    value = path(head.strip(), line)
    for f in filters[:_LONGEST_PATH]:
        name, _, argument = f.partition(":")
        if name.strip() == "length":
            value = (ir.CALL, line, (ir.NAME, line, "len"), (value,), ())
        elif name.strip() == "dictsort":
            value = (ir.CALL, line, (ir.NAME, line, "sorted"), (value,), ())
        elif name.strip() not in _PASSING and _PATH.fullmatch(name.strip()):
            given = (value,) if not argument else (value, path(argument.strip(), line))
            called: Node = (ir.CONST, line, name.strip())
            value = (ir.CALL, line, (ir.NAME, line, FILTER), (called, *given), ())
    return value


def path(text: str, line: int) -> Node:
    if not _PATH.fullmatch(text):
        return (ir.CONST, line, text.strip("'\""))
    first, *rest = text.split(".", _LONGEST_PATH + 1)[: _LONGEST_PATH + 1]
    if first in {"True", "False", "None"}:
        return (ir.CONST, line, None)
    node: Node = (ir.NAME, line, first)
    for part, then in zip_longest(rest, rest[1:]):
        about = ((ABOUT, (ir.CONST, line, True)),) if then in _OF_FIELDS else ()
        node = (ir.CALL, line, (ir.NAME, line, GET), (node, (ir.CONST, line, part)), about)
    return node


def jinja_expression(text: str, line: int) -> Node:
    """A Jinja2 expression, lowered as Python; where that fails, the paths that it mentions."""
    if len(text) > _LONGEST_EXPRESSION:
        return (ir.CONST, line, None)
    cleaned = re.sub(r"\bis\s+(not\s+)?\w+(\s*\([^)]*\))?", "", text).replace("~", "+")
    try:
        body = lower(f"x = ({jinja_filters.tightly(cleaned)})".encode())
    except (TooDeep, RecursionError):
        return (ir.CONST, line, None)
    if body["error"] or len(body["body"]) != 1 or body["body"][0][0] != ir.ASSIGN:
        words = _QUOTED.sub(" ", text)
        return (ir.OTHER, line, tuple(path(p, line) for p in _PATH.findall(words)[:8]))
    return jinja_filters.applied(placed(body["body"][0][4], line))


def placed(node: Node, line: int) -> Node:
    """The expression with every node on the template's line."""

    def move(part: object) -> object:
        if isinstance(part, tuple):
            if len(part) > 2 and isinstance(part[0], int) and type(part[1]) is int and part[0] <= ir.OTHER:
                return (part[0], line, *(move(p) for p in part[2:]))
            return tuple(move(p) for p in part)
        return part

    moved = move(node)
    return moved if isinstance(moved, tuple) else node
