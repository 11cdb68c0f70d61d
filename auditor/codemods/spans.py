"""Edits of a text by the spans of its syntax tree: everything outside a span keeps its bytes."""

import ast
import io
import tokenize
from collections.abc import Callable
from itertools import pairwise


class Spans:
    """A Python text and the places of its nodes. `ast` counts columns in UTF-8 bytes; here they are characters."""

    def __init__(self, text: str) -> None:
        """Takes line feeds only, as `repo.decode` gives them; raises SyntaxError."""
        self.text = text
        self.tree = ast.parse(text)
        self.lines = text.split("\n")
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._edits: list[tuple[int, int, str]] = []
        self.is_own: Callable[[str], bool] | None = None
        """Whether a module is the project's own, so that its imports come last; None where nobody knows."""

    def span(self, node: ast.AST, /) -> tuple[int, int]:
        """Begin and end of a node, in characters."""
        line, column = node.lineno, node.col_offset  # type: ignore[attr-defined]  # expressions and statements have them
        end_line, end_column = node.end_lineno, node.end_col_offset  # type: ignore[attr-defined]
        return self._at(line, column), self._at(end_line, end_column)

    def source(self, node: ast.AST, /) -> str:
        """The text of a node, as it is written."""
        start, end = self.span(node)
        return self.text[start:end]

    def holder(self, node: ast.expr, /) -> str:
        """The text of a node of which an attribute is read: in parentheses where they are needed."""
        text = self.source(node)
        plain = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.List, ast.Dict, ast.Set, ast.JoinedStr)
        return text if isinstance(node, plain) else f"({text})"

    def replace(self, node: ast.AST, text: str, /) -> None:
        """Puts `text` in the node's place."""
        self._edits.append((*self.span(node), text))

    def insert(self, at: int, text: str, /) -> None:
        """Puts `text` before the character `at`."""
        self._edits.append((at, at, text))

    def insert_after(self, node: ast.AST, text: str, /) -> None:
        """Puts `text` right behind the node."""
        self.insert(self.span(node)[1], text)

    def insert_lines_before(self, node: ast.stmt, lines: list[str], /) -> None:
        """Puts whole lines before a statement, with its indentation."""
        indent = self.indent(node)
        self.insert(
            self._starts[first_line(node) - 1], "".join(f"{indent}{line}".rstrip() + "\n" for line in lines)
        )

    def remove_lines(self, node: ast.stmt, /) -> None:
        """Removes the whole lines of a statement that shares them with no other."""
        start, end = self._starts[first_line(node) - 1], self._starts[self._end_line(node)]
        self._edits.append((start, min(end, len(self.text)), ""))

    def replace_lines(self, first: int, last: int, text: str, /) -> None:
        """Puts `text` in the place of the lines from `first` to `last`, counted from 1, their line feeds included."""
        self._edits.append((self._starts[first - 1], min(self._starts[last], len(self.text)), text))

    def take_out(self, node: ast.With | ast.AsyncWith | ast.If, /, *, header_end: int | None = None) -> None:
        """Puts the body of a `with` or `if` in its place: the header's lines go, those of the body move to the left.

        `header_end` is the header's last line, where comments behind it are to be kept.
        """
        inner, outer = self.indent(node.body[0]), self.indent(node)
        first = first_line(node.body[0]) if header_end is None else header_end + 1
        self._edits.append((self.line_start(node), self._starts[first - 1], ""))
        for number in range(first, self._end_line(node) + 1):
            if self.lines[number - 1].startswith(inner):
                at = self._starts[number - 1]
                self._edits.append((at + len(outer), at + len(inner), ""))

    def replace_span(self, start: int, end: int, text: str, /) -> None:
        """Puts `text` in the place of the characters from `start` up to `end`."""
        self._edits.append((start, end, text))

    def forget(self) -> None:
        """Drops the edits that were made so far."""
        self._edits.clear()

    def line_start(self, node: ast.stmt, /) -> int:
        """The first character of the line on which a statement begins, its decorators included."""
        return self._starts[first_line(node) - 1]

    def line_end(self, node: ast.stmt, /) -> int:
        """The character behind the last line of a statement: where the next line begins."""
        return min(self._starts[self._end_line(node)], len(self.text))

    def indent(self, node: ast.stmt, /) -> str:
        """The white space before a statement."""
        line = self.lines[node.lineno - 1]
        return line[: len(line) - len(line.lstrip())]

    def comments(self, node: ast.AST, /) -> bool:
        """Whether a comment stands inside the node's lines, where an edit would lose it."""
        start, end = self.span(node)
        try:
            tokens = list(tokenize.generate_tokens(io.StringIO(self.text[start:end] + "\n").readline))
        except (tokenize.TokenError, SyntaxError, IndentationError):
            return "#" in self.text[start:end]
        return any(token.type == tokenize.COMMENT for token in tokens)

    def result(self) -> str:
        """The text with all edits.

        Raises:
            ValueError: two edits overlap.
            SyntaxError: the result is no Python, which is a fault of the codemod.
        """
        edits = sorted(dict.fromkeys(self._edits), key=lambda edit: (edit[0], edit[1]))
        for left, right in pairwise(edits):
            if left[1] > right[0]:
                raise ValueError(f"edits overlap at character {right[0]}")
        parts: list[str] = []
        end = 0
        for start, stop, text in edits:
            parts += [self.text[end:start], text]
            end = stop
        made = "".join([*parts, self.text[end:]])
        ast.parse(made)
        return made

    def _at(self, line: int, column: int) -> int:
        text = self.lines[line - 1]
        if text.isascii():
            return self._starts[line - 1] + column
        return self._starts[line - 1] + len(text.encode()[:column].decode())

    def _end_line(self, node: ast.stmt) -> int:
        assert node.end_lineno is not None
        return node.end_lineno


def first_line(node: ast.stmt) -> int:
    """With decorators."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return min([node.lineno, *(one.lineno for one in node.decorator_list)])
    return node.lineno
