"""torch.nn: a border that is made of what it goes around."""

from collections.abc import Iterator
from typing import ClassVar

from modelspec.catalogue.torch.border import _Border
from modelspec.catalogue.torch.window import SPATIAL, exceeds
from modelspec.layer import Broken, Example, Takes
from modelspec.shape import Shape, show_shape


class _MadeOfInput(_Border):
    # What is put around is made of what arrives.
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


class _Circular(_MadeOfInput):
    verb = "continued"
    spared = 0

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = tuple(super().constrain(x))
        yield from broken or self._hold_cut(x)

    def _hold_cut(self, x: Shape) -> Iterator[Broken]:
        first = len(x) - self.rank // 2
        for axis, name in enumerate(SPATIAL[self.rank // 2]):
            for side in self._sides(axis):
                if exceeds(-self.padding[side], x[first + axis]):
                    message = f"a padding of {self.padding[side]}, but the {name} is {x[first + axis]}"
                    yield Broken("C3", message, "padding", "cut off less", "MS306", first + axis)
                    return


class ReflectionPad1d(_MadeOfInput):
    """The line mirrored at its ends; a negative padding cuts off.

    C1  The input has a length, and before it may have channels.
    C2  The padding is less than the axis it is added to.

    Source: torch.nn.ReflectionPad1d.
    """

    rank = 2
    takes = Takes("C1", ("channels", "length"), ("length",))
    verb = "mirrored"
    spared = 1

    examples = (
        Example({"padding": 3}, input=(3, 8), output=(3, 14), parameters=0, macs=0),
        Example({"padding": [1, 0]}, input=(8,), output=(9,), dtype="int64"),
        Example({"padding": 1}, input=(), breaks="C1", code="MS303"),
        Example({"padding": [0, 8]}, input=(3, 8), breaks="C2", code="MS306"),
    )


class ReflectionPad2d(_MadeOfInput):
    """The plane mirrored at its edges; a negative padding cuts off.

    C1  The input has a height and a width, and before them may have channels.
    C2  The padding is less than the axis it is added to.

    Source: torch.nn.ReflectionPad2d.
    """

    rank = 4
    takes = Takes("C1", ("channels", "height", "width"), ("height", "width"))
    verb = "mirrored"
    spared = 1

    examples = (
        Example({"padding": 3}, input=(3, 8, 8), output=(3, 14, 14), parameters=0, macs=0),
        Example({"padding": [1, 0, 2, 1]}, input=(8, 8), output=(11, 9), dtype="int64"),
        Example({"padding": 1}, input=(8,), breaks="C1", code="MS303"),
        Example({"padding": [8, 0, 0, 0]}, input=(3, 8, 8), breaks="C2", code="MS306"),
    )


class ReflectionPad3d(_MadeOfInput):
    """The volume mirrored at its faces; a negative padding cuts off.

    C1  The input has a depth, a height and a width, and before them may have channels.
    C2  The padding is less than the axis it is added to.

    Source: torch.nn.ReflectionPad3d.
    """

    rank = 6
    takes = Takes("C1", ("channels", "depth", "height", "width"), ("depth", "height", "width"))
    verb = "mirrored"
    spared = 1

    examples = (
        Example({"padding": 3}, input=(3, 8, 8, 8), output=(3, 14, 14, 14), parameters=0, macs=0),
        Example({"padding": [1, 0, 2, 1, -1, 1]}, input=(5, 8, 8), output=(5, 11, 9), dtype="int64"),
        Example({"padding": 1}, input=(8, 8), breaks="C1", code="MS303"),
        Example({"padding": [0, 0, 0, 0, 8, 0]}, input=(3, 8, 8, 8), breaks="C2", code="MS306"),
    )


class ReplicationPad1d(_Border):
    """The ends of the line repeated around it; a negative padding cuts off.

    C1  The input has a length, and before it may have channels.

    Source: torch.nn.ReplicationPad1d.
    """

    rank = 2
    takes = Takes("C1", ("channels", "length"), ("length",))

    examples = (
        Example({"padding": 9}, input=(3, 8), output=(3, 26), parameters=0, macs=0),
        Example({"padding": [1, 0]}, input=(8,), output=(9,), dtype="int64"),
        Example({"padding": 1}, input=(2, 3, 8), breaks="C1", code="MS303"),
    )


class ReplicationPad2d(_Border):
    """The edges of the plane repeated around it; a negative padding cuts off.

    C1  The input has a height and a width, and before them may have channels.

    Source: torch.nn.ReplicationPad2d.
    """

    rank = 4
    takes = Takes("C1", ("channels", "height", "width"), ("height", "width"))

    examples = (
        Example({"padding": 9}, input=(3, 8, 8), output=(3, 26, 26), parameters=0, macs=0),
        Example({"padding": [1, 0, 2, 1]}, input=(8, 8), output=(11, 9), dtype="int64"),
        Example({"padding": 1}, input=(2, 3, 8, 8), breaks="C1", code="MS303"),
    )


class ReplicationPad3d(_Border):
    """The faces of the volume repeated around it; a negative padding cuts off.

    C1  The input has a depth, a height and a width, and before them may have channels.

    Source: torch.nn.ReplicationPad3d.
    """

    rank = 6
    takes = Takes("C1", ("channels", "depth", "height", "width"), ("depth", "height", "width"))

    examples = (
        Example({"padding": 9}, input=(3, 8, 8, 8), output=(3, 26, 26, 26), parameters=0, macs=0),
        Example({"padding": [1, 0, 2, 1, -1, 1]}, input=(5, 8, 8), output=(5, 11, 9), dtype="int64"),
        Example({"padding": 1}, input=(2, 3, 8, 8, 8), breaks="C1", code="MS303"),
    )


class CircularPad1d(_Circular):
    """The line continued around itself; a negative padding cuts off.

    C1  The input has a length, and before it may have channels.
    C2  The padding is at most the axis it is added to.
    C3  What is cut off on one side is at most the axis.

    Source: torch.nn.CircularPad1d.
    """

    rank = 2
    takes = Takes("C1", ("channels", "length"), ("length",))
    examples = (
        Example({"padding": 8}, input=(3, 8), output=(3, 24), parameters=0, macs=0),
        Example({"padding": [1, 0]}, input=(8,), output=(9,), dtype="int64"),
        Example({"padding": 1}, input=(), breaks="C1", code="MS303"),
        Example({"padding": [9, 0]}, input=(3, 8), breaks="C2", code="MS306"),
        Example({"padding": [2, -9]}, input=(3, 8), breaks="C3", code="MS306"),
    )


class CircularPad2d(_Circular):
    """The plane continued around itself; a negative padding cuts off.

    C1  The input has a height and a width, and before them may have channels.
    C2  The padding is at most the axis it is added to.
    C3  What is cut off on one side is at most the axis.

    Source: torch.nn.CircularPad2d.
    """

    rank = 4
    takes = Takes("C1", ("channels", "height", "width"), ("height", "width"))
    examples = (
        Example({"padding": 8}, input=(3, 8, 8), output=(3, 24, 24), parameters=0, macs=0),
        Example({"padding": [1, 0, 2, 1]}, input=(8, 8), output=(11, 9), dtype="int64"),
        Example({"padding": 1}, input=(8,), breaks="C1", code="MS303"),
        Example({"padding": [0, 0, 9, 0]}, input=(3, 8, 8), breaks="C2", code="MS306"),
        Example({"padding": [0, 0, -9, 2]}, input=(3, 8, 8), breaks="C3", code="MS306"),
    )


class CircularPad3d(_Circular):
    """The volume continued around itself; a negative padding cuts off.

    C1  The input has a depth, a height and a width, and before them may have channels.
    C2  The padding is at most the axis it is added to.
    C3  What is cut off on one side is at most the axis.

    Source: torch.nn.CircularPad3d.
    """

    rank = 6
    takes = Takes("C1", ("channels", "depth", "height", "width"), ("depth", "height", "width"))
    examples = (
        Example({"padding": 8}, input=(3, 8, 8, 8), output=(3, 24, 24, 24), parameters=0, macs=0),
        Example({"padding": [1, 0, 2, 1, -1, 1]}, input=(5, 8, 8), output=(5, 11, 9), dtype="int64"),
        Example({"padding": 1}, input=(8, 8), breaks="C1", code="MS303"),
        Example({"padding": [0, 0, 0, 9, 0, 0]}, input=(3, 8, 8, 8), breaks="C2", code="MS306"),
        Example({"padding": [0, 0, 0, 0, 2, -9]}, input=(3, 8, 8, 8), breaks="C3", code="MS306"),
    )
