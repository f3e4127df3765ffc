"""torch.nn: pooling by the sum of powers."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from modelspec.catalogue.torch.window import SPATIAL, exceeds, refuse
from modelspec.kinds import Integer, Number, Optional
from modelspec.layer import (
    Broken,
    Example,
    Layer,
    OptionalSizePerAxis,
    Size,
    SizePerAxis,
    Takes,
    no_macs,
    no_tensors,
)
from modelspec.shape import Dim, Shape, numel, pool_out

_Power = Annotated[float, Number()]


class _PowerPool(Layer):
    rank: ClassVar[int]
    result_dtypes: ClassVar[Mapping[str, str]] = {"output": "float"}

    norm_type: _Power

    if TYPE_CHECKING:
        kernel_size: Any
        stride: Any
        ceil_mode: bool

    list_tensors = no_tensors
    count_macs = no_macs

    def _windows(self) -> tuple[Dim, ...]:
        windows: tuple[Dim, ...] = self.kernel_size
        return windows

    def _strides(self) -> tuple[Dim, ...]:
        strides: tuple[Dim, ...] = self._windows() if self.stride is None else self.stride
        return strides

    def _slide(self, size: Dim, axis: int) -> Dim:
        kernel, stride = self._windows()[axis], self._strides()[axis]
        if isinstance(kernel, int) and isinstance(stride, int):
            return pool_out(size, kernel, stride, ceil_mode=self.ceil_mode)
        return numel((size, kernel, stride))

    def output_shape(self, x: Shape) -> Shape:
        first = len(x) - self.rank
        return (*x[:first], *[self._slide(x[first + axis], axis) for axis in range(self.rank)])

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if self.norm_type == 0:
            yield Broken("C2", "norm_type is 0, and its inverse is a power", "norm_type", "2, or any other number")
        first = len(x) - self.rank
        for axis, name in enumerate(SPATIAL[self.rank]):
            if self._is_short(x[first + axis], axis):
                hint = "a smaller kernel_size here, or less shrinking before"
                yield refuse("C3", x, first + axis, name, self._windows()[axis], 0, 1, hint)
                return

    def _is_short(self, size: Dim, axis: int) -> bool:
        return exceeds(1, self._slide(size, axis))

    def _name(self, field: str, axis: int) -> str:
        return f"{field}[{axis}]"

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        first = len(x) - self.rank
        stride = "kernel_size" if self.stride is None else "stride"
        steps = {}
        for axis, name in enumerate(SPATIAL[self.rank]):
            at, each = first + axis, self._name(stride, axis)
            step = f"(input[{at}] - {self._name('kernel_size', axis)}) / {each}"
            if self.ceil_mode:
                # The last window begins inside the input.
                steps[name] = f"min(ceil({step}) + 1, ceil(input[{at}] / {each}))"
            else:
                steps[name] = f"floor({step}) + 1"
        return steps


class LPPool1d(_PowerPool):
    """The sum of the values to the power of norm_type in each window, to the power of 1 / norm_type, along one axis.

    C1  The input has a length, and before it may have channels.
    C2  norm_type is not 0.
    C3  The window is at most the length; with ceil_mode it may be longer by less than one stride.

    Source: torch.nn.LPPool1d.
    """

    rank = 1
    takes = Takes("C1", ("channels", "length"), ("length",))

    kernel_size: Size
    stride: Annotated[int | None, Optional(Integer(1))] = None
    ceil_mode: bool = False

    def _windows(self) -> tuple[Dim, ...]:
        return (self.kernel_size,)

    def _strides(self) -> tuple[Dim, ...]:
        return (self.kernel_size if self.stride is None else self.stride,)

    def _name(self, field: str, axis: int) -> str:
        return field

    examples = (
        Example({"norm_type": 2, "kernel_size": 3}, input=(4, 128), output=(4, 42), parameters=0, macs=0),
        Example({"norm_type": 1.5, "kernel_size": 3, "stride": 2, "ceil_mode": True}, input=(6,), output=(3,)),
        Example({"norm_type": 2, "kernel_size": 3}, input=(2, 4, 10), breaks="C1", code="MS303"),
        Example({"norm_type": 0, "kernel_size": 3}, input=(4, 10), breaks="C2", code="MS305"),
        Example({"norm_type": 2, "kernel_size": 11}, input=(4, 10), breaks="C3", code="MS306"),
    )


class LPPool2d(_PowerPool):
    """The sum of the values to the power of norm_type in each window, to the power of 1 / norm_type, over two axes.

    C1  The input has a height and a width, and before them may have channels.
    C2  norm_type is not 0.
    C3  The window is at most the height and the width; with ceil_mode it may be longer by less than one stride.

    Source: torch.nn.LPPool2d.
    """

    rank = 2
    takes = Takes("C1", ("channels", "height", "width"), ("height", "width"))

    kernel_size: SizePerAxis
    stride: OptionalSizePerAxis = None
    ceil_mode: bool = False

    examples = (
        Example({"norm_type": 2, "kernel_size": 3}, input=(4, 12, 9), output=(4, 4, 3), parameters=0, macs=0),
        Example(
            {"norm_type": 1, "kernel_size": [3, 2], "stride": [2, 1], "ceil_mode": True}, input=(6, 5), output=(3, 4)
        ),
        Example({"norm_type": 2, "kernel_size": 3}, input=(10,), breaks="C1", code="MS303"),
        Example({"norm_type": 0, "kernel_size": 3}, input=(4, 10, 10), breaks="C2", code="MS305"),
        Example({"norm_type": 2, "kernel_size": [2, 11]}, input=(4, 10, 10), breaks="C3", code="MS306"),
    )


class LPPool3d(_PowerPool):
    """The sum of the values to the power of norm_type in each window, to the power of 1 / norm_type, over three axes.

    C1  The input has a depth, a height and a width, and before them may have channels.
    C2  norm_type is not 0.
    C3  The window is at most the depth, the height and the width, with ceil_mode too.

    Source: torch.nn.LPPool3d.
    """

    rank = 3
    takes = Takes("C1", ("channels", "depth", "height", "width"), ("depth", "height", "width"))

    kernel_size: SizePerAxis
    stride: OptionalSizePerAxis = None
    ceil_mode: bool = False

    def _is_short(self, size: Dim, axis: int) -> bool:
        # Source: torch, aten/src/ATen/native/Pool.h, pool3d_shape_check with check_input_size.
        return exceeds(self.kernel_size[axis], size)

    examples = (
        Example({"norm_type": 2, "kernel_size": 3}, input=(4, 3, 12, 9), output=(4, 1, 4, 3), parameters=0, macs=0),
        Example({"norm_type": 3, "kernel_size": [1, 3, 2], "stride": [1, 2, 1]}, input=(2, 6, 5), output=(2, 2, 4)),
        Example({"norm_type": 2, "kernel_size": 3}, input=(10, 10), breaks="C1", code="MS303"),
        Example({"norm_type": 0, "kernel_size": 3}, input=(4, 10, 10, 10), breaks="C2", code="MS305"),
        Example(
            {"norm_type": 2, "kernel_size": [1, 2, 11], "stride": 2, "ceil_mode": True},
            input=(4, 10, 10, 10),
            breaks="C3",
            code="MS306",
        ),
    )
