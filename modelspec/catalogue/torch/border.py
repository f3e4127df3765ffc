"""torch.nn: a border of one value around a line, a plane or a volume."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from modelspec.catalogue.torch.window import SPATIAL, exceeds
from modelspec.kinds import Integer, Number, PerAxis
from modelspec.layer import Broken, Example, Layer, Takes, no_macs, no_tensors
from modelspec.shape import Shape, show_shape

_Padding = Annotated[tuple[int, ...], PerAxis(Integer())]


class _Border(Layer):
    rank: ClassVar[int]
    """The sides: a padding is one for all of them, or a list of left, right, top, bottom, front and back."""

    padding: _Padding

    list_tensors = no_tensors
    count_macs = no_macs

    def _sides(self, axis: int) -> tuple[int, int]:
        # What is put before and after a spatial axis: the last axis is padded first.
        at = self.rank - 2 * (axis + 1)
        return at, at + 1

    def output_shape(self, x: Shape) -> Shape:
        first = len(x) - self.rank // 2
        sizes = []
        for axis, size in enumerate(x[first:]):
            before, after = self._sides(axis)
            sizes.append(size + self.padding[before] + self.padding[after])
        return (*x[:first], *sizes)

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        first = len(x) - self.rank // 2
        steps = {}
        for axis, name in enumerate(SPATIAL[self.rank // 2]):
            before, after = self._sides(axis)
            steps[name] = f"input[{first + axis}] + padding[{before}] + padding[{after}]"
        return steps


class _Constant(_Border):
    def constrain(self, x: Shape) -> Iterator[Broken]:
        first = len(x) - self.rank // 2
        for axis, name in enumerate(SPATIAL[self.rank // 2]):
            sides = [self.padding[side] for side in self._sides(axis)]
            cut = sum(max(-amount, 0) for amount in sides if isinstance(amount, int))
            if exceeds(cut, x[first + axis]):
                message = f"a padding that cuts off {cut}, but the {name} is {x[first + axis]}: {show_shape(x)} arrives"
                yield Broken("C2", message, "padding", "cut off less", "MS306", first + axis)
                return


class ZeroPad1d(_Constant):
    """Zeros around the line; a negative padding cuts off.

    C1  The input has a length, after any other axes.
    C2  What is cut off is at most the axis.

    Source: torch.nn.ZeroPad1d.
    """

    rank = 2
    takes = Takes("C1", ("*", "length"))

    examples = (
        Example({"padding": 1}, input=(3, 8), output=(3, 10), parameters=0, macs=0),
        Example({"padding": [0, -3]}, input=(8,), output=(5,), dtype="int64"),
        Example({"padding": [1, -8]}, input=(3, 8), output=(3, 1)),
        Example({"padding": 1}, input=(), breaks="C1", code="MS303"),
        Example({"padding": [5, -9]}, input=(3, 8), breaks="C2", code="MS306"),
    )


class ZeroPad2d(_Constant):
    """Zeros around the plane; a negative padding cuts off.

    C1  The input has a height and a width, after any other axes.
    C2  What is cut off is at most the axis.

    Source: torch.nn.ZeroPad2d.
    """

    rank = 4
    takes = Takes("C1", ("*", "height", "width"))

    examples = (
        Example({"padding": 1}, input=(3, 8, 8), output=(3, 10, 10), parameters=0, macs=0),
        Example({"padding": [0, 1, -2, 3]}, input=(8, 8), output=(9, 9), dtype="int64"),
        Example({"padding": 1}, input=(8,), breaks="C1", code="MS303"),
        Example({"padding": -4}, input=(3, 8, 8), code="MS306"),
        Example({"padding": [0, 0, 5, -9]}, input=(3, 8, 8), breaks="C2", code="MS306"),
    )


class ZeroPad3d(_Constant):
    """Zeros around the volume; a negative padding cuts off.

    C1  The input has a depth, a height and a width, after any other axes.
    C2  What is cut off is at most the axis.

    Source: torch.nn.ZeroPad3d.
    """

    rank = 6
    takes = Takes("C1", ("*", "depth", "height", "width"))

    examples = (
        Example({"padding": 1}, input=(3, 8, 8, 8), output=(3, 10, 10, 10), parameters=0, macs=0),
        Example({"padding": [0, 1, -2, 3, 1, 1]}, input=(4, 8, 8), output=(6, 9, 9), dtype="int64"),
        Example({"padding": 1}, input=(8, 8), breaks="C1", code="MS303"),
        Example({"padding": [0, 0, 0, 0, -9, 5]}, input=(3, 8, 8, 8), breaks="C2", code="MS306"),
    )


class ConstantPad1d(_Constant):
    """One value around the line; a negative padding cuts off.

    C1  The input has a length, after any other axes.
    C2  What is cut off is at most the axis.

    Source: torch.nn.ConstantPad1d.
    """

    rank = 2
    takes = Takes("C1", ("*", "length"))

    value: Annotated[float, Number()]

    examples = (
        Example({"padding": 1, "value": 0.5}, input=(3, 8), output=(3, 10), parameters=0, macs=0),
        Example({"padding": [0, -3], "value": -1}, input=(8,), output=(5,)),
        Example({"padding": 1, "value": 0}, input=(), breaks="C1", code="MS303"),
        Example({"padding": [5, -9], "value": 0}, input=(3, 8), breaks="C2", code="MS306"),
    )


class ConstantPad2d(_Constant):
    """One value around the plane; a negative padding cuts off.

    C1  The input has a height and a width, after any other axes.
    C2  What is cut off is at most the axis.

    Source: torch.nn.ConstantPad2d.
    """

    rank = 4
    takes = Takes("C1", ("*", "height", "width"))

    value: Annotated[float, Number()]

    examples = (
        Example({"padding": 1, "value": 0.5}, input=(3, 8, 8), output=(3, 10, 10), parameters=0, macs=0),
        Example({"padding": [0, 1, -2, 3], "value": -1}, input=(8, 8), output=(9, 9)),
        Example({"padding": 1, "value": 0}, input=(8,), breaks="C1", code="MS303"),
        Example({"padding": -4, "value": 0}, input=(3, 8, 8), code="MS306"),
        Example({"padding": [0, 0, 5, -9], "value": 0}, input=(3, 8, 8), breaks="C2", code="MS306"),
    )


class ConstantPad3d(_Constant):
    """One value around the volume; a negative padding cuts off.

    C1  The input has a depth, a height and a width, after any other axes.
    C2  What is cut off is at most the axis.

    Source: torch.nn.ConstantPad3d.
    """

    rank = 6
    takes = Takes("C1", ("*", "depth", "height", "width"))

    value: Annotated[float, Number()]

    examples = (
        Example({"padding": 1, "value": 0.5}, input=(3, 8, 8, 8), output=(3, 10, 10, 10), parameters=0, macs=0),
        Example({"padding": [0, 1, -2, 3, 1, 1], "value": -1}, input=(4, 8, 8), output=(6, 9, 9)),
        Example({"padding": 1, "value": 0}, input=(8, 8), breaks="C1", code="MS303"),
        Example({"padding": [0, 0, 0, 0, -9, 5], "value": 0}, input=(3, 8, 8, 8), breaks="C2", code="MS306"),
    )
