from hypothesis import given
from hypothesis import strategies as st

from auditor.index.values import UNKNOWN, Const, Exact, Ext, OneOf, Sym, Value
from auditor.trace.joining import join, join_all

KINDS = st.sampled_from("unknown none exact const ext sym known one-of".split())


def made(kind: str, seen: list[Value]) -> Value:
    match kind:
        case "unknown":
            return UNKNOWN
        case "none":
            return Const(None)
        case "exact":
            return Exact(len(seen))
        case "const":
            return Const(len(seen))
        case "ext":
            return Ext(f"library.{len(seen)}")
        case "known":
            return Sym("param", None, 0, known=Exact(1))
        case "one-of":
            return OneOf(tuple(v for v in seen if isinstance(v, Ext))[:4] or (Ext("a"), Ext("b")))
    return Sym("param", None, 0)


def told(value: Value) -> object:
    """What can be compared of a value: what is made anew, by content, all else by identity."""
    if isinstance(value, OneOf):
        return tuple(told(o) for o in value.options)
    if isinstance(value, Const):
        return type(value).__name__, value.value
    return (value.op, id(value.base)) if isinstance(value, Sym) and value.op == "same" else id(value)


@given(st.lists(st.tuples(KINDS, st.booleans()), max_size=12))
def test_joining_many_is_joining_one_after_another(kinds: list[tuple[str, bool]]) -> None:
    values: list[Value] = []
    for kind, again in kinds:
        values.append(values[-1] if again and values else made(kind, values))
    expected: Value = UNKNOWN
    for value in values:
        expected = join(expected, value)
    assert told(join_all(values)) == told(expected)
