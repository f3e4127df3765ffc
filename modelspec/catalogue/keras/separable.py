"""keras.layers: convolutions of each channel apart, and then of all channels place by place."""

from collections.abc import Iterator

from modelspec.catalogue.keras.arguments import KernelInitializer, VectorRegularizer, WeightConstraint
from modelspec.catalogue.keras.depthwise import _Channelwise
from modelspec.catalogue.keras.window import first_spatial_axis
from modelspec.layer import Axis, Example, Layer, Size, Takes, Tensor, axes
from modelspec.shape import Count, Shape, numel


class _Filters(Layer):
    filters: Size


class _Separable(_Channelwise, _Filters):
    pointwise_initializer: KernelInitializer = "glorot_uniform"
    pointwise_regularizer: VectorRegularizer = None
    pointwise_constraint: WeightConstraint = None

    def output_shape(self, x: Shape) -> Shape:
        return self._slide(x, self.filters)

    def list_tensors(self) -> Iterator[Tensor]:
        yield Tensor("depthwise_kernel", self._kernel_axes())
        places = tuple([Axis(f"axis {at + 1} of one", 1) for at in range(self.rank)])
        between = Axis("channels * depth_multiplier", self.channels * self.depth_multiplier)
        yield Tensor("pointwise_kernel", (*places, between, *axes(filters=self.filters)))
        if self.use_bias:
            yield Tensor("bias", axes(filters=self.filters))

    def count_macs(self, x: Shape, y: Shape) -> Count:
        first = first_spatial_axis(self.data_format)
        places = numel(y[first : first + self.rank])
        return places * self.channels * self.depth_multiplier * (numel(self.kernel_size) + self.filters)

    def parameters_by_hand(self) -> str:
        weights = f"({self._window_by_hand()} + filters) * channels * depth_multiplier"
        return f"{weights} + filters" if self.use_bias else weights

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        return f"{self._places_by_hand()} * ({self._window_by_hand()} + filters) * channels * depth_multiplier"


class SeparableConv1D(_Separable):
    """Convolution of each channel apart, over the steps, and then of all channels step by step.

    C1  The input has two axes: steps and channels, or channels and steps with channels_first.
    C2  With padding valid, the window, dilation_rate × (kernel_size − 1) + 1, is at most the number of steps.
    C3  The output has filters channels and floor((steps − window) / strides) + 1 steps; with padding same,
        ceil(steps / strides).

    Between the two there are channels × depth_multiplier channels.

    Source: keras.layers.SeparableConv1D.
    """

    takes = Takes("C1", ("steps", "channels"), ("channels", "steps"))
    rank = 1
    spatial = ("steps",)

    strides = (1,)
    dilation_rate = (1,)

    examples = (
        Example({"filters": 32, "kernel_size": 3}, input=(10, 16), output=(8, 32), parameters=592, macs=4_480),
        Example(
            {"filters": 5, "kernel_size": 2, "depth_multiplier": 2, "strides": 2, "data_format": "channels_first"},
            input=(3, 7),
            output=(5, 3),
            parameters=47,
            macs=126,
        ),
        Example({"filters": 5, "kernel_size": 3}, input=(8,), breaks="C1", code="MS303"),
        Example({"filters": 5, "kernel_size": 9}, input=(8, 4), breaks="C2", code="MS306"),
    )


class SeparableConv2D(_Separable):
    """Convolution of each channel apart, over height and width, and then of all channels place by place.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  With padding valid, the window, dilation_rate × (kernel_size − 1) + 1, is at most height and width.
    C3  The output has filters channels and, for height and width, floor((size − window) / strides) + 1; with
        padding same, ceil(size / strides).

    Between the two there are channels × depth_multiplier channels.

    Source: keras.layers.SeparableConv2D.
    """

    takes = Takes("C1", ("height", "width", "channels"), ("channels", "height", "width"))
    rank = 2
    spatial = ("height", "width")

    strides = (1, 1)
    dilation_rate = (1, 1)

    examples = (
        Example(
            {"filters": 64, "kernel_size": 3, "padding": "same"},
            input=(32, 32, 16),
            output=(32, 32, 64),
            parameters=1_232,
            macs=1_196_032,
        ),
        Example(
            {"filters": 5, "kernel_size": [2, 3], "depth_multiplier": 2, "data_format": "channels_first"},
            input=(3, 7, 8),
            output=(5, 6, 6),
            parameters=71,
            macs=2_376,
        ),
        Example({"filters": 5, "kernel_size": 3}, input=(8, 8), breaks="C1", code="MS303"),
        Example({"filters": 5, "kernel_size": [3, 9]}, input=(8, 8, 4), breaks="C2", code="MS306"),
    )
