"""What class bodies declare: columns, relations and the rest, before anything is linked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from auditor.frameworks import sqlalchemy_names as names
from auditor.frameworks.sqlalchemy_text import constant
from auditor.index import ir
from auditor.index.symbols import Class, External, Function, inner_blocks, tail_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Module

Kind = Literal["column", "relation", "proxy", "synonym", "other"]
_HANDED_ON: Final = frozenset({"sa_relationship_kwargs", "sa_column_kwargs"})


@dataclass(frozen=True, slots=True, eq=False)
class Declared:
    """An attribute that the mapper sees."""

    name: str
    kind: Kind
    call: Node | None
    """The call that makes it; None for a bare `Mapped[...]` annotation."""
    annotation: Node | None
    owner: Class
    line: int
    keywords: tuple[tuple[str | None, Node], ...]
    """Those of the call, with those that a wrapper of the project adds."""
    arguments: tuple[Node, ...]
    deferred: bool = False
    at: Module | None = None
    """Where its call stands, when that is not the owner's body."""

    @property
    def module(self) -> Module:
        """Where it is declared."""
        return self.at or self.owner.module

    def keyword(self, name: str) -> Node | None:
        """The expression given for a keyword, also among those that SQLModel hands on in a dictionary."""
        found = next((v for k, v in self.keywords if k == name), None)
        if found is not None:
            return found
        handed_on = (v for k, v in self.keywords if k in _HANDED_ON)
        return next((v for d in handed_on for k, v in _entries(d) if k == name), None)

    def flag(self, name: str) -> bool:
        """Whether a keyword is given as a literal that is true."""
        return bool(constant(self.keyword(name)))


def _entries(node: Node) -> Iterator[tuple[str | None, Node]]:
    """Names and values of a dictionary that is written out: `{"lazy": "joined"}`, `dict(lazy="joined")`."""
    if node[0] == ir.DICT:
        yield from ((k[2], v) for k, v in node[2] if k is not None and k[0] == ir.CONST)
    elif node[0] == ir.CALL and node[2][0] == ir.NAME and node[2][2] == "dict":
        yield from node[4]


def declared_in(project: Project, cls: Class) -> dict[str, Declared]:
    """The mapped attributes that a class's own body declares, in order."""
    found: dict[str, Declared] = {}
    for s in _statements(cls.body):
        for made in _of_statement(project, cls, s):
            found[made.name] = made
    return found


def declared_later(project: Project, module: Module) -> Iterator[tuple[Class, Declared]]:
    """`Class.attribute = relationship(...)` at the top of a module."""
    for s in module.body:
        if s[0] != ir.ASSIGN or s[4][0] != ir.CALL:
            continue
        for target in s[3]:
            if target[0] != ir.ATTR or target[2][0] != ir.NAME or maker(project, module, s[4]) is None:
                continue
            symbol = project.resolve_expression(module, target[2])
            if isinstance(symbol, Class):
                made = _declared(project, symbol, target[3], s[4], None, line=s[1])
                if made is not None:
                    yield symbol, made


def declared_by(project: Project, module: Module, cls: Class, name: str, call: Node) -> Declared | None:
    """What a mapper in `module` is told of an attribute of a class."""
    made = _declared(project, cls, name, call, None, line=call[1], module=module)
    return None if made is None else replace(made, at=module)


def _statements(body: Sequence[Node]) -> Iterator[Node]:
    for s in body:
        yield s
        if s[0] in {ir.IF, ir.TRY, ir.WITH}:
            for block in inner_blocks(s):
                yield from _statements(block)


def _of_statement(project: Project, cls: Class, s: Node) -> Iterator[Declared]:
    if s[0] == ir.ASSIGN:
        for target in s[3]:
            if target[0] == ir.NAME:
                made = _declared(project, cls, target[2], s[4], None, line=s[1])
                if made is not None:
                    yield made
    elif s[0] == ir.ANN and s[3][0] == ir.NAME:
        made = _declared(project, cls, s[3][2], s[5], s[4], line=s[1])
        if made is not None:
            yield made
    elif s[0] == ir.DEF:
        if any(_is_declared_attribute(d) for d in s[5]):
            value = _returned(s[6])
            made = None if value is None else _declared(project, cls, s[3], value, s[7], line=s[1])
            if made is not None:
                yield made
        elif any(tail_name(d) == "hybrid_property" for d in s[5]):
            yield Declared(s[3], "other", None, None, cls, s[1], (), ())


