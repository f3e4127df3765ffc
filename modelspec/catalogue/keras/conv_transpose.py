"""keras.layers: transposed convolutions."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

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
from modelspec.catalogue.keras.window import first_spatial_axis, place_channels
from modelspec.kinds import Integer, Optional, PerAxis
from modelspec.layer import Axis, Broken, Example, Layer, Size, SizePerAxis, Takes, Tensor, axes, built
from modelspec.shape import Count, Dim, Shape, Unknown, differs, numel, total

_OutputPadding = Annotated[tuple[int, ...] | None, Optional(PerAxis(Integer(0)))]


class _ConvTranspose(Layer):
    input_dtype = "float"
    rank: ClassVar[int]
    spatial: ClassVar[tuple[str, ...]]

    channels: Size = built(take=lambda layer, x: x[0] if layer.data_format == "channels_first" else x[-1])
    filters: Size
    kernel_size: SizePerAxis
    strides: SizePerAxis
    padding: Padding = "valid"
    output_padding: _OutputPadding = None
    data_format: DataFormat = None
    dilation_rate: SizePerAxis
    activation: ActivationFunction = None
    use_bias: bool = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    bias_initializer: VectorInitializer = "zeros"
    kernel_regularizer: VectorRegularizer = None
    bias_regularizer: VectorRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: WeightConstraint = None
    bias_constraint: WeightConstraint = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if any(differs(step, 1) for step in self.strides) and any(differs(rate, 1) for rate in self.dilation_rate):
            message = "strides over 1 and a dilation_rate over 1 do not go together"
            yield Broken("C2", message, "dilation_rate", "leave out one of strides and dilation_rate")
        for at, (more, stride) in enumerate(zip(self.output_padding or (), self.strides, strict=False)):
            if isinstance(more, int) and isinstance(stride, int) and more >= stride:
                of = f"[{at}]" if self.rank > 1 else ""
                message = f"output_padding{of} is {more}, but strides{of} is {stride}: it must be less"
                hint = f"write at most {stride - 1} there, or leave output_padding out"
                yield Broken("C3", message, "output_padding", hint)
                return

    def _span(self, at: int) -> Dim:
        """How far a window reaches, with the gaps that dilation_rate makes in it."""
        return self.dilation_rate[at] * (self.kernel_size[at] - 1) + 1

    def _spread(self, at: int, size: Dim) -> Dim:
        """The output size along one axis. Source: keras.src.backend.common.backend_utils."""
        stride, span = self.strides[at], self._span(at)
        if self.output_padding is not None:
            end = span if self.padding == "valid" else span % 2
            return (size - 1) * stride + end + self.output_padding[at]
        if self.padding == "same":
            return size * stride
        if isinstance(span, Unknown) or isinstance(stride, Unknown):
            return total((size, stride, span))
        return (size - 1) * stride + max(span, stride)

    def output_shape(self, x: Shape) -> Shape:
        first = first_spatial_axis(self.data_format)
        spatial = tuple([self._spread(at, size) for at, size in enumerate(x[first : first + self.rank])])
        return place_channels(self.data_format, spatial, self.filters)

    def list_tensors(self) -> Iterator[Tensor]:
        window = [Axis(f"kernel_size[{at}]", size) for at, size in enumerate(self.kernel_size)]
        yield Tensor("kernel", (*window, *axes(filters=self.filters, channels=self.channels)))
        if self.use_bias:
            yield Tensor("bias", axes(filters=self.filters))

    def count_macs(self, x: Shape, y: Shape) -> Count:
        return numel(x) * numel(self.kernel_size) * self.filters

    def conventions(self) -> Iterator[str]:
        yield "the MACs of a transposed convolution go by the places of its input"

    def _window_by_hand(self) -> str:
        return " * ".join(f"kernel_size[{at}]" for at in range(self.rank))

    def parameters_by_hand(self) -> str:
        window = f"{self._window_by_hand()} * channels"
        return f"({window} + 1) * filters" if self.use_bias else f"{window} * filters"

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        first = first_spatial_axis(self.data_format)
        places = " * ".join(f"input[{first + at}]" for at in range(self.rank))
        return f"{places} * {self._window_by_hand()} * channels * filters"

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        first = first_spatial_axis(self.data_format)
        derived = {}
        for at, name in enumerate(self.spatial):
            size, window = f"input[{first + at}]", f"kernel_size[{at}]"
            if self.dilation_rate[at] != 1:
                window = f"(dilation_rate[{at}] * ({window} - 1) + 1)"
            if self.output_padding is not None:
                end = window if self.padding == "valid" else f"{window} % 2"
                derived[name] = f"({size} - 1) * strides[{at}] + {end} + output_padding[{at}]"
            elif self.padding == "same":
                derived[name] = f"{size} * strides[{at}]"
            else:
                derived[name] = f"({size} - 1) * strides[{at}] + max({window}, strides[{at}])"
        return derived


class Conv1DTranspose(_ConvTranspose):
    """Transposed convolution over the steps: each step of the input spreads over a window of the output.

    C1  The input has two axes: steps and channels, or channels and steps with channels_first.
    C2  Not both of strides and dilation_rate are over 1.
    C3  output_padding is less than strides.
    C4  The output has filters channels and (steps − 1) × strides + window steps, the window being
        dilation_rate × (kernel_size − 1) + 1, and at least the stride; with padding same, steps × strides; with an
        output_padding, (steps − 1) × strides + output_padding + window, or + 1 for an odd window with padding same.

    Source: keras.layers.Conv1DTranspose.
    """

    takes = Takes("C1", ("steps", "channels"), ("channels", "steps"))
    rank = 1
    spatial = ("steps",)

    strides = (1,)
    dilation_rate = (1,)

    examples = (
        Example({"filters": 32, "kernel_size": 3}, input=(10, 128), output=(12, 32), parameters=12_320, macs=122_880),
        Example({"filters": 4, "kernel_size": 2, "strides": 3}, input=(5, 2), output=(15, 4), parameters=20, macs=80),
        Example(
            {"filters": 4, "kernel_size": 3, "dilation_rate": 2, "data_format": "channels_first", "use_bias": False},
            input=(2, 5),
            output=(4, 9),
            parameters=24,
            macs=120,
        ),
        Example(
            {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 0},
            input=(5, 2),
            output=(9, 4),
            parameters=28,
            macs=120,
        ),
        Example({"filters": 4, "kernel_size": 2, "padding": "same", "output_padding": 0}, input=(1, 2), code="MS306"),
        Example({"filters": 4, "kernel_size": 3}, input=(10,), breaks="C1", code="MS303"),
        Example(
            {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2},
            input=(10, 4),
            breaks="C2",
            code="MS305",
        ),
        Example(
            {"filters": 4, "kernel_size": 3, "strides": 2, "output_padding": 2},
            input=(10, 4),
            breaks="C3",
            code="MS305",
        ),
    )


class Conv2DTranspose(_ConvTranspose):
    """Transposed convolution over height and width: each place of the input spreads over a window of the output.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  Not both of strides and dilation_rate are over 1 anywhere.
    C3  output_padding is less than strides, on each axis.
    C4  The output has filters channels and, for height and width, (size − 1) × strides + window, the window being
        dilation_rate × (kernel_size − 1) + 1, and at least the stride; with padding same, size × strides; with an
        output_padding, (size − 1) × strides + output_padding + window, or + 1 for an odd window with padding same.

    Source: keras.layers.Conv2DTranspose.
    """

    takes = Takes("C1", ("height", "width", "channels"), ("channels", "height", "width"))
    rank = 2
    spatial = ("height", "width")

    strides = (1, 1)
    dilation_rate = (1, 1)

    examples = (
        Example(
            {"filters": 64, "kernel_size": 3, "strides": 2, "padding": "same"},
            input=(7, 7, 64),
            output=(14, 14, 64),
            parameters=36_928,
            macs=1_806_336,
        ),
        Example(
            {"filters": 8, "kernel_size": [2, 3], "strides": [3, 1]},
            input=(4, 5, 2),
            output=(12, 7, 8),
            parameters=104,
            macs=1_920,
        ),
        Example(
            {"filters": 8, "kernel_size": 3, "strides": 2, "output_padding": 1, "data_format": "channels_first"},
            input=(2, 4, 5),
            output=(8, 10, 12),
            parameters=152,
            macs=2_880,
        ),
        Example({"filters": 4, "kernel_size": 3}, input=(8, 8), breaks="C1", code="MS303"),
        Example(
            {"filters": 4, "kernel_size": 3, "strides": [2, 1], "dilation_rate": [1, 2]},
            input=(8, 8, 4),
            breaks="C2",
            code="MS305",
        ),
        Example(
            {"filters": 4, "kernel_size": 3, "strides": [2, 1], "output_padding": [1, 1]},
            input=(8, 8, 4),
            breaks="C3",
            code="MS305",
        ),
    )


class Conv3DTranspose(_ConvTranspose):
    """Transposed convolution over a volume: each place of the input spreads over a window of the output.

    C1  The input has four axes: depth, height, width and channels, or channels first with channels_first.
    C2  Not both of strides and dilation_rate are over 1 anywhere.
    C3  output_padding is less than strides, on each axis.
    C4  The output has filters channels and, for depth, height and width, (size − 1) × strides + window, the window
        being dilation_rate × (kernel_size − 1) + 1, and at least the stride; with padding same, size × strides; with
        an output_padding, (size − 1) × strides + output_padding + window, or + 1 for an odd window with padding same.

    Source: keras.layers.Conv3DTranspose.
    """

    takes = Takes("C1", ("depth", "height", "width", "channels"), ("channels", "depth", "height", "width"))
    rank = 3
    spatial = ("depth", "height", "width")

    strides = (1, 1, 1)
    dilation_rate = (1, 1, 1)

    examples = (
        Example(
            {"filters": 4, "kernel_size": 3, "strides": 2},
            input=(2, 3, 4, 5),
            output=(5, 7, 9, 4),
            parameters=544,
            macs=12_960,
        ),
        Example({"filters": 4, "kernel_size": 3}, input=(8, 8, 2), breaks="C1", code="MS303"),
        Example(
            {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": [1, 1, 2]},
            input=(4, 4, 4, 2),
            breaks="C2",
            code="MS305",
        ),
        Example({"filters": 4, "kernel_size": 3, "output_padding": 1}, input=(4, 4, 4, 2), breaks="C3", code="MS305"),
    )
