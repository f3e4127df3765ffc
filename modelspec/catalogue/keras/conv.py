"""keras.layers: convolutions."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from modelspec.catalogue.keras.arguments import (
    ActivationFunction,
    ActivityRegularizer,
    DataFormat,
    KernelInitializer,
    LoraScale,
    OptionalSize,
    Padding,
    VectorInitializer,
    VectorRegularizer,
    WeightConstraint,
    check_lora,
)
from modelspec.catalogue.keras.window import check_windows, derive_sizes, first_spatial_axis, place_channels, slide
from modelspec.kinds import Choice
from modelspec.layer import Axis, Broken, Example, Layer, Size, SizePerAxis, Takes, Tensor, axes, built
from modelspec.shape import UNKNOWN, Count, Shape, differs, numel, surely_same


class _Conv(Layer):
    input_dtype = "float"
    rank: ClassVar[int]
    spatial: ClassVar[tuple[str, ...]]

    channels: Size = built(take=lambda layer, x: x[0] if layer.data_format == "channels_first" else x[-1])
    filters: Size
    kernel_size: SizePerAxis
    strides: SizePerAxis
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: SizePerAxis
    groups: Size = 1
    activation: ActivationFunction = None
    use_bias: bool = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    bias_initializer: VectorInitializer = "zeros"
    kernel_regularizer: VectorRegularizer = None
    bias_regularizer: VectorRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: WeightConstraint = None
    bias_constraint: WeightConstraint = None
    lora_rank: OptionalSize = None
    lora_alpha: LoraScale = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if differs(self.filters % self.groups, 0):
            message = f"filters is {self.filters}, which groups, {self.groups}, does not divide"
            yield Broken("C2", message, "groups", "write a number of groups that divides filters and channels")
        elif differs(self.channels % self.groups, 0):
            message = f"{self.channels} channels arrive, which groups, {self.groups}, does not divide"
            channels_axis = 0 if self.data_format == "channels_first" else -1
            hint = "write a number of groups that divides filters and channels"
            yield Broken("C3", message, "groups", hint, axis=channels_axis)
        if any(differs(step, 1) for step in self.strides) and any(differs(rate, 1) for rate in self.dilation_rate):
            message = "strides over 1 and a dilation_rate over 1 do not go together"
            yield Broken("C4", message, "dilation_rate", "leave out one of strides and dilation_rate")
        yield from check_lora("C5", self.lora_rank, self.kernel_constraint, "kernel_constraint")
        if self.padding == "valid":
            first = first_spatial_axis(self.data_format)
            sizes = x[first : first + self.rank]
            yield from check_windows(
                "C6", "kernel_size", self.spatial, sizes, self.kernel_size, self.dilation_rate, first
            )

    def output_shape(self, x: Shape) -> Shape:
        first = first_spatial_axis(self.data_format)
        sizes = x[first : first + self.rank]
        windows = zip(sizes, self.kernel_size, self.strides, self.dilation_rate, strict=True)
        spatial = tuple([slide(size, k, stride, self.padding, rate) for size, k, stride, rate in windows])
        return place_channels(self.data_format, spatial, self.filters)

    def _kernel_axes(self) -> tuple[Axis, ...]:
        window = [Axis(f"kernel_size[{at}]", size) for at, size in enumerate(self.kernel_size)]
        if surely_same(self.groups, 1):
            return (*window, Axis("channels", self.channels))
        return (*window, Axis("channels / groups", self.channels // self.groups))

    def list_tensors(self) -> Iterator[Tensor]:
        rank = self.lora_rank
        window = self._kernel_axes()
        yield Tensor("kernel", (*window, *axes(filters=self.filters)), trainable=rank is None)
        if self.use_bias:
            yield Tensor("bias", axes(filters=self.filters))
        if rank is not None:
            yield Tensor("lora_kernel_a", (*window, *axes(lora_rank=rank)), dtype="float32")
            yield Tensor("lora_kernel_b", axes(lora_rank=rank, filters=self.filters), dtype="float32")

    def count_macs(self, x: Shape, y: Shape) -> Count:
        window = numel([axis.size for axis in self._kernel_axes()])
        macs = numel(y) * window
        return macs if self.lora_rank is None else macs + window * self.lora_rank * self.filters

    def _window_by_hand(self) -> str:
        window = " * ".join([*(f"kernel_size[{at}]" for at in range(self.rank)), "channels"])
        return f"{window} // groups" if self.groups != 1 else window

    def parameters_by_hand(self) -> str:
        window = self._window_by_hand()
        affine = f"({window} + 1) * filters" if self.use_bias else f"{window} * filters"
        return affine if self.lora_rank is None else f"{affine} + ({window} + filters) * lora_rank"

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        first = first_spatial_axis(self.data_format)
        window = self._window_by_hand()
        places = " * ".join([f"output[{first + at}]" for at in range(self.rank)])
        product = f"{places} * {window} * filters"
        return product if self.lora_rank is None else f"{product} + {window} * lora_rank * filters"

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        first = first_spatial_axis(self.data_format)
        return derive_sizes(self.spatial, "kernel_size", "strides", self.padding, self.dilation_rate, first)


class Conv1D(_Conv):
    """Convolution over the steps: y = activation(x ∗ K + b).

    C1  The input has two axes: steps and channels, or channels and steps with channels_first.
    C2  groups divides filters.
    C3  groups divides the channels of the input.
    C4  Not both of strides and dilation_rate are over 1.
    C5  lora_rank and kernel_constraint do not go together.
    C6  With padding valid, the window, dilation_rate × (kernel_size − 1) + 1, is at most the number of steps.
    C7  The output has floor((steps − window) / strides) + 1 steps and filters channels; with padding same or
        causal, ceil(steps / strides) steps.

    Source: keras.layers.Conv1D.
    """

    takes = Takes("C1", ("steps", "channels"), ("channels", "steps"))
    rank = 1
    spatial = ("steps",)

    strides = (1,)
    padding: Annotated[str, Choice("valid", "same", "causal")] = "valid"
    dilation_rate = (1,)

    examples = (
        Example({"filters": 32, "kernel_size": 3}, input=(10, 128), output=(8, 32), parameters=12_320, macs=98_304),
        Example(
            {"filters": 8, "kernel_size": 3, "padding": "causal", "dilation_rate": 4},
            input=(10, 4),
            output=(10, 8),
            parameters=104,
            macs=960,
        ),
        Example(
            {"filters": 3, "kernel_size": 2, "strides": 2, "padding": "same"},
            input=(7, 3),
            output=(4, 3),
            parameters=21,
            macs=72,
        ),
        Example(
            {"filters": 6, "kernel_size": 3, "groups": 2, "data_format": "channels_first"},
            input=(4, 10),
            output=(6, 8),
            parameters=42,
            macs=288,
        ),
        Example({"filters": 4, "kernel_size": 3}, input=(10,), breaks="C1", code="MS303"),
        Example({"filters": 5, "kernel_size": 3, "groups": 2}, input=(10, 4), breaks="C2", code="MS305"),
        Example({"filters": 4, "kernel_size": 3, "groups": 2}, input=(10, 5), breaks="C3", code="MS305"),
        Example(
            {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2},
            input=(10, 4),
            breaks="C4",
            code="MS305",
        ),
        Example(
            {"filters": 4, "kernel_size": 3, "lora_rank": 2, "kernel_constraint": "max_norm"},
            input=(10, 4),
            breaks="C5",
            code="MS305",
        ),
        Example({"filters": 4, "kernel_size": 3, "dilation_rate": 5}, input=(10, 4), breaks="C6", code="MS306"),
    )


class Conv2D(_Conv):
    """Convolution over height and width: y = activation(x ∗ K + b).

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  groups divides filters.
    C3  groups divides the channels of the input.
    C4  Not both of strides and dilation_rate are over 1 anywhere.
    C5  lora_rank and kernel_constraint do not go together.
    C6  With padding valid, the window, dilation_rate × (kernel_size − 1) + 1, is at most height and width.
    C7  The output has filters channels and, for height and width, floor((size − window) / strides) + 1; with
        padding same, ceil(size / strides).

    Source: keras.layers.Conv2D.
    """

    takes = Takes("C1", ("height", "width", "channels"), ("channels", "height", "width"))
    rank = 2
    spatial = ("height", "width")

    strides = (1, 1)
    dilation_rate = (1, 1)

    examples = (
        Example(
            {"filters": 64, "kernel_size": 3},
            input=(32, 32, 3),
            output=(30, 30, 64),
            parameters=1_792,
            macs=1_555_200,
        ),
        Example({"filters": 3, "kernel_size": 2}, input=(UNKNOWN, UNKNOWN, 1), parameters=15),
        Example({"filters": 1, "kernel_size": 2}, input=(UNKNOWN, UNKNOWN, 3), parameters=13),
        Example({"filters": 3, "kernel_size": 2}, input=(UNKNOWN, UNKNOWN, 2), parameters=27),
        Example(
            {"filters": 64, "kernel_size": 3, "groups": 4, "padding": "same"},
            input=(8, 8, 32),
            output=(8, 8, 64),
            parameters=4_672,
            macs=294_912,
        ),
        Example(
            {"filters": 4, "kernel_size": [2, 3], "strides": [2, 1], "data_format": "channels_first"},
            input=(3, 7, 8),
            output=(4, 3, 6),
            parameters=76,
            macs=1_296,
        ),
        Example(
            {"filters": 6, "kernel_size": 3, "lora_rank": 2, "use_bias": False},
            input=(5, 5, 4),
            output=(3, 3, 6),
            parameters=300,
            macs=2_376,
        ),
        Example({"filters": 4, "kernel_size": 3}, input=(8, 8), breaks="C1", code="MS303"),
        Example({"filters": 5, "kernel_size": 3, "groups": 2}, input=(8, 8, 4), breaks="C2", code="MS305"),
        Example({"filters": 4, "kernel_size": 3, "groups": 2}, input=(8, 8, 5), breaks="C3", code="MS305"),
        Example(
            {"filters": 4, "kernel_size": 3, "strides": [2, 1], "dilation_rate": [1, 2]},
            input=(8, 8, 4),
            breaks="C4",
            code="MS305",
        ),
        Example(
            {"filters": 4, "kernel_size": 3, "lora_rank": 2, "kernel_constraint": "max_norm"},
            input=(8, 8, 4),
            breaks="C5",
            code="MS305",
        ),
        Example({"filters": 4, "kernel_size": [3, 9]}, input=(8, 8, 4), breaks="C6", code="MS306"),
    )


class Conv3D(_Conv):
    """Convolution over depth, height and width: y = activation(x ∗ K + b).

    C1  The input has four axes: depth, height, width and channels, or channels first with channels_first.
    C2  groups divides filters.
    C3  groups divides the channels of the input.
    C4  Not both of strides and dilation_rate are over 1 anywhere.
    C5  lora_rank and kernel_constraint do not go together.
    C6  With padding valid, the window, dilation_rate × (kernel_size − 1) + 1, is at most depth, height and width.
    C7  The output has filters channels and, for depth, height and width, floor((size − window) / strides) + 1; with
        padding same, ceil(size / strides).

    Source: keras.layers.Conv3D.
    """

    takes = Takes("C1", ("depth", "height", "width", "channels"), ("channels", "depth", "height", "width"))
    rank = 3
    spatial = ("depth", "height", "width")

    strides = (1, 1, 1)
    dilation_rate = (1, 1, 1)

    examples = (
        Example(
            {"filters": 8, "kernel_size": 3},
            input=(6, 7, 8, 2),
            output=(4, 5, 6, 8),
            parameters=440,
            macs=51_840,
        ),
        Example(
            {"filters": 6, "kernel_size": [1, 2, 3], "strides": 2, "groups": 2, "data_format": "channels_first"},
            input=(4, 5, 6, 7),
            output=(6, 3, 3, 3),
            parameters=78,
            macs=1_944,
        ),
        Example({"filters": 4, "kernel_size": 3}, input=(8, 8, 4), breaks="C1", code="MS303"),
        Example({"filters": 5, "kernel_size": 3, "groups": 2}, input=(8, 8, 8, 4), breaks="C2", code="MS305"),
        Example({"filters": 4, "kernel_size": 3, "groups": 2}, input=(8, 8, 8, 5), breaks="C3", code="MS305"),
        Example(
            {"filters": 4, "kernel_size": 3, "strides": [2, 1, 1], "dilation_rate": [1, 2, 1]},
            input=(8, 8, 8, 4),
            breaks="C4",
            code="MS305",
        ),
        Example(
            {"filters": 4, "kernel_size": 3, "lora_rank": 2, "kernel_constraint": "max_norm"},
            input=(8, 8, 8, 4),
            breaks="C5",
            code="MS305",
        ),
        Example({"filters": 4, "kernel_size": [3, 3, 9]}, input=(8, 8, 8, 4), breaks="C6", code="MS306"),
    )
