"""torch.nn: pooling."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from modelspec.catalogue.torch.window import SPATIAL, describe, exceeds, refuse
from modelspec.kinds import Integer, Optional
from modelspec.layer import (
    Broken,
    Example,
    Layer,
    NonNegativePerAxis,
    OptionalSizePerAxis,
    SizePerAxis,
    Takes,
    no_macs,
    no_tensors,
)
from modelspec.shape import Dim, Shape, conv_out, pool_out

# One number as a default stands for one on every spatial axis.
_ONES: Any = 1
_ZEROS: Any = 0


class _Pool(Layer):
    rank: ClassVar[int]

    kernel_size: SizePerAxis
    stride: OptionalSizePerAxis = None
    padding: NonNegativePerAxis = _ZEROS

    if TYPE_CHECKING:
        ceil_mode: bool

    list_tensors = no_tensors
    count_macs = no_macs

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), "stride": self._strides()}

    def _strides(self) -> tuple[int, ...]:
        return self.kernel_size if self.stride is None else self.stride

    def _dilations(self) -> tuple[int, ...]:
        return (1,) * self.rank

    def _slide(self, size: Dim, axis: int) -> Dim:
        kernel, stride, pad = self.kernel_size[axis], self._strides()[axis], self.padding[axis]
        dilation = self._dilations()[axis]
        known = all(isinstance(value, int) for value in (size, kernel, stride, pad, dilation))
        if not known:
            return conv_out(size, kernel, stride, pad, dilation)
        return pool_out(size, kernel, stride, pad, dilation, self.ceil_mode)

    def _is_short(self, size: Dim, axis: int) -> bool:
        # Whether no window fits on the axis.
        return exceeds(1, self._slide(size, axis))

    def output_shape(self, x: Shape) -> Shape:
        first = len(x) - self.rank
        return (*x[:first], *[self._slide(x[first + axis], axis) for axis in range(self.rank)])

    def constrain(self, x: Shape) -> Iterator[Broken]:
        first = len(x) - self.rank
        for axis, name in enumerate(SPATIAL[self.rank]):
            kernel, pad, dilation = self.kernel_size[axis], self.padding[axis], self._dilations()[axis]
            if exceeds(pad, kernel // 2):
                message = f"padding is {pad}, which is more than half of kernel_size ({kernel})"
                yield Broken("C2", message, "padding", f"at most {kernel // 2}")
                return
            if self._is_short(x[first + axis], axis):
                hint = "a smaller kernel_size here, or less shrinking before"
                yield refuse("C3", x, first + axis, name, kernel, pad, dilation, hint)
                return

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        first = len(x) - self.rank
        stride = "kernel_size" if self.stride is None else "stride"
        steps = {}
        for axis, name in enumerate(SPATIAL[self.rank]):
            at = first + axis
            step = describe(
                axis,
                at,
                padded=True,
                dilated=self._dilations()[axis] != 1,
                stride=stride,
                rounding="ceil" if self.ceil_mode else "floor",
            )
            if self.ceil_mode:
                # The last window begins inside the input or the padding before it.
                step = f"min({step}, ceil((input[{at}] + padding[{axis}]) / {stride}[{axis}]))"
            steps[name] = step
        return steps


class _MaxPool(_Pool):
    result_dtypes: ClassVar[Mapping[str, str]] = {"indices": "int64"}

    dilation: SizePerAxis = _ONES
    return_indices: bool = False
    ceil_mode: bool = False

    def _dilations(self) -> tuple[int, ...]:
        return self.dilation

    def outputs(self, x: Shape) -> dict[str, Shape]:
        y = self.output_shape(x)
        return {"output": y, "indices": y} if self.return_indices else {"output": y}


class MaxPool1d(_MaxPool):
    """The largest value in each window along one axis.

    C1  The input has a length, and before it may have channels.
    C2  padding is at most half of kernel_size, rounded down.
    C3  The window, dilation × (kernel_size − 1) + 1, is at most the padded length; with ceil_mode it may be longer by
        less than one stride.

    Source: torch.nn.MaxPool1d.
    """

    rank = 1
    takes = Takes("C1", ("channels", "length"), ("length",))
    input_dtype = "float"

    examples = (
        Example({"kernel_size": 3}, input=(128,), output=(42,), parameters=0, macs=0),
        Example({"kernel_size": 2, "stride": 1, "padding": 1}, input=(4, 10), output=(4, 11), parameters=0, macs=0),
        Example({"kernel_size": 1, "stride": 2, "ceil_mode": True}, input=(4, 32), output=(4, 16)),
        Example({"kernel_size": 3, "stride": 4, "ceil_mode": True}, input=(4, 8), output=(4, 2)),
        Example({"kernel_size": 3, "stride": 2, "ceil_mode": True}, input=(4, 2), output=(4, 1)),
        Example({"kernel_size": 3, "dilation": 2, "return_indices": True}, input=(4, 10), output=(4, 2)),
        Example({"kernel_size": 3}, input=(2, 4, 10), breaks="C1", code="MS303"),
        Example({"kernel_size": 3, "padding": 2}, input=(4, 10), breaks="C2", code="MS305"),
        Example({"kernel_size": 4, "dilation": 4}, input=(4, 10), breaks="C3", code="MS306"),
    )


class MaxPool2d(_MaxPool):
    """The largest value in each window over two axes.

    C1  The input has a height and a width, and before them may have channels.
    C2  padding is at most half of kernel_size, rounded down.
    C3  The window, dilation × (kernel_size − 1) + 1, is at most the padded height and width; with ceil_mode it may be
        longer by less than one stride.

    Source: torch.nn.MaxPool2d.
    """

    rank = 2
    takes = Takes("C1", ("channels", "height", "width"), ("height", "width"))

    examples = (
        Example({"kernel_size": 2}, input=(16, 28, 28), output=(16, 14, 14), parameters=0, macs=0),
        Example({"kernel_size": 3, "stride": 2, "padding": 1}, input=(64, 112, 112), output=(64, 56, 56)),
        Example({"kernel_size": [1, 3], "stride": [2, 4], "ceil_mode": True}, input=(4, 32, 8), output=(4, 16, 2)),
        Example({"kernel_size": 2, "stride": [2, 1], "dilation": [1, 2]}, input=(7, 7), output=(3, 5)),
        Example({"kernel_size": 2, "return_indices": True}, input=(3, 6, 6), output=(3, 3, 3), dtype="int64"),
        Example({"kernel_size": 2}, input=(8,), breaks="C1", code="MS303"),
        Example({"kernel_size": [2, 3], "padding": [1, 2]}, input=(3, 8, 8), breaks="C2", code="MS305"),
        Example({"kernel_size": 9}, input=(3, 8, 8), breaks="C3", code="MS306"),
        Example({"kernel_size": 10, "stride": 2, "ceil_mode": True}, input=(3, 8, 8), breaks="C3", code="MS306"),
    )


class MaxPool3d(_MaxPool):
    """The largest value in each window over three axes.

    C1  The input has a depth, a height and a width, and before them may have channels.
    C2  padding is at most half of kernel_size, rounded down.
    C3  The window, dilation × (kernel_size − 1) + 1, is at most the padded depth, height and width; with ceil_mode it
        may be longer by less than one stride.

    Source: torch.nn.MaxPool3d.
    """

    rank = 3
    takes = Takes("C1", ("channels", "depth", "height", "width"), ("depth", "height", "width"))

    examples = (
        Example({"kernel_size": 2}, input=(16, 8, 28, 28), output=(16, 4, 14, 14), parameters=0, macs=0),
        Example({"kernel_size": [1, 3, 3], "stride": 2, "padding": [0, 1, 1]}, input=(5, 9, 8), output=(3, 5, 4)),
        Example({"kernel_size": 2, "return_indices": True}, input=(3, 6, 6, 4), output=(3, 3, 3, 2), dtype="int64"),
        Example({"kernel_size": 2}, input=(8, 8), breaks="C1", code="MS303"),
        Example({"kernel_size": 3, "padding": [1, 1, 2]}, input=(3, 8, 8, 8), breaks="C2", code="MS305"),
        Example({"kernel_size": [1, 1, 9]}, input=(3, 8, 8, 8), breaks="C3", code="MS306"),
    )


class AvgPool1d(_Pool):
    """The mean of each window along one axis.

    C1  The input has a length, and before it may have channels.
    C2  padding is at most half of kernel_size, rounded down.
    C3  The window is at most the padded length; with ceil_mode it may be longer by less than one stride.

    Source: torch.nn.AvgPool1d.
    """

    rank = 1
    takes = Takes("C1", ("channels", "length"), ("length",))

    ceil_mode: bool = False
    count_include_pad: bool = True

    examples = (
        Example({"kernel_size": 3}, input=(4, 128), output=(4, 42), parameters=0, macs=0),
        Example({"kernel_size": [2], "stride": 1, "padding": 1, "count_include_pad": False}, input=(10,), output=(11,)),
        Example({"kernel_size": 3, "stride": 2, "ceil_mode": True}, input=(4, 6), output=(4, 3), dtype="int64"),
        Example({"kernel_size": 3}, input=(2, 4, 10), breaks="C1", code="MS303"),
        Example({"kernel_size": 3, "padding": 2}, input=(4, 10), breaks="C2", code="MS305"),
        Example({"kernel_size": 11}, input=(4, 10), breaks="C3", code="MS306"),
    )


class AvgPool2d(_Pool):
    """The mean of each window over two axes.

    C1  The input has a height and a width, and before them may have channels.
    C2  padding is at most half of kernel_size, rounded down.
    C3  The window is at most the padded height and width; with ceil_mode it may be longer by less than one stride.

    Source: torch.nn.AvgPool2d.
    """

    rank = 2
    takes = Takes("C1", ("channels", "height", "width"), ("height", "width"))

    ceil_mode: bool = False
    count_include_pad: bool = True
    divisor_override: Annotated[int | None, Optional(Integer(1))] = None

    examples = (
        Example({"kernel_size": 7}, input=(512, 7, 7), output=(512, 1, 1), parameters=0, macs=0),
        Example(
            {"kernel_size": [3, 2], "stride": [2, 1], "padding": 1, "count_include_pad": False, "divisor_override": 2},
            input=(5, 9, 6),
            output=(5, 5, 7),
        ),
        Example({"kernel_size": 3, "stride": 2, "ceil_mode": True}, input=(6, 5), output=(3, 2)),
        Example({"kernel_size": 2}, input=(2, 3, 8, 8), breaks="C1", code="MS303"),
        Example({"kernel_size": 2, "padding": 2}, input=(3, 8, 8), breaks="C2", code="MS305"),
        Example({"kernel_size": [2, 9]}, input=(3, 8, 8), breaks="C3", code="MS306"),
    )


class AvgPool3d(_Pool):
    """The mean of each window over three axes.

    C1  The input has a depth, a height and a width, and before them may have channels.
    C2  padding is at most half of kernel_size, rounded down.
    C3  The window is at most the depth, height and width as they arrive: here torch does not count the padding.

    Source: torch.nn.AvgPool3d.
    """

    rank = 3
    takes = Takes("C1", ("channels", "depth", "height", "width"), ("depth", "height", "width"))

    ceil_mode: bool = False
    count_include_pad: bool = True
    divisor_override: Annotated[int | None, Optional(Integer(1))] = None

    def _is_short(self, size: Dim, axis: int) -> bool:
        # Source: torch, aten/src/ATen/native/Pool.h, pool3d_shape_check with check_input_size.
        return exceeds(self.kernel_size[axis], size)

    examples = (
        Example({"kernel_size": [2, 7, 7]}, input=(512, 2, 7, 7), output=(512, 1, 1, 1), parameters=0, macs=0),
        Example(
            {"kernel_size": 3, "stride": [1, 2, 2], "padding": 1, "ceil_mode": True, "divisor_override": 2},
            input=(5, 9, 6),
            output=(5, 5, 4),
        ),
        Example({"kernel_size": 2}, input=(8, 8), breaks="C1", code="MS303"),
        Example({"kernel_size": 2, "padding": 2}, input=(3, 8, 8, 8), breaks="C2", code="MS305"),
        Example({"kernel_size": [1, 2, 9]}, input=(3, 8, 8, 8), breaks="C3", code="MS306"),
        Example({"kernel_size": 3, "padding": 1}, input=(3, 2, 8, 8), breaks="C3", code="MS306"),
    )
