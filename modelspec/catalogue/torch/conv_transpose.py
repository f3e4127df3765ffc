"""torch.nn: transposed convolutions."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from modelspec.catalogue.torch.grouping import refuse_groups
from modelspec.catalogue.torch.window import SPATIAL
from modelspec.kinds import Choice
from modelspec.layer import (
    Axis,
    Broken,
    Example,
    Layer,
    NonNegativePerAxis,
    Size,
    SizePerAxis,
    Takes,
    Tensor,
    axes,
    inferred,
)
from modelspec.shape import Count, Dim, Shape, numel, show_dim

# One number as a default stands for one on every spatial axis.
_ONES: Any = 1
_ZEROS: Any = 0


class _ConvTranspose(Layer):
    rank: ClassVar[int]
    input_dtype = "float"

    in_channels: Size = inferred(axis=0, constraint="C1")
    out_channels: Size
    kernel_size: SizePerAxis
    stride: SizePerAxis = _ONES
    padding: NonNegativePerAxis = _ZEROS
    output_padding: NonNegativePerAxis = _ZEROS
    groups: Size = 1
    bias: bool = True
    dilation: SizePerAxis = _ONES
    padding_mode: Annotated[str, Choice("zeros")] = "zeros"

    def _widen(self, size: Dim, axis: int) -> Dim:
        # Source: torch.nn.ConvTranspose2d, "Shape".
        reach = self.dilation[axis] * (self.kernel_size[axis] - 1) + 1
        return (size - 1) * self.stride[axis] - 2 * self.padding[axis] + reach + self.output_padding[axis]

    def output_shape(self, x: Shape) -> Shape:
        return (self.out_channels, *[self._widen(x[1 + axis], axis) for axis in range(self.rank)])

    def list_tensors(self) -> Iterator[Tensor]:
        name = "out_channels" if self.groups == 1 else "out_channels / groups"
        window = [Axis(f"kernel_size[{axis}]", size) for axis, size in enumerate(self.kernel_size)]
        shared = Axis(name, self.out_channels // self.groups)
        yield Tensor("weight", (Axis("in_channels", self.in_channels), shared, *window))
        if self.bias:
            yield Tensor("bias", axes(out_channels=self.out_channels))

    def count_macs(self, x: Shape, y: Shape) -> Count:
        # Every place of the input is multiplied with the whole window, and the products are added up where they fall.
        return numel(x[1:]) * numel(self.kernel_size) * self.in_channels * (self.out_channels // self.groups)

    def constrain(self, x: Shape) -> Iterator[Broken]:
        channels = {"in_channels": self.in_channels, "out_channels": self.out_channels}
        broken = refuse_groups("C3", "groups", self.groups, 0, **channels)
        if broken:
            yield broken
        for axis, name in enumerate(SPATIAL[self.rank]):
            broken = self._hold_output_padding(axis) or self._hold_padding(x, axis, name)
            if broken:
                yield broken
                return

    def _hold_output_padding(self, axis: int) -> Broken | None:
        added, stride, dilation = self.output_padding[axis], self.stride[axis], self.dilation[axis]
        if not all(isinstance(value, int) for value in (added, stride, dilation)) or added < max(stride, dilation):
            return None
        message = f"output_padding is {added}, which is less than neither stride ({stride}) nor dilation ({dilation})"
        return Broken("C4", message, "output_padding", f"at most {max(stride, dilation) - 1}")

    def _hold_padding(self, x: Shape, axis: int, name: str) -> Broken | None:
        size = self._widen(x[1 + axis], axis)
        if not isinstance(size, int) or size > 0:
            return None
        pad, arriving = self.padding[axis], show_dim(x[1 + axis])
        message = f"a padding of {pad}, which is cut off on both sides, leaves nothing of a {name} of {arriving}"
        return Broken("C5", message, "padding", "a smaller padding, or a larger kernel_size", "MS306", 1 + axis)

    def _name_outputs(self) -> str:
        return "out_channels" if self.groups == 1 else "(out_channels // groups)"

    def _name_window(self) -> str:
        return " * ".join(f"kernel_size[{axis}]" for axis in range(self.rank))

    def parameters_by_hand(self) -> str:
        weights = f"in_channels * {self._name_window()} * {self._name_outputs()}"
        return f"{weights} + out_channels" if self.bias else weights

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        places = " * ".join(f"input[{1 + axis}]" for axis in range(self.rank))
        return f"{places} * {self._name_window()} * in_channels * {self._name_outputs()}"

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        steps = {}
        for axis, name in enumerate(SPATIAL[self.rank]):
            reach = f"kernel_size[{axis}]"
            if self.dilation[axis] != 1:
                reach = f"dilation[{axis}] * (kernel_size[{axis}] - 1) + 1"
            kept = f"(input[{1 + axis}] - 1) * stride[{axis}] - 2 * padding[{axis}] + {reach}"
            steps[name] = kept + (f" + output_padding[{axis}]" if self.output_padding[axis] != 0 else "")
        return steps

    def conventions(self) -> tuple[str, ...]:
        return ("the MACs of a transposed convolution go by the places of its input, as in torch's flop counter",)


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution along one axis: each value spreads over a window of the result.

    C1  in_channels is the size of the input's first axis.
    C2  The input has two axes: channels and length.
    C3  groups divides in_channels and out_channels.
    C4  output_padding is less than stride, or than dilation.
    C5  The padding, which is cut off, leaves something.

    Source: torch.nn.ConvTranspose1d.
    """

    rank = 1
    takes = Takes("C2", ("in_channels", "length"))

    examples = (
        Example({"out_channels": 16, "kernel_size": 3}, input=(4, 10), output=(16, 12), parameters=208, macs=1_920),
        Example(
            {"out_channels": 6, "kernel_size": 4, "stride": 2, "padding": 1, "groups": 2, "bias": False},
            input=(4, 8),
            output=(6, 16),
            parameters=48,
            macs=384,
        ),
        Example(
            {"out_channels": 2, "kernel_size": [3], "dilation": 3, "output_padding": 2},
            input=(1, 5),
            output=(2, 13),
            parameters=8,
            macs=30,
        ),
        Example({"out_channels": 2, "kernel_size": 3, "padding": 1}, input=(4, 1), output=(2, 1)),
        Example({"in_channels": 3, "out_channels": 8, "kernel_size": 3}, input=(4, 10), breaks="C1", code="MS304"),
        Example({"out_channels": 8, "kernel_size": 3}, input=(10,), breaks="C2", code="MS303"),
        Example({"out_channels": 9, "kernel_size": 3, "groups": 3}, input=(4, 10), breaks="C3", code="MS305"),
        Example(
            {"out_channels": 8, "kernel_size": 3, "stride": 2, "output_padding": 2},
            input=(4, 10),
            breaks="C4",
            code="MS305",
        ),
        Example({"out_channels": 8, "kernel_size": 1, "padding": 1}, input=(4, 2), breaks="C5", code="MS306"),
    )


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution over two axes: each value spreads over a window of the result.

    C1  in_channels is the size of the input's first axis.
    C2  The input has three axes: channels, height and width.
    C3  groups divides in_channels and out_channels.
    C4  output_padding is less than stride, or than dilation, on each axis.
    C5  The padding, which is cut off, leaves something.

    Source: torch.nn.ConvTranspose2d.
    """

    rank = 2
    takes = Takes("C2", ("in_channels", "height", "width"))

    examples = (
        Example(
            {"out_channels": 64, "kernel_size": 2, "stride": 2},
            input=(128, 16, 16),
            output=(64, 32, 32),
            parameters=32_832,
            macs=8_388_608,
        ),
        Example(
            {"out_channels": 4, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": [1, 0], "groups": 2},
            input=(6, 7, 5),
            output=(4, 14, 9),
            parameters=112,
            macs=3_780,
        ),
        Example({"in_channels": 16, "out_channels": 8, "kernel_size": 3}, input=(3, 8, 8), breaks="C1", code="MS304"),
        Example({"out_channels": 8, "kernel_size": 3}, input=(8, 8), breaks="C2", code="MS303"),
        Example({"out_channels": 32, "kernel_size": 3, "groups": 3}, input=(64, 8, 8), breaks="C3", code="MS305"),
        Example(
            {"out_channels": 8, "kernel_size": 3, "stride": [2, 1], "output_padding": 1},
            input=(3, 8, 8),
            breaks="C4",
            code="MS305",
        ),
        Example({"out_channels": 8, "kernel_size": 3, "padding": [0, 3]}, input=(3, 8, 4), breaks="C5", code="MS306"),
    )


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution over three axes: each value spreads over a window of the result.

    C1  in_channels is the size of the input's first axis.
    C2  The input has four axes: channels, depth, height and width.
    C3  groups divides in_channels and out_channels.
    C4  output_padding is less than stride, or than dilation, on each axis.
    C5  The padding, which is cut off, leaves something.

    Source: torch.nn.ConvTranspose3d.
    """

    rank = 3
    takes = Takes("C2", ("in_channels", "depth", "height", "width"))

    examples = (
        Example(
            {"out_channels": 4, "kernel_size": 2, "stride": 2},
            input=(2, 3, 4, 5),
            output=(4, 6, 8, 10),
            parameters=68,
            macs=3_840,
        ),
        Example(
            {"out_channels": 2, "kernel_size": [1, 2, 3], "padding": [0, 0, 1], "bias": False},
            input=(3, 2, 2, 2),
            output=(2, 2, 3, 2),
            parameters=36,
            macs=288,
        ),
        Example({"in_channels": 3, "out_channels": 4, "kernel_size": 1}, input=(2, 5, 5, 5), breaks="C1", code="MS304"),
        Example({"out_channels": 4, "kernel_size": 1}, input=(2, 5, 5), breaks="C2", code="MS303"),
        Example({"out_channels": 4, "kernel_size": 1, "groups": 4}, input=(2, 5, 5, 5), breaks="C3", code="MS305"),
        Example({"out_channels": 4, "kernel_size": 1, "output_padding": 1}, input=(2, 5, 5, 5), breaks="C4"),
        Example({"out_channels": 4, "kernel_size": 1, "padding": 3}, input=(2, 5, 5, 5), breaks="C5", code="MS306"),
    )
