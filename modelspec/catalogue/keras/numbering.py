"""How keras.layers numbers axes: 0 is the batch, a sample's own begin at 1, and negative numbers count from the end."""

from collections.abc import Iterator
from typing import Any

from modelspec.layer import Broken
from modelspec.shape import UNKNOWN, Dim, Shape, Unknown, show_shape

__all__ = ["check_axes", "check_axis", "place_of", "size_of"]


def place_of(axis: int, x: Shape) -> int:
    """The place in a sample's shape of the axis with this number."""
    return axis - 1 if axis > 0 else axis + len(x)


def size_of(axis: Any, x: Shape) -> Dim:
    """The size of the axis with this number, in which 0 is the batch; unknown where there is none."""
    if isinstance(axis, Unknown):
        return UNKNOWN
    place = place_of(axis, x)
    return x[place] if axis != 0 and 0 <= place < len(x) else UNKNOWN


def check_axis(
    number: str,
    field: str,
    axis: Any,
    x: Shape,
    why_not: str = "which is not normalized over",
    *,
    from_end: bool = True,
) -> Iterator[Broken]:
    """The axis numbered is one of a sample's: 1 is the first, −1 the last. `why_not` says what is wrong with 0.

    Without `from_end`, the layer knows no negative numbers.
    """
    if isinstance(axis, Unknown):
        message = f"{field} must be known before the model runs"
        yield Broken(number, message, field, "write the number of the axis", "MS307")
        return
    rank = len(x)
    last = ", or -1 for the last" if from_end else ""
    if not x:
        message = f"{field} is {axis}, but [] arrives, which has no axes"
        yield Broken(number, message, field, "give the input an axis", "MS309")
    elif axis == 0 or (axis == -rank - 1 and from_end):
        message = f"{field} {axis} is the batch, {why_not}"
        yield Broken(number, message, field, f"axes of a sample count from 1{last}", "MS309")
    elif axis < 0 and not from_end:
        message = f"{field} {axis} counts from the end, which Keras does not do here"
        yield Broken(number, message, field, "axes of a sample count from 1 here", "MS309")
    elif not -rank <= axis <= rank:
        there = "one axis" if rank == 1 else f"axes 1 to {rank}"
        message = f"{field} {axis} is not there: {show_shape(x)} arrives, with {there}"
        first = "write 1" if rank == 1 else f"write an axis from 1 to {rank}"
        yield Broken(number, message, field, first + last, "MS309")


def check_axes(number: str, other: str, axes: tuple[Any, ...], x: Shape, why_not: str) -> Iterator[Broken]:
    """As `check_axis`, for each in the list `axis`; and, by the constraint `other`, they are different ones."""
    broken = [problem for axis in axes for problem in check_axis(number, "axis", axis, x, why_not)]
    yield from broken
    places = [place_of(axis, x) for axis in axes] if not broken else []
    if len(set(places)) < len(places):
        twice = next(axis for at, axis in enumerate(axes) if places[at] in places[:at])
        yield Broken(other, f"axis {twice} is named twice, over {show_shape(x)}", "axis", "name each axis once")
