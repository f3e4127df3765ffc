"""Sizes, shapes and the arithmetic that layers share.

A shape is the shape of one sample: there is no batch axis in it. A size that is not known before the model runs is
an `Unknown`; arithmetic with it is unknown, and it is never taken for a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = [
    "UNKNOWN",
    "Count",
    "Dim",
    "Shape",
    "Unknown",
    "broadcast_differs",
    "ceil_div",
    "conv_out",
    "differs",
    "numel",
    "pool_out",
    "show_dim",
    "show_shape",
    "surely_same",
    "total",
]


class Unknown:
    """A size or a count that cannot be known before the model runs.

    `name` is the run-time variable (or axis) that it is; derived unknowns have none. `causes` are the run-time
    variables behind it: what a user can set to make it known. Two unknowns compare equal when they are
    indistinguishable, which does not mean that the sizes are the same: ask `surely_same` for that.
    """

    __slots__ = ("causes", "name")

    def __init__(self, name: str | None = None, causes: frozenset[str] = frozenset()) -> None:
        self.name = name
        self.causes = causes | {name} if name is not None else causes

    def _absorb(self, other: object) -> Unknown:
        if isinstance(other, Unknown) and not other.causes <= self.causes:
            return Unknown(None, self.causes | other.causes)
        return UNKNOWN if not self.causes else Unknown(None, self.causes)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _absorb
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __truediv__ = __rtruediv__ = __pow__ = __rpow__ = _absorb

    def __neg__(self) -> Unknown:
        return self._absorb(None)

    def __bool__(self) -> bool:
        raise TypeError("an unknown size is neither true nor false")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unknown) and (self.name, self.causes) == (other.name, other.causes)

    def __hash__(self) -> int:
        return hash((self.name, self.causes))

    def __repr__(self) -> str:
        return f"Unknown({self.name!r})" if self.name else "Unknown()"


UNKNOWN = Unknown()

Dim = int | Unknown
"""One axis's size."""
Count = int | Unknown
"""A number of elements, operations or bytes."""
Shape = tuple[Dim, ...]
"""The sizes of one sample's axes, without the batch."""


def numel(shape: Iterable[Dim]) -> Count:
    """The number of elements in a tensor of this shape; 1 for a scalar."""
    product: Count = 1
    for size in shape:
        product = product * size
    return product


def total(counts: Iterable[Count]) -> Count:
    """The sum of the counts: unknown if one of them is."""
    result: Count = 0
    for count in counts:
        result = result + count
    return result


def differs(a: Dim, b: Dim) -> bool:
    """Whether the two sizes are known to be different."""
    return a.__class__ is int and b.__class__ is int and a != b


def surely_same(a: Dim, b: Dim) -> bool:
    """Whether the two sizes are known to be the same: equal numbers, or one run-time variable."""
    if isinstance(a, Unknown):
        return isinstance(b, Unknown) and a.name is not None and a.name == b.name
    return a == b


def broadcast_differs(a: Dim, b: Dim) -> bool:
    """Whether two axes are known not to broadcast against each other."""
    return differs(a, b) and a != 1 and b != 1


def ceil_div(a: Dim, b: int) -> Dim:
    """a / b, rounded up."""
    return -(-a // b)


def conv_out(size: Dim, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Dim:
    """The output size of a convolution along one axis: floor((size + 2p − d (k − 1) − 1) / s) + 1.

    Source: torch.nn.Conv2d, "Shape". `padding` is the amount on each side. May be less than 1, when the window does
    not fit: the caller refuses that.
    """
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def pool_out(size: Dim, kernel: int, stride: int, padding: int = 0, dilation: int = 1, ceil_mode: bool = False) -> Dim:
    """The output size of a pooling window along one axis.

    As `conv_out`, but with `ceil_mode` the division rounds up, and a last window that would start beyond the input
    and its left padding is dropped. Source: torch, aten/src/ATen/native/Pool.h, pooling_output_shape.
    """
    if not ceil_mode or isinstance(size, Unknown):
        return conv_out(size, kernel, stride, padding, dilation)
    out = -(-(size + 2 * padding - dilation * (kernel - 1) - 1) // stride) + 1
    if (out - 1) * stride >= size + padding:
        out -= 1
    return out


def show_dim(size: Dim) -> str:
    """`32`, the name of a run-time variable, or `?`."""
    if isinstance(size, Unknown):
        return size.name or "?"
    return str(size)


def show_shape(shape: Sequence[Dim]) -> str:
    """`[3, 224, 224]`; `?` for a size that is not known."""
    return "[" + ", ".join(map(show_dim, shape)) + "]"