def _is_declared_attribute(decorator: Node) -> bool:
    inner = decorator[2] if decorator[0] == ir.ATTR else decorator
    return "declared_attr" in {tail_name(decorator), tail_name(inner)}


def _returned(body: Sequence[Node]) -> Node | None:
    """The expression of the last `return` of a body, assigned names followed."""
    values: dict[str, Node] = {}
    found: Node | None = None
    for s in _statements(body):
        if s[0] == ir.ASSIGN and s[3][0][0] == ir.NAME:
            values[s[3][0][2]] = s[4]
        elif s[0] == ir.RETURN and s[3] is not None:
            found = values.get(s[3][2], s[3]) if s[3][0] == ir.NAME else s[3]
    return found


def _declared(
    project: Project,
    cls: Class,
    name: str,
    value: Node | None,
    annotation: Node | None = None,
    *,
    line: int,
    module: Module | None = None,
) -> Declared | None:
    module = module or cls.module
    if value is None or value[0] != ir.CALL:
        if annotation is not None and is_mapped(annotation) and not name.startswith("__"):
            return Declared(name, "column", None, annotation, cls, line, (), ())
        return None
    making = maker(project, module, value)
    if making is None:
        return None
    last, extra = making
    if last == "Field" and annotation is None:
        return None
    keywords, arguments = (*value[4], *extra), tuple(value[3])
    deferred = last == "deferred"
    while last in {"deferred", "column_property"} and arguments and arguments[0][0] == ir.CALL:
        inner = maker(project, module, arguments[0])
        if inner is None or inner[0] not in names.COLUMN_MAKERS:
            break
        keywords = (*keywords, *arguments[0][4], *inner[1])
        arguments, last = tuple(arguments[0][3]), inner[0]
    column = next((v for k, v in keywords if k == "sa_column"), None) if last == "Field" else None
    if (
        column is not None and column[0] == ir.CALL
    ):  # what SQLModel takes as it is, in place of all that it would make
        inner = maker(project, module, column)
        if inner is not None and inner[0] in names.COLUMN_MAKERS:
            keywords, arguments = (*column[4], *inner[1]), tuple(column[3])
    made = Declared(name, _kind(last), value, annotation, cls, line, keywords, arguments, deferred)
    return replace(made, deferred=True) if made.flag("deferred") else made


def _kind(last: str) -> Kind:
    if last in names.RELATION_MAKERS:
        return "relation"
    if last == "association_proxy":
        return "proxy"
    if last == "synonym":
        return "synonym"
    return "column" if last in {"Column", "mapped_column", "Field", "deferred"} else "other"


def maker(
    project: Project, module: Module, call: Node
) -> tuple[str, tuple[tuple[str | None, Node], ...]] | None:
    """(which of SQLAlchemy's constructors a call is, the keywords that a wrapper of the project adds)."""
    symbol = project.resolve_expression(module, call[2])
    if isinstance(symbol, External):
        last = names.tail(symbol.name)
        if last in names.MAKERS:
            return (last, ()) if last != "Field" or symbol.name.startswith("sqlmodel") else None
        if last != "partial":
            return None
    if isinstance(symbol, Function):
        value = _returned(symbol.body)
        if value is not None and value[0] == ir.CALL and tail_name(value[2]) in names.MAKERS:
            return tail_name(value[2]), tuple(value[4])
        return None
    last = tail_name(call[2])
    return (last, ()) if last in names.MAKERS - {"Field"} else None


def is_mapped(annotation: Node) -> bool:
    """`Mapped[...]`, `WriteOnlyMapped[...]`, `DynamicMapped[...]`."""
    return annotation[0] == ir.SUB and tail_name(annotation[2]).endswith("Mapped")
