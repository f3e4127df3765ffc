"""The little language of sizes and conditions: `2 * hidden_dim`, `stride != 1 or in_channels != 4 * width`.

A text is parsed once, by Python's own parser into its syntax tree, and turned into nested closures; only the kinds of
node that are named here have one, so nothing else can be reached. What is read is numbers, truth values, null, lists
by their name, and unknown sizes. An unknown size absorbs what is computed from it; it is never taken for a number, and
it is never null: a size that is not known yet is given all the same.

Every expression takes bounded time and memory, whatever its text.
"""

from __future__ import annotations

from modelspec.expressions.words import (
    ARRIVING,
    BUILTINS,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_VALUE,
    NO_NAMES,
    ExpressionError,
    Value,
    refuse_names,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn

    from modelspec.expressions.words import Node, Span

__all__ = [
    "BUILTINS",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_VALUE",
    "Expression",
    "ExpressionError",
    "Value",
    "parse",
]

_MAX_KEPT = 30_000
"""Characters of parsed texts that are kept for when they come again."""


class Expression:
    """A parsed expression. `names` are those it may read, and `size` if it asks for an axis."""

    __slots__ = ("_name", "_node", "_places", "names", "text")

    def __init__(self, text: str, node: Node | None, places: Mapping[str, Span]) -> None:
        self.text = text
        self.names = frozenset(places)
        self._name = None if node is not None else next(iter(places))
        self._node = node
        self._places = places

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def evaluate(self, names: Mapping[str, Value], size: Callable[[int], Value] | None = None) -> Value:
        """Give the value, where `names` is what is known here and `size` gives an axis's size (or raises IndexError).

        Without anything that arrives, `names` lacks `in_channels` and `in_features`, and `size` is None. Raises
        ExpressionError: MS402 for a name that is not known, even in a branch that is not taken; MS404 for a value
        out of bounds; MS405 where there is no value.
        """
        node = self._node
        if node is None:
            try:
                return names[self._name]  # type: ignore[index]
            except KeyError:
                self._refuse_missing(names)
        for name in self._places:
            if name not in names and name not in ARRIVING and name != "size":
                self._refuse_missing(names)
        return node(names, size)

    def _refuse_missing(self, names: Mapping[str, Value]) -> NoReturn:
        missing = [name for name in self._places if name not in names and name != "size"]
        strangers = [name for name in missing if name not in BUILTINS] or missing
        refuse_names(strangers, names, self._places[strangers[0]])


_kept: dict[str, Expression] = {}
_kept_length = 0


def parse(text: str) -> Expression:
    """Read the text. Raises ExpressionError: MS401, MS403 or MS404."""
    global _kept_length
    expression = _kept.get(text)
    if expression is None:
        expression = _parse(text)
        if _kept_length + len(text) > _MAX_KEPT:
            _kept.clear()
            _kept_length = 0
        _kept[text] = expression
        _kept_length += len(text)
    return expression


def _parse(text: str) -> Expression:
    if len(text) > MAX_LENGTH:
        message = f"an expression of {len(text):,} characters; at most {MAX_LENGTH:,} are allowed"
        raise ExpressionError("MS404", message, (0, len(text)), "compute a part of it in a variable of its own")
    if text not in NO_NAMES and text.isidentifier():
        return Expression(text, None, {text: (0, len(text))})
    from modelspec.expressions.build import build  # a bare name has no need of them
    from modelspec.expressions.scan import scan

    line = text.replace("\n", " ").replace("\r", " ").replace("\t", " ")
    scan(line)
    return Expression(text, *build(line))
