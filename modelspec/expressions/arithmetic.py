"""What the operators and functions of the language compute, on plain numbers.

What has no value raises ValueError, in words for the author, or what Python raises: ZeroDivisionError, OverflowError.
No result is far past the bounds of the language, and none takes long.
"""

from __future__ import annotations

from modelspec.expressions.words import MAX_VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["ARITHMETIC", "COMPARISONS", "COMPUTED"]


def _power(a: Any, b: Any) -> Any:
    if b.__class__ is float:
        if a < 0 and b % 1:
            raise ValueError("a root of a negative number")
    elif a.__class__ is int and (abs(a).bit_length() - 1) * b >= MAX_VALUE.bit_length():
        raise OverflowError
    return a**b


def _floor(a: Any) -> int:
    return int(a // 1)


def _round(a: Any, digits: Any = None) -> Any:
    if digits is None:
        return round(a)
    if digits.__class__ is not int:
        raise ValueError("round wants a whole number of digits")
    return round(a, max(-400, min(digits, 400)))  # beyond, nothing changes but the time it takes


def _sqrt(a: Any) -> float:
    from math import sqrt

    if a < 0:
        raise ValueError("the square root of a negative number")
    return sqrt(a)


def _log2(a: Any) -> float:
    from math import log2

    if a <= 0:
        raise ValueError("the logarithm of a number that is not positive")
    return log2(a)


def _make_divisible(a: Any, divisor: Any = 8) -> int:
    """torchvision.models._utils._make_divisible: the nearest multiple, and never under 90 % of the value."""
    if divisor.__class__ is not int or divisor < 1:
        raise ValueError("make_divisible wants a positive whole number as its divisor")
    nearest: int = max(divisor, int(a + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * a else nearest


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mult": lambda a, b: a * b,
    "Div": lambda a, b: a / b,
    "FloorDiv": lambda a, b: a // b,
    "Mod": lambda a, b: a % b,
    "Pow": _power,
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Eq": lambda a, b: a == b,
    "NotEq": lambda a, b: a != b,
    "Lt": lambda a, b: a < b,
    "LtE": lambda a, b: a <= b,
    "Gt": lambda a, b: a > b,
    "GtE": lambda a, b: a >= b,
}
COMPUTED: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": lambda a: -_floor(-a),
    "floor": _floor,
    "int": int,
    "log2": _log2,
    "make_divisible": _make_divisible,
    "max": lambda *numbers: max(numbers),
    "min": lambda *numbers: min(numbers),
    "round": _round,
    "sqrt": _sqrt,
}
