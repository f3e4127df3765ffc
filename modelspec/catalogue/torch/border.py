"""torch.nn: a border around the plane."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from modelspec.catalogue.torch.window import SPATIAL, exceeds
from modelspec.kinds import Integer, Number, PerAxis
from modelspec.layer import Broken, Example, Layer, Takes, no_macs, no_tensors
from modelspec.shape import Shape, show_shape

_Padding = Annotated[tuple[int, ...], PerAxis(Integer())]


class _Border(Layer):
    rank: ClassVar[int] = 4
    """The sides: a padding is one for all of them, or a list of left, right, top and bottom."""

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
    takes = Takes("C1", ("*", "height", "width"))

    def constrain(self, x: Shape) -> Iterator[Broken]:
        first = len(x) - self.rank // 2
        for axis, name in enumerate(SPATIAL[self.rank // 2]):
            cut = 0
            for side in self._sides(axis):
                amount = self.padding[side]
                cut += max(-amount, 0) if isinstance(amount, int) else 0
            if exceeds(cut, x[first + axis]):
                message = f"a padding that cuts off {cut}, but the {name} is {x[first + axis]}: {show_shape(x)} arrives"
                yield Broken("C2", message, "padding", "cut off less", "MS306", first + axis)
                return


class _MadeOfInput(_Border):
    # What is put around is made of what arrives.
    takes = Takes("C1", ("channels", "height", "width"), ("height", "width"))
    verb: ClassVar[str]
    spared: ClassVar[int]
    """How much of an axis may not be used for its border."""

    def constrain(self, x: Shape) -> Iterator[Broken]:
        first = len(x) - self.rank // 2
        for axis, name in enumerate(SPATIAL[self.rank // 2]):
            for side in self._sides(axis):
                if exceeds(self.padding[side], x[first + axis] - self.spared):
                    limit = "less than" if self.spared else "at most"
                    message = f"what is {self.verb} is {limit} the {name}: {self.padding[side]} of {show_shape(x)}"
                    yield Broken("C2", message, "padding", "pad by less", "MS306", first + axis)
                    return


class ZeroPad2d(_Constant):
    """Zeros around the plane; a negative padding cuts off.

    C1  The input has a height and a width, after any other axes.
    C2  What is cut off is at most the axis.

    Source: torch.nn.ZeroPad2d.
    """

    examples = (
        Example({"padding": 1}, input=(3, 8, 8), output=(3, 10, 10), parameters=0, macs=0),
        Example({"padding": [0, 1, -2, 3]}, input=(8, 8), output=(9, 9), dtype="int64"),
        Example({"padding": 1}, input=(8,), breaks="C1", code="MS303"),
        Example({"padding": -4}, input=(3, 8, 8), code="MS306"),
        Example({"padding": [0, 0, 5, -9]}, input=(3, 8, 8), breaks="C2", code="MS306"),
    )


class ConstantPad2d(_Constant):
    """One value around the plane; a negative padding cuts off.

    C1  The input has a height and a width, after any other axes.
    C2  What is cut off is at most the axis.

    Source: torch.nn.ConstantPad2d.
    """

    value: Annotated[float, Number()]

    examples = (
        Example({"padding": 1, "value": 0.5}, input=(3, 8, 8), output=(3, 10, 10), parameters=0, macs=0),
        Example({"padding": [0, 1, -2, 3], "value": -1}, input=(8, 8), output=(9, 9)),
        Example({"padding": 1, "value": 0}, input=(8,), breaks="C1", code="MS303"),
        Example({"padding": [-9, 5, 0, 0], "value": 0}, input=(3, 8, 8), breaks="C2", code="MS306"),
    )


class ReflectionPad2d(_MadeOfInput):
    """The plane mirrored at its edges; a negative padding cuts off.

    C1  The input has a height and a width, and before them may have channels.
    C2  The padding is less than the axis it is added to.

    Source: torch.nn.ReflectionPad2d.
    """

    verb = "mirrored"
    spared = 1

    examples = (
        Example({"padding": 3}, input=(3, 8, 8), output=(3, 14, 14), parameters=0, macs=0),
        Example({"padding": [1, 0, 2, 1]}, input=(8, 8), output=(11, 9), dtype="int64"),
        Example({"padding": 1}, input=(8,), breaks="C1", code="MS303"),
        Example({"padding": [8, 0, 0, 0]}, input=(3, 9, 8), breaks="C2", code="MS306"),
    )


class ReplicationPad2d(_Border):
    """The edges of the plane repeated around it; a negative padding cuts off.

    C1  The input has a height and a width, and before them may have channels.

    Source: torch.nn.ReplicationPad2d.
    """

    takes = Takes("C1", ("channels", "height", "width"), ("height", "width"))

    examples = (
        Example({"padding": 9}, input=(3, 8, 8), output=(3, 26, 26), parameters=0, macs=0),
        Example({"padding": [1, 0, 2, 1]}, input=(8, 8), output=(11, 9), dtype="int64"),
        Example({"padding": 1}, input=(2, 3, 8, 8), breaks="C1", code="MS303"),
    )


class CircularPad2d(_MadeOfInput):
    """The plane continued around itself; a negative padding cuts off.

    C1  The input has a height and a width, and before them may have channels.
    C2  The padding is at most the axis it is added to.

    Source: torch.nn.CircularPad2d.
    """

    verb = "continued"
    spared = 0

    examples = (
        Example({"padding": 8}, input=(3, 8, 8), output=(3, 24, 24), parameters=0, macs=0),
        Example({"padding": [1, 0, 2, 1]}, input=(8, 8), output=(11, 9), dtype="int64"),
        Example({"padding": 1}, input=(8,), breaks="C1", code="MS303"),
        Example({"padding": [0, 0, 9, 0]}, input=(3, 8, 8), breaks="C2", code="MS306"),
    )
