"""The tree: one closure a node. A closure takes what is known and how to ask for an axis, and gives the value."""

from __future__ import annotations

from _ast import PyCF_ONLY_AST  # what ast.parse does, without the import of ast: that costs more than a parse

from modelspec.expressions.arithmetic import ARITHMETIC, COMPARISONS, COMPUTED
from modelspec.expressions.words import (
    ARRIVING,
    FUNCTIONS,
    LITERALS,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_VALUE,
    OPERATORS_THERE_ARE,
    PRODUCT,
    ExpressionError,
    refuse_names,
    shorten,
    too_deep,
)
from modelspec.shape import UNKNOWN, Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping
    from typing import Any

    from modelspec.expressions.words import Node, Size, Span, Value

__all__ = ["build"]


class _UndecidedError(ExpressionError):
    """Whether there is a value at all depends on an unknown size."""


def build(line: str) -> tuple[Node, Mapping[str, Span]]:
    """Give the closure of a scanned text, and the names that it reads, each with the place where it stands first."""
    bare = line.strip()
    try:
        tree: Any = compile(bare, "<expression>", "eval", PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise _unreadable(line, bare, error) from None
    builder = _Builder(line, bare)
    return builder.build(tree.body), builder.places


def _unreadable(line: str, bare: str, error: Exception) -> ExpressionError:
    start = line.index(bare)
    if not isinstance(error, SyntaxError):
        return too_deep((start, start + len(bare)))
    at = start + max((error.offset or 1) - 1, 0)
    if at >= start + len(bare):
        at = start
    hint = "put brackets around the part that belongs together"
    return ExpressionError("MS401", f"the expression cannot be read from '{shorten(line[at:])}' on", (at, at + 1), hint)


def _attempt(node: Node, names: Mapping[str, Value], size: Size | None) -> Value:
    """Give the value in a branch that may never be taken: unknown if it has none."""
    try:
        return node(names, size)
    except ExpressionError as error:
        if error.code != "MS405" or isinstance(error, _UndecidedError):
            raise
        return UNKNOWN


def _same(a: Value, b: Value) -> bool:
    return a is b or (a.__class__ is b.__class__ and a.__class__ is not tuple and a == b)


class _Builder:
    """Closures for a tree. `places` are the names that are read, and where each stands first."""

    __slots__ = ("columns", "depth", "places", "shift", "text")

    def __init__(self, text: str, bare: str) -> None:
        self.text = text
        self.columns: list[int] | None = None
        if not bare.isascii():  # the tree counts bytes
            self.columns = [at for at, char in enumerate(bare) for _ in char.encode()] + [len(bare)]
        self.shift = text.index(bare)
        self.depth = 0
        self.places: dict[str, Span] = {}

    def build(self, tree: ast.expr) -> Node:
        build = _BUILD.get(tree.__class__.__name__)
        if build is None:
            raise ExpressionError("MS403", "this is not in the language", self.span(tree), OPERATORS_THERE_ARE)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise too_deep(self.span(tree))
        node = build(self, tree)
        self.depth -= 1
        return node

    def span(self, tree: Any) -> Span:
        start, end = tree.col_offset, tree.end_col_offset
        if self.columns is not None:
            start, end = self.columns[start], self.columns[end]
        return self.shift + start, self.shift + end

    def source(self, span: Span) -> str:
        return shorten(self.text[span[0] : span[1]])

    def no_value(self, message: str, span: Span, hint: str | None = None) -> ExpressionError:
        return ExpressionError("MS405", message, span, hint)

    def not_number(self, value: Value, span: Span) -> ExpressionError:
        source = self.source(span)
        if source in LITERALS:
            return self.no_value(f"'{source}' where a number is wanted", span)
        if value is None:
            kind, hint = "null", f"give it a value, or say what holds without one: ({source} or 1)"
        elif isinstance(value, bool):
            kind, hint = "a truth value", f"make a number of it: (1 if {source} else 0)"
        else:
            kind, hint = "a list", f"take one entry by its number: {source}[0]"
        simple = source.isidentifier()
        return self.no_value(f"'{source}' is {kind} where a number is wanted", span, hint if simple else None)

    def bounded(self, value: Any, span: Span) -> Value:
        limit = float(MAX_VALUE) if value.__class__ is float else MAX_VALUE
        if -limit <= value <= limit:
            return value  # type: ignore[no-any-return]
        raise self.too_large(span)

    def by_zero(self, zero: Span, span: Span) -> ExpressionError:
        source = self.source(zero)
        if source[0] in "0.":
            return self.no_value("division by zero", span, "divide by another number")
        hint = f"say what holds then, as in: a // b if {source} != 0 else a" if zero[1] - zero[0] <= 40 else None
        return self.no_value(f"division by zero: '{source}' is 0", span, hint)

    def too_large(self, span: Span) -> ExpressionError:
        return ExpressionError("MS404", f"the value of '{self.source(span)}' is past 10^30", span)

    def undecided(self, unknown: Unknown, span: Span) -> ExpressionError:
        causes = ", ".join(sorted(unknown.causes))
        message = f"whether this is null depends on {causes or 'a size'}, which is not known"
        return _UndecidedError("MS405", message, span, f"give {causes} a value" if causes else None)

    def constant(self, tree: ast.Constant) -> Node:
        value: Value = self.bounded(tree.value, self.span(tree))
        return lambda _names, _size: value

    def name(self, tree: ast.Name) -> Node:
        span = self.span(tree)
        name = self.text[span[0] : span[1]]  # as written: Python's parser normalises
        if name in LITERALS:
            literal = LITERALS[name]
            return lambda _names, _size: literal
        if name in FUNCTIONS:
            raise ExpressionError("MS403", f"'{name}' is a function", span, f"give it what it works on: {name}(...)")
        self.places.setdefault(name, span)
        if name not in ARRIVING:
            return lambda names, _size: names[name]

        def read(names: Mapping[str, Value], _size: Size | None) -> Value:
            if name not in names:
                refuse_names([name], names, span)
            return names[name]

        return read

    def chain(self, tree: ast.BinOp) -> Node:
        chain = [tree]
        while (left := chain[-1].left).__class__ is tree.__class__:
            chain.append(left)
        first = self.build(chain[-1].left)
        steps = [(self.arithmetic(link), self.build(link.right)) for link in reversed(chain)]
        if len(steps) == 1:
            apply, right = steps[0]
            return lambda names, size: apply(first(names, size), right(names, size))

        def run(names: Mapping[str, Value], size: Size | None) -> Value:
            value = first(names, size)
            for apply, right in steps:
                value = apply(value, right(names, size))
            return value

        return run

    def arithmetic(self, tree: ast.BinOp) -> Callable[[Value, Value], Value]:
        kind = tree.op.__class__.__name__
        compute = ARITHMETIC[kind]
        divides = kind in ("Div", "FloorDiv", "Mod")
        span, left, right = self.span(tree), self.span(tree.left), self.span(tree.right)

        def apply(a: Any, b: Any) -> Value:
            if a.__class__ is not int or b.__class__ is not int:
                unknown = self.unknown_among((a, b), (left, right))
                if unknown is not None:
                    if divides and not isinstance(b, Unknown) and b == 0:
                        raise self.by_zero(right, span)
                    return unknown
            try:
                value = compute(a, b)
            except ZeroDivisionError:
                raise self.by_zero(right if divides else left, span) from None
            except OverflowError:
                raise self.too_large(span) from None
            except ValueError as error:
                raise self.no_value(f"{error} has no value: '{self.source(span)}'", span) from None
            if -MAX_VALUE <= value <= MAX_VALUE:
                return value  # type: ignore[no-any-return]
            return self.bounded(value, span)

        return apply

    def unknown_among(self, values: tuple[Value, ...], spans: tuple[Span, ...]) -> Unknown | None:
        """Join the unknown values, if there are any. Raises MS405 for what is no number."""
        unknown = None
        for value, span in zip(values, spans, strict=True):
            if isinstance(value, Unknown):
                unknown = value + unknown
            elif value.__class__ is not int and value.__class__ is not float:
                raise self.not_number(value, span)
        return unknown

    def unary(self, tree: ast.UnaryOp) -> Node:
        operand, kind, span = self.build(tree.operand), tree.op.__class__.__name__, self.span(tree.operand)

        def invert(names: Mapping[str, Value], size: Size | None) -> Value:
            value = operand(names, size)
            return -value if isinstance(value, Unknown) else not value

        def sign(names: Mapping[str, Value], size: Size | None) -> Value:
            value: Any = operand(names, size)
            unknown = self.unknown_among((value,), (span,))
            return unknown if unknown is not None else -value if kind == "USub" else value

        return invert if kind == "Not" else sign

    def comparison(self, tree: ast.Compare) -> Node:
        first, first_span = self.build(tree.left), self.span(tree.left)
        links = [
            (op.__class__.__name__, self.build(right), self.span(right))
            for op, right in zip(tree.ops, tree.comparators, strict=True)
        ]

        def compare(names: Mapping[str, Value], size: Size | None) -> Value:
            a, a_span = first(names, size), first_span
            unknown: Unknown | None = None
            for kind, right, b_span in links:
                b = right(names, size)
                holds = self.compare(kind, a, b, (a_span, b_span))
                if isinstance(holds, Unknown):
                    unknown = holds + unknown
                elif not holds:
                    return False
                a, a_span = b, b_span
            return True if unknown is None else unknown

        return compare

    def compare(self, kind: str, a: Value, b: Value, spans: tuple[Span, Span]) -> bool | Unknown:
        if kind in ("Eq", "NotEq"):
            if a is None or b is None:
                return (a is b) is (kind == "Eq")
            if isinstance(a, bool) or isinstance(b, bool):
                a = int(a) if isinstance(a, bool) else a
                b = int(b) if isinstance(b, bool) else b
        unknown = self.unknown_among((a, b), spans)
        return COMPARISONS[kind](a, b) if unknown is None else unknown

    def boolean(self, tree: ast.BoolOp) -> Node:
        operands, span = [self.build(value) for value in tree.values], self.span(tree)
        stop = tree.op.__class__.__name__ == "Or"

        def decide(names: Mapping[str, Value], size: Size | None) -> Value:
            unknown: Unknown | None = None
            value: Value = None
            for operand in operands:
                value = operand(names, size) if unknown is None else _attempt(operand, names, size)
                if isinstance(value, Unknown):
                    unknown = value if operand is operands[-1] and unknown is None else value + unknown
                elif bool(value) is stop:
                    break
            if unknown is None:
                return value
            if value is None:
                raise self.undecided(unknown, span)
            return unknown

        return decide

    def choice(self, tree: ast.IfExp) -> Node:
        span, choices, rest = self.span(tree), [(self.build(tree.test), self.build(tree.body))], tree.orelse
        while rest.__class__ is tree.__class__:
            choices.append((self.build(rest.test), self.build(rest.body)))
            rest = rest.orelse
        otherwise = self.build(rest)

        def undecided(at: int, unknown: Unknown, names: Mapping[str, Value], size: Size | None) -> Value:
            outcomes = [_attempt(choices[at][1], names, size)]
            for test, body in choices[at + 1 :]:
                holds = _attempt(test, names, size)
                if isinstance(holds, Unknown):
                    unknown = unknown + holds
                if isinstance(holds, Unknown) or holds:
                    outcomes.append(_attempt(body, names, size))
                    if not isinstance(holds, Unknown):
                        break
            else:
                outcomes.append(_attempt(otherwise, names, size))
            result = outcomes[0]
            if not isinstance(result, Unknown) and all(_same(result, outcome) for outcome in outcomes):
                return result
            if None in outcomes:
                raise self.undecided(unknown, span)
            return sum((outcome for outcome in outcomes if isinstance(outcome, Unknown)), unknown + 0)

        def choose(names: Mapping[str, Value], size: Size | None) -> Value:
            for at, (test, body) in enumerate(choices):
                holds = test(names, size)
                if isinstance(holds, Unknown):
                    return undecided(at, holds, names, size)
                if holds:
                    return body(names, size)
            return otherwise(names, size)

        return choose

    def entry(self, tree: ast.Subscript) -> Node:
        whole, entry = self.build(tree.value), self.build(tree.slice)
        source, span, entry_span = self.source(self.span(tree.value)), self.span(tree), self.span(tree.slice)

        def take(names: Mapping[str, Value], size: Size | None) -> Value:
            values, at = whole(names, size), entry(names, size)
            if not isinstance(values, tuple | Unknown):
                raise self.no_value(f"'{source}' is not a list: it has no entries", span)
            unknown = self.unknown_among((at,), (entry_span,))
            if isinstance(values, Unknown) or unknown is not None:
                return values + unknown if isinstance(values, Unknown) else unknown
            if at.__class__ is not int:
                raise self.no_value("an entry of a list is had by a whole number", entry_span, "write // or int(...)")
            if not -len(values) <= at < len(values):
                entries = "1 entry" if len(values) == 1 else f"{len(values)} entries"
                hint = f"the first is {source}[0], the last {source}[{len(values) - 1}]" if values else None
                raise self.no_value(f"'{source}' has {entries}, and no entry {at}", span, hint)
            return values[at]

        return take

    def call(self, tree: ast.Call) -> Node:
        span, name = self.span(tree), self.function(tree)
        arguments = [*tree.args, *(keyword.value for keyword in tree.keywords)]
        for keyword in tree.keywords:
            if keyword.arg != "divisor" or name != "make_divisible" or len(tree.args) != 1:
                hint = "only make_divisible has one: make_divisible(v, divisor=8)"
                raise ExpressionError("MS403", f"'{name}' has no argument '{keyword.arg}'", self.span(keyword), hint)
        least, most = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            wanted = "at least 1 argument" if most == MAX_LENGTH else "1 argument" if most == 1 else "1 or 2 arguments"
            raise ExpressionError(
                "MS403", f"'{name}' takes {wanted}, and {len(arguments)} are given", span, _tell_usage(name)
            )
        nodes, spans = [self.build(value) for value in arguments], tuple(map(self.span, arguments))
        if name == "size":
            self.places.setdefault("size", span)
            return self.axis(nodes[0], spans[0], span)
        compute = COMPUTED[name]

        def call(names: Mapping[str, Value], size: Size | None) -> Value:
            values, places = tuple(node(names, size) for node in nodes), spans
            if most == MAX_LENGTH and len(values) == 1 and isinstance(values[0], tuple):
                values = values[0]
                places = spans * len(values)
                if not values:
                    raise self.no_value(f"'{name}' of a list without entries", span)
            unknown = self.unknown_among(values, places)
            if unknown is not None:
                return unknown
            try:
                return self.bounded(compute(*values), span)
            except ExpressionError:
                raise
            except ValueError as error:
                raise self.no_value(f"{error}", span) from None

        return call

    def function(self, tree: ast.Call) -> str:
        span = self.span(tree.func)
        name = self.text[span[0] : span[1]]
        if tree.func.__class__.__name__ == "Name" and name in FUNCTIONS:
            return name
        from difflib import get_close_matches

        near = get_close_matches(name, FUNCTIONS, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"{PRODUCT}; the functions are {', '.join(FUNCTIONS)}"
        raise ExpressionError("MS403", f"'{shorten(name)}' is not a function", span, hint)

    def axis(self, number: Node, number_span: Span, span: Span) -> Node:
        def ask(names: Mapping[str, Value], size: Size | None) -> Value:
            if size is None:
                refuse_names(["size"], names, span)
            at: Any = number(names, size)
            unknown = self.unknown_among((at,), (number_span,))
            if unknown is not None:
                return unknown
            if at.__class__ is not int:
                raise self.no_value("an axis is a whole number", number_span)
            try:
                return size(at)
            except IndexError as error:
                message, hint = (*error.args, None, None)[:2]
                raise self.no_value(message or f"there is no axis {at}", span, hint) from None

        return ask


def _tell_usage(name: str) -> str:
    usage = {"make_divisible": "make_divisible(v, 8)", "round": "round(v, 2)", "max": "max(a, b)", "min": "min(a, b)"}
    return f"write {usage.get(name) or name + '(v)'}"


_BUILD: dict[str, Callable[[_Builder, Any], Node]] = {
    "BinOp": _Builder.chain,
    "BoolOp": _Builder.boolean,
    "Call": _Builder.call,
    "Compare": _Builder.comparison,
    "Constant": _Builder.constant,
    "IfExp": _Builder.choice,
    "Name": _Builder.name,
    "Subscript": _Builder.entry,
    "UnaryOp": _Builder.unary,
}
"""The whole language: what has no line here is not in it."""
