"""A derivation by hand as people write it: with names, and with numbers put in."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from modelspec.record import NamedTuple
from modelspec.shape import Count, Unknown, show_dim

__all__ = ["Formula", "write_formula"]


class Formula(NamedTuple):
    """`(in_features + 1) × out_features`, `(204 + 1) × 32`, 6560; the two texts are one where there is no name."""

    names: str
    numbers: str
    result: Count


_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)


class _Part(NamedTuple):
    """A piece of a formula in both writings, its value, how tightly it binds, and how deep its brackets go."""

    names: str
    numbers: str
    value: Any
    binds: int
    depth: int = 0


def write_formula(text: str, names: Mapping[str, Any]) -> Formula:
    """Write a derivation by hand, an expression over `names`, as people do: with names, and with numbers put in.

    Numbers, `+ - * / // % **`, indexing, and `floor ceil min max abs` are known; anything else in the text
    raises ValueError. A whole division is written as a fraction, with `floor` around it if there is a remainder.
    """
    part = _write(ast.parse(text, mode="eval").body, names)
    value = part.value
    return Formula(part.names, part.numbers, int(value) if isinstance(value, Fraction) else value)


def _write(node: ast.expr, names: Mapping[str, Any]) -> _Part:
    match node:
        case ast.Constant(value=int(number)):
            return _Part(str(number), str(number), Fraction(number), _ATOM)
        case ast.Name():
            return _write_value(node.id, names[node.id])
        case ast.Subscript():
            return _write_value(ast.unparse(node).replace(" - ", " − "), _look(node, names))
        case ast.UnaryOp(op=ast.USub()):
            inner = _bracket(_write(node.operand, names), _SIGN)
            return _Part(f"−{inner.names}", f"−{inner.numbers}", -inner.value, _SIGN, inner.depth)
        case ast.BinOp():
            return _write_operation(node, names)
        case ast.Call(func=ast.Name(id=name)) if name in _FUNCTIONS:
            return _call(name, [_write(argument, names) for argument in node.args])
    raise ValueError(f"no way to write this by hand: {ast.unparse(node)}")


def _look(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of a name, of an entry of it, or of what is reckoned to find that entry."""
    match node:
        case ast.Name():
            return names[node.id]
        case ast.Subscript():
            members, index = _look(node.value, names), _look(node.slice, names)
            if not isinstance(members, tuple):
                raise ValueError(f"{ast.unparse(node.value)} is no list: an entry of it cannot be written by hand")
            return members[int(index)]
    return _write(node, names).value


def _write_value(name: str, value: Any) -> _Part:
    if isinstance(value, Unknown):
        return _Part(name, show_dim(value), value, _ATOM)
    if isinstance(value, float):
        # The number that is written, not the one nearest to it that a float can hold.
        return _Part(name, repr(value), Fraction(repr(value)), _ATOM if value >= 0 else _SIGN)
    if not isinstance(value, int):
        raise ValueError(f"{name} is no number: {value!r}")
    return _Part(name, str(int(value)), Fraction(int(value)), _ATOM if value >= 0 else _SIGN)


_OPERATORS: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", _SUM),
    ast.Sub: ("−", _SUM),
    ast.Mult: ("×", _PRODUCT),
    ast.Div: ("/", _PRODUCT),
    ast.FloorDiv: ("/", _PRODUCT),
    ast.Mod: ("%", _PRODUCT),
    ast.Pow: ("^", _POWER),
}


def _write_operation(node: ast.BinOp, names: Mapping[str, Any]) -> _Part:
    kind = type(node.op)
    if kind not in _OPERATORS:
        raise ValueError(f"no way to write this by hand: {ast.unparse(node)}")
    sign, binds = _OPERATORS[kind]
    left, right = _write(node.left, names), _write(node.right, names)
    # What stands left of + and × needs no brackets at the same level, nor does what stands right of them.
    tight = binds + (kind is ast.Pow)
    one = _bracket(left, tight)
    other = _bracket(right, binds + (kind not in (ast.Add, ast.Mult)))
    part = _Part(
        f"{one.names} {sign} {other.names}",
        f"{one.numbers} {sign} {other.numbers}",
        _compute(kind, left.value, right.value),
        binds,
        max(one.depth, other.depth),
    )
    if kind is not ast.FloorDiv:
        return part
    whole = not isinstance(part.value, Unknown) and part.value.denominator == 1
    return part if whole else _call("floor", [part])


def _compute(kind: type[ast.operator], left: Any, right: Any) -> Any:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return left + right
    if kind is ast.Add:
        return left + right
    if kind is ast.Sub:
        return left - right
    if kind is ast.Mult:
        return left * right
    if kind is ast.Mod:
        return left % right
    return left**right if kind is ast.Pow else left / right


_FUNCTIONS: dict[str, Any] = {"floor": math.floor, "ceil": math.ceil, "min": min, "max": max, "abs": abs}


def _call(name: str, parts: list[_Part]) -> _Part:
    unknown = next((part.value for part in parts if isinstance(part.value, Unknown)), None)
    return _Part(
        f"{name}({', '.join(part.names for part in parts)})",
        f"{name}({', '.join(part.numbers for part in parts)})",
        unknown if unknown is not None else Fraction(_FUNCTIONS[name](*[part.value for part in parts])),
        _ATOM,
        max(part.depth for part in parts),
    )


def _bracket(part: _Part, binds: int) -> _Part:
    """Put the part beside an operator: in round brackets if it binds less, in square ones around those."""
    if part.binds >= binds:
        return part
    start, end = "[]" if part.depth % 2 else "()"
    return _Part(f"{start}{part.names}{end}", f"{start}{part.numbers}{end}", part.value, _ATOM, part.depth + 1)
