"""keras.layers: convolutions of each channel apart."""

from collections.abc import Iterator
from typing import ClassVar

from modelspec.catalogue.keras.arguments import (
    ActivationFunction,
    ActivityRegularizer,
    DataFormat,
    KernelInitializer,
    Padding,
    VectorInitializer,
    VectorRegularizer,
    WeightConstraint,
)
from modelspec.catalogue.keras.window import check_windows, derive_sizes, first_spatial_axis, place_channels, slide
from modelspec.layer import Axis, Broken, Example, Layer, Size, SizePerAxis, Takes, Tensor, axes, built
from modelspec.shape import Count, Dim, Shape, numel


class _Channelwise(Layer):
    """What slides one window over each channel apart, depth_multiplier of them each."""

    input_dtype = "float"
    rank: ClassVar[int]
    spatial: ClassVar[tuple[str, ...]]

    channels: Size = built(take=lambda layer, x: x[0] if layer.data_format == "channels_first" else x[-1])
    kernel_size: SizePerAxis
    strides: SizePerAxis
    padding: Padding = "valid"
    depth_multiplier: Size = 1
    data_format: DataFormat = None
    dilation_rate: SizePerAxis
    activation: ActivationFunction = None
    use_bias: bool = True
    depthwise_initializer: KernelInitializer = "glorot_uniform"
    bias_initializer: VectorInitializer = "zeros"
    depthwise_regularizer: VectorRegularizer = None
    bias_regularizer: VectorRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    depthwise_constraint: WeightConstraint = None
    bias_constraint: WeightConstraint = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if self.padding == "valid":
            first = first_spatial_axis(self.data_format)
            sizes = x[first : first + self.rank]
            windows, dilations = self.kernel_size, self.dilation_rate
            yield from check_windows("C2", "kernel_size", self.spatial, sizes, windows, dilations, first)

    def _slide(self, x: Shape, channels: Dim) -> Shape:
        first = first_spatial_axis(self.data_format)
        sizes = x[first : first + self.rank]
        windows = zip(sizes, self.kernel_size, self.strides, self.dilation_rate, strict=True)
        spatial = tuple([slide(size, k, stride, self.padding, rate) for size, k, stride, rate in windows])
        return place_channels(self.data_format, spatial, channels)

    def _kernel_axes(self) -> tuple[Axis, ...]:
        window = [Axis(f"kernel_size[{at}]", size) for at, size in enumerate(self.kernel_size)]
        return (*window, *axes(channels=self.channels, depth_multiplier=self.depth_multiplier))

    def _window_by_hand(self) -> str:
        return " * ".join(f"kernel_size[{at}]" for at in range(self.rank))

    def _places_by_hand(self) -> str:
        first = first_spatial_axis(self.data_format)
        return " * ".join(f"output[{first + at}]" for at in range(self.rank))

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        first = first_spatial_axis(self.data_format)
        return derive_sizes(self.spatial, "kernel_size", "strides", self.padding, self.dilation_rate, first)


class _Depthwise(_Channelwise):
    def output_shape(self, x: Shape) -> Shape:
        return self._slide(x, self.channels * self.depth_multiplier)

    def list_tensors(self) -> Iterator[Tensor]:
        yield Tensor("kernel", self._kernel_axes())
        if self.use_bias:
            yield Tensor("bias", (Axis("channels * depth_multiplier", self.channels * self.depth_multiplier),))

    def count_macs(self, x: Shape, y: Shape) -> Count:
        return numel(y) * numel(self.kernel_size)

    def parameters_by_hand(self) -> str:
        window = f"({self._window_by_hand()} + 1)" if self.use_bias else self._window_by_hand()
        return f"{window} * channels * depth_multiplier"

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        return f"{self._places_by_hand()} * {self._window_by_hand()} * channels * depth_multiplier"


class DepthwiseConv1D(_Depthwise):
    """Convolution over the steps, of each channel apart: depth_multiplier results for each channel.

    C1  The input has two axes: steps and channels, or channels and steps with channels_first.
    C2  With padding valid, the window, dilation_rate × (kernel_size − 1) + 1, is at most the number of steps.
    C3  The output has channels × depth_multiplier channels and floor((steps − window) / strides) + 1 steps; with
        padding same, ceil(steps / strides).

    Source: keras.layers.DepthwiseConv1D.
    """

    takes = Takes("C1", ("steps", "channels"), ("channels", "steps"))
    rank = 1
    spatial = ("steps",)

    strides = (1,)
    dilation_rate = (1,)

    examples = (
        Example({"kernel_size": 3}, input=(10, 16), output=(8, 16), parameters=64, macs=384),
        Example(
            {"kernel_size": 2, "strides": 2, "depth_multiplier": 2, "padding": "same", "data_format": "channels_first"},
            input=(3, 7),
            output=(6, 4),
            parameters=18,
            macs=48,
        ),
        Example({"kernel_size": 3}, input=(8,), breaks="C1", code="MS303"),
        Example({"kernel_size": 3, "dilation_rate": 4}, input=(8, 4), breaks="C2", code="MS306"),
    )


class DepthwiseConv2D(_Depthwise):
    """Convolution over height and width, of each channel apart: depth_multiplier results for each channel.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  With padding valid, the window, dilation_rate × (kernel_size − 1) + 1, is at most height and width.
    C3  The output has channels × depth_multiplier channels and, for height and width,
        floor((size − window) / strides) + 1; with padding same, ceil(size / strides).

    Source: keras.layers.DepthwiseConv2D.
    """

    takes = Takes("C1", ("height", "width", "channels"), ("channels", "height", "width"))
    rank = 2
    spatial = ("height", "width")

    strides = (1, 1)
    dilation_rate = (1, 1)

    examples = (
        Example(
            {"kernel_size": 3, "padding": "same"}, input=(32, 32, 16), output=(32, 32, 16), parameters=160, macs=147_456
        ),
        Example(
            {"kernel_size": [2, 3], "strides": 2, "depth_multiplier": 2, "data_format": "channels_first"},
            input=(3, 7, 8),
            output=(6, 3, 3),
            parameters=42,
            macs=324,
        ),
        Example({"kernel_size": 3}, input=(8, 8), breaks="C1", code="MS303"),
        Example({"kernel_size": [3, 9]}, input=(8, 8, 4), breaks="C2", code="MS306"),
    )
