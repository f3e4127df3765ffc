"""torch.nn: convolutions."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from modelspec.catalogue.torch.window import SPATIAL, describe, exceeds, refuse
from modelspec.kinds import Choice, Integer, PerAxis, Words
from modelspec.layer import Axis, Broken, Example, Layer, Size, SizePerAxis, Takes, Tensor, axes, inferred
from modelspec.shape import Count, Shape, conv_out, numel

_Padding = Annotated[tuple[int, ...] | str, Words("same", "valid", other=PerAxis(Integer(0)))]
_PaddingMode = Annotated[str, Choice("zeros", "reflect", "replicate", "circular")]

# One number as a default stands for one on every spatial axis.
_ONES: Any = 1
_ZEROS: Any = 0


class _Conv(Layer):
    rank: ClassVar[int]
    input_dtype = "float"

    in_channels: Size = inferred(axis=0, constraint="C1")
    out_channels: Size
    kernel_size: SizePerAxis
    stride: SizePerAxis = _ONES
    padding: _Padding = _ZEROS
    dilation: SizePerAxis = _ONES
    groups: Size = 1
    bias: bool = True
    padding_mode: _PaddingMode = "zeros"

    def _fill(self, axis: int) -> int:
        # What padding `same` adds, before and after together. Source: torch.nn.modules.conv, _ConvNd.__init__.
        return self.dilation[axis] * (self.kernel_size[axis] - 1)

    def _pad(self, axis: int) -> int:
        # What is added on each side; where the two differ, on the one that gets more.
        if self.padding == "same":
            return (self._fill(axis) + 1) // 2
        return 0 if isinstance(self.padding, str) else self.padding[axis]

    def output_shape(self, x: Shape) -> Shape:
        if self.padding == "same":
            return (self.out_channels, *x[1:])
        sizes = []
        for axis in range(self.rank):
            pad = self._pad(axis)
            size = conv_out(x[1 + axis], self.kernel_size[axis], self.stride[axis], pad, self.dilation[axis])
            sizes.append(size)
        return (self.out_channels, *sizes)

    def list_tensors(self) -> Iterator[Tensor]:
        shared = self.in_channels // self.groups
        weight = [
            Axis("out_channels", self.out_channels),
            Axis("in_channels" if self.groups == 1 else "in_channels / groups", shared),
        ]
        weight.extend(Axis(f"kernel_size[{axis}]", size) for axis, size in enumerate(self.kernel_size))
        yield Tensor("weight", tuple(weight))
        if self.bias:
            yield Tensor("bias", axes(out_channels=self.out_channels))

    def count_macs(self, x: Shape, y: Shape) -> Count:
        return numel(y) * numel(self.kernel_size) * (self.in_channels // self.groups)

    def constrain(self, x: Shape) -> Iterator[Broken]:
        yield from self._hold_groups()
        for axis, stride in enumerate(self.stride):
            if self.padding == "same" and exceeds(stride, 1):
                message = f"padding is same, but the stride is {stride}: same is for a stride of 1"
                hint = f"write the padding as a number: {self._fill(axis) // 2} on each side"
                yield Broken("C5", message, "padding", hint)
                return
        for axis, name in enumerate(SPATIAL[self.rank]):
            broken = self._hold_padding(x, axis, name) or self._hold_window(x, axis, name)
            if broken:
                yield broken
                return

    def _hold_groups(self) -> Iterator[Broken]:
        if self.groups != 1:
            from modelspec.catalogue.torch.grouping import refuse_groups

            channels = {"in_channels": self.in_channels, "out_channels": self.out_channels}
            broken = refuse_groups("C3", "groups", self.groups, 0, **channels)
            if broken:
                yield broken

    def _hold_padding(self, x: Shape, axis: int, name: str) -> Broken | None:
        # Mirrored and wrapped padding is made of what arrives, and torch takes each element once.
        pad, size = self._pad(axis), x[1 + axis]
        if self.padding_mode == "reflect" and exceeds(pad + 1, size):
            limit = "less than"
        elif self.padding_mode == "circular" and exceeds(pad, size):
            limit = "at most"
        else:
            return None
        message = f"padding_mode {self.padding_mode} takes a padding of {limit} the {name}: {pad} on a {name} of {size}"
        hint = "a smaller padding, or padding_mode zeros or replicate"
        return Broken("C6", message, "padding", hint, "MS306", 1 + axis)

    def _hold_window(self, x: Shape, axis: int, name: str) -> Broken | None:
        if self.padding == "same":
            return None
        kernel, dilation, pad = self.kernel_size[axis], self.dilation[axis], self._pad(axis)
        if not exceeds(dilation * (kernel - 1) + 1, x[1 + axis] + 2 * pad):
            return None
        hint = "a smaller kernel_size or more padding here, or less shrinking before"
        return refuse("C4", x, 1 + axis, name, kernel, pad, dilation, hint)

    def _name_inputs(self) -> str:
        return "in_channels // groups" if self.groups != 1 else "in_channels"

    def parameters_by_hand(self) -> str:
        window = " * ".join(f"kernel_size[{axis}]" for axis in range(self.rank))
        each = f"{window} * {self._name_inputs()}"
        return f"({each} + 1) * out_channels" if self.bias else f"{each} * out_channels"

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        places = " * ".join(f"output[{1 + axis}]" for axis in range(self.rank))
        window = " * ".join(f"kernel_size[{axis}]" for axis in range(self.rank))
        return f"{places} * {window} * {self._name_inputs()} * out_channels"

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        steps = {}
        for axis, name in enumerate(SPATIAL[self.rank]):
            if self.padding == "same":
                steps[name] = f"input[{1 + axis}]"
            else:
                padded = not isinstance(self.padding, str)
                steps[name] = describe(axis, 1 + axis, padded=padded, dilated=self.dilation[axis] != 1)
        return steps


class Conv1d(_Conv):
    """Convolution along one axis.

    C1  in_channels is the size of the input's first axis.
    C2  The input has two axes: channels and length.
    C3  groups divides in_channels and out_channels.
    C4  The window, dilation × (kernel_size − 1) + 1, is at most the padded length.
    C5  padding: same is for a stride of 1.
    C6  With padding_mode reflect the padding is less than the length; with circular it is at most the length.

    Source: torch.nn.Conv1d.
    """

    rank = 1
    takes = Takes("C2", ("in_channels", "length"))

    examples = (
        Example({"out_channels": 16, "kernel_size": 3}, input=(4, 10), output=(16, 8), parameters=208, macs=1_536),
        Example(
            {"out_channels": 6, "kernel_size": 4, "padding": "same", "dilation": 3, "bias": False},
            input=(2, 5),
            output=(6, 5),
            parameters=48,
            macs=240,
        ),
        Example(
            {"out_channels": 8, "kernel_size": [5], "stride": 2, "padding": 2, "padding_mode": "circular"},
            input=(8, 9),
            output=(8, 5),
            parameters=328,
            macs=1_600,
        ),
        Example(
            {"out_channels": 8, "kernel_size": 3, "padding": "same", "padding_mode": "reflect"},
            input=(4, 2),
            output=(8, 2),
        ),
        Example({"in_channels": 3, "out_channels": 8, "kernel_size": 3}, input=(4, 10), breaks="C1", code="MS304"),
        Example({"out_channels": 8, "kernel_size": 3}, input=(10,), breaks="C2", code="MS303"),
        Example({"out_channels": 9, "kernel_size": 3, "groups": 3}, input=(4, 10), breaks="C3", code="MS305"),
        Example(
            {"out_channels": 8, "kernel_size": 4, "dilation": 4, "padding": 1},
            input=(4, 10),
            breaks="C4",
            code="MS306",
        ),
        Example(
            {"out_channels": 8, "kernel_size": 3, "stride": 2, "padding": "same"},
            input=(4, 10),
            breaks="C5",
            code="MS305",
        ),
        Example(
            {"out_channels": 8, "kernel_size": 3, "padding": 11, "padding_mode": "circular"},
            input=(4, 10),
            breaks="C6",
            code="MS306",
        ),
        Example(
            {"out_channels": 8, "kernel_size": 4, "padding": "same", "padding_mode": "reflect"},
            input=(4, 2),
            breaks="C6",
            code="MS306",
        ),
    )


class Conv2d(_Conv):
    """Convolution over two axes.

    C1  in_channels is the size of the input's first axis.
    C2  The input has three axes: channels, height and width.
    C3  groups divides in_channels and out_channels.
    C4  The window, dilation × (kernel_size − 1) + 1, is at most the padded height and width.
    C5  padding: same is for a stride of 1.
    C6  With padding_mode reflect the padding is less than the axis it is added to; with circular it is at most that.

    Source: torch.nn.Conv2d.
    """

    rank = 2
    takes = Takes("C2", ("in_channels", "height", "width"))

    examples = (
        Example(
            {"out_channels": 16, "kernel_size": 5, "padding": 2},
            input=(1, 28, 28),
            output=(16, 28, 28),
            parameters=416,
            macs=313_600,
        ),
        Example(
            {"out_channels": 64, "kernel_size": 3}, input=(3, 8, 8), output=(64, 6, 6), parameters=1_792, macs=62_208
        ),
        Example(
            {"out_channels": 64, "kernel_size": 3, "groups": 4, "padding": "valid"},
            input=(32, 8, 8),
            output=(64, 6, 6),
            parameters=4_672,
            macs=165_888,
        ),
        Example(
            {"out_channels": 4, "kernel_size": [4, 3], "padding": "same", "bias": False},
            input=(2, 7, 7),
            output=(4, 7, 7),
            parameters=96,
            macs=4_704,
        ),
        Example(
            {"out_channels": 3, "kernel_size": [3, 1], "stride": [2, 1], "padding": [2, 0], "dilation": [2, 1]},
            input=(2, 9, 4),
            output=(3, 5, 4),
            parameters=21,
            macs=360,
        ),
        Example(
            {"out_channels": 4, "kernel_size": 3, "padding": 3, "padding_mode": "reflect"},
            input=(1, 4, 4),
            output=(4, 8, 8),
            parameters=40,
            macs=2_304,
        ),
        Example({"in_channels": 16, "out_channels": 8, "kernel_size": 3}, input=(3, 8, 8), breaks="C1", code="MS304"),
        Example({"out_channels": 8, "kernel_size": 3}, input=(8, 8), breaks="C2", code="MS303"),
        Example({"out_channels": 32, "kernel_size": 3, "groups": 3}, input=(64, 8, 8), breaks="C3", code="MS305"),
        Example({"out_channels": 32, "kernel_size": 3, "groups": 3}, input=(63, 8, 8), breaks="C3", code="MS305"),
        Example({"out_channels": 8, "kernel_size": 7}, input=(3, 8, 6), breaks="C4", code="MS306"),
        Example(
            {"out_channels": 8, "kernel_size": 3, "stride": [1, 2], "padding": "same"},
            input=(3, 8, 8),
            breaks="C5",
            code="MS305",
        ),
        Example(
            {"out_channels": 8, "kernel_size": 3, "padding": [0, 4], "padding_mode": "reflect"},
            input=(3, 8, 4),
            breaks="C6",
            code="MS306",
        ),
    )


class Conv3d(_Conv):
    """Convolution over three axes.

    C1  in_channels is the size of the input's first axis.
    C2  The input has four axes: channels, depth, height and width.
    C3  groups divides in_channels and out_channels.
    C4  The window, dilation × (kernel_size − 1) + 1, is at most the padded depth, height and width.
    C5  padding: same is for a stride of 1.
    C6  With padding_mode reflect the padding is less than the axis it is added to; with circular it is at most that.

    Source: torch.nn.Conv3d.
    """

    rank = 3
    takes = Takes("C2", ("in_channels", "depth", "height", "width"))

    examples = (
        Example(
            {"out_channels": 4, "kernel_size": 3},
            input=(2, 5, 6, 7),
            output=(4, 3, 4, 5),
            parameters=220,
            macs=12_960,
        ),
        Example(
            {
                "out_channels": 6,
                "kernel_size": [1, 2, 3],
                "stride": 2,
                "padding": [0, 1, 1],
                "groups": 2,
                "bias": False,
            },
            input=(4, 3, 4, 5),
            output=(6, 2, 3, 3),
            parameters=72,
            macs=1_296,
        ),
        Example({"in_channels": 3, "out_channels": 4, "kernel_size": 1}, input=(2, 5, 5, 5), breaks="C1", code="MS304"),
        Example({"out_channels": 4, "kernel_size": 1}, input=(2, 5, 5), breaks="C2", code="MS303"),
        Example({"out_channels": 4, "kernel_size": 1, "groups": 4}, input=(2, 5, 5, 5), breaks="C3", code="MS305"),
        Example({"out_channels": 4, "kernel_size": [1, 1, 6]}, input=(2, 5, 5, 5), breaks="C4", code="MS306"),
        Example(
            {"out_channels": 4, "kernel_size": 3, "stride": 2, "padding": "same"},
            input=(2, 5, 5, 5),
            breaks="C5",
            code="MS305",
        ),
        Example(
            {"out_channels": 4, "kernel_size": 3, "padding": 5, "padding_mode": "reflect"},
            input=(2, 5, 5, 5),
            breaks="C6",
            code="MS306",
        ),
    )
