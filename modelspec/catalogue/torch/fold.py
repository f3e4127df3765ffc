"""torch.nn: planes taken apart into windows, and put together from them."""

from collections.abc import Iterator
from typing import Any

from modelspec.catalogue.torch.window import SPATIAL, describe, exceeds, refuse
from modelspec.layer import (
    Broken,
    Example,
    Layer,
    NonNegativePerAxis,
    SizePerAxis,
    Takes,
    no_macs,
    no_tensors,
)
from modelspec.shape import Dim, Shape, conv_out, differs, numel, show_shape

# One number as a default stands for one on every spatial axis.
_ONES: Any = 1
_ZEROS: Any = 0


class _Windows(Layer):
    rank = 2
    input_dtype = "float"

    kernel_size: SizePerAxis
    dilation: SizePerAxis = _ONES
    padding: NonNegativePerAxis = _ZEROS
    stride: SizePerAxis = _ONES

    list_tensors = no_tensors
    count_macs = no_macs

    def _slide(self, size: Dim, axis: int) -> Dim:
        return conv_out(size, self.kernel_size[axis], self.stride[axis], self.padding[axis], self.dilation[axis])

    def _window(self, axis: int) -> Dim:
        return self.dilation[axis] * (self.kernel_size[axis] - 1) + 1


class Unfold(_Windows):
    """Every window of a plane as a column: its values, channel by channel.

    C1  The input has three axes: channels, height and width.
    C2  The window, dilation × (kernel_size − 1) + 1, is at most the padded height and width.
    C3  The output is [channels × the window's places, windows].

    Source: torch.nn.Unfold.
    """

    takes = Takes("C1", ("channels", "height", "width"))

    def constrain(self, x: Shape) -> Iterator[Broken]:
        for axis, name in enumerate(SPATIAL[2]):
            kernel, pad, dilation = self.kernel_size[axis], self.padding[axis], self.dilation[axis]
            if exceeds(self._window(axis), x[1 + axis] + 2 * pad):
                hint = "a smaller kernel_size or more padding here, or less shrinking before"
                yield refuse("C2", x, 1 + axis, name, kernel, pad, dilation, hint)
                return

    def output_shape(self, x: Shape) -> Shape:
        windows = self._slide(x[1], 0) * self._slide(x[2], 1)
        return (x[0] * numel(self.kernel_size), windows)

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        steps = [describe(axis, 1 + axis, padded=True, dilated=self.dilation[axis] != 1) for axis in (0, 1)]
        return {
            "values": "input[0] * kernel_size[0] * kernel_size[1]",
            "windows": f"({steps[0]}) * ({steps[1]})",
        }

    examples = (
        Example({"kernel_size": [2, 3]}, input=(5, 3, 4), output=(30, 4), parameters=0, macs=0),
        Example({"kernel_size": 3, "dilation": 2, "padding": 1, "stride": [2, 1]}, input=(3, 8, 8), output=(27, 18)),
        Example({"kernel_size": 3}, input=(8, 8), breaks="C1", code="MS303"),
        Example({"kernel_size": [3, 11], "padding": 1}, input=(3, 8, 8), breaks="C2", code="MS306"),
    )


class Fold(_Windows):
    """A plane put together from the columns of its windows: what falls on one place is added up.

    C1  The input has two axes: the values of a window, and the windows.
    C2  The places of a window, kernel_size, divide the values.
    C3  There are as many windows as a plane of output_size has.
    C4  The window, dilation × (kernel_size − 1) + 1, is at most the padded output_size.
    C5  The output is [values / the window's places, height, width].

    Source: torch.nn.Fold.
    """

    takes = Takes("C1", ("values", "windows"))

    output_size: SizePerAxis
    kernel_size: SizePerAxis
    dilation: SizePerAxis = _ONES
    padding: NonNegativePerAxis = _ZEROS
    stride: SizePerAxis = _ONES

    def constrain(self, x: Shape) -> Iterator[Broken]:
        places = numel(self.kernel_size)
        if isinstance(x[0], int) and isinstance(places, int) and x[0] % places:
            message = f"a window has {places} places, which do not divide the {x[0]} values of {show_shape(x)}"
            hint = "the first axis is channels × the places of a window"
            yield Broken("C2", message, "kernel_size", hint, "MS305", 0)
        for axis, name in enumerate(SPATIAL[2]):
            kernel, pad, dilation = self.kernel_size[axis], self.padding[axis], self.dilation[axis]
            if exceeds(self._window(axis), self.output_size[axis] + 2 * pad):
                hint = "a smaller kernel_size, or a larger output_size"
                broken = refuse("C4", self.output_size, axis, name, kernel, pad, dilation, hint)
                yield broken._replace(axis=None)
                return
        windows = self._slide(self.output_size[0], 0) * self._slide(self.output_size[1], 1)
        if differs(windows, x[1]):
            message = f"a plane of {show_shape(self.output_size)} has {windows} windows, but {x[1]} arrive: "
            message += show_shape(x)
            yield Broken("C3", message, "output_size", "the size of the plane that was unfolded", "MS306", 1)

    def output_shape(self, x: Shape) -> Shape:
        return (x[0] // numel(self.kernel_size), *self.output_size)

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        return {"channels": "input[0] / (kernel_size[0] * kernel_size[1])"}

    examples = (
        Example({"output_size": [4, 5], "kernel_size": 2}, input=(12, 12), output=(3, 4, 5), parameters=0, macs=0),
        Example(
            {"output_size": 8, "kernel_size": 3, "dilation": 2, "padding": 1, "stride": [2, 1]},
            input=(27, 18),
            output=(3, 8, 8),
        ),
        Example({"output_size": 4, "kernel_size": 2}, input=(12,), breaks="C1", code="MS303"),
        Example({"output_size": [4, 5], "kernel_size": 2}, input=(10, 12), breaks="C2", code="MS305"),
        Example({"output_size": [4, 5], "kernel_size": 2}, input=(12, 11), breaks="C3", code="MS306"),
        Example({"output_size": [4, 5], "kernel_size": [1, 6]}, input=(12, 11), breaks="C4", code="MS306"),
        Example({"output_size": 2, "kernel_size": 5, "padding": 1}, input=(25, 1), breaks="C4", code="MS306"),
    )
