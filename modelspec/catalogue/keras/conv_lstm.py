"""keras.layers: recurrent layers that convolve."""

from collections.abc import Iterator
from typing import ClassVar

from modelspec.catalogue.keras.arguments import (
    ActivationFunction,
    ActivityRegularizer,
    DataFormat,
    Fraction,
    KernelInitializer,
    Padding,
    Seed,
    VectorInitializer,
    VectorRegularizer,
    WeightConstraint,
)
from modelspec.catalogue.keras.gates import check_forget_bias
from modelspec.catalogue.keras.window import check_windows, derive_sizes, first_spatial_axis, place_channels, slide
from modelspec.layer import Axis, Broken, Example, Layer, Size, SizePerAxis, Takes, Tensor, axes, built
from modelspec.shape import Count, Shape, differs, numel


class _ConvLSTM(Layer):
    """An LSTM in which convolutions take the place of the products: of the input, and of the state to its own size."""

    input_dtype = "float"
    rank: ClassVar[int]
    spatial: ClassVar[tuple[str, ...]]

    channels: Size = built(take=lambda layer, x: x[1] if layer.data_format == "channels_first" else x[-1])
    filters: Size
    kernel_size: SizePerAxis
    strides: SizePerAxis
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: SizePerAxis
    activation: ActivationFunction = "tanh"
    recurrent_activation: ActivationFunction = "sigmoid"
    use_bias: bool = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    recurrent_initializer: KernelInitializer = "orthogonal"
    bias_initializer: VectorInitializer = "zeros"
    unit_forget_bias: bool = True
    kernel_regularizer: VectorRegularizer = None
    recurrent_regularizer: VectorRegularizer = None
    bias_regularizer: VectorRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: WeightConstraint = None
    recurrent_constraint: WeightConstraint = None
    bias_constraint: WeightConstraint = None
    dropout: Fraction = 0.0
    recurrent_dropout: Fraction = 0.0
    seed: Seed = None
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False
    stateful: bool = False
    unroll: bool = False
    zero_output_for_mask: bool = False

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if any(differs(step, 1) for step in self.strides) and any(differs(rate, 1) for rate in self.dilation_rate):
            message = "strides over 1 and a dilation_rate over 1 do not go together"
            yield Broken("C2", message, "dilation_rate", "leave out one of strides and dilation_rate")
        yield from check_forget_bias("C3", self)
        if self.padding == "valid":
            first = self._first()
            sizes = x[first : first + self.rank]
            windows, dilations = self.kernel_size, self.dilation_rate
            yield from check_windows("C4", "kernel_size", self.spatial, sizes, windows, dilations, first)

    def _first(self) -> int:
        """The place of the first spatial axis in the sample: the steps are before it."""
        return 1 + first_spatial_axis(self.data_format)

    def _shape_state(self, x: Shape) -> Shape:
        first = self._first()
        windows = zip(x[first : first + self.rank], self.kernel_size, self.strides, self.dilation_rate, strict=True)
        spatial = tuple([slide(size, k, stride, self.padding, rate) for size, k, stride, rate in windows])
        return place_channels(self.data_format, spatial, self.filters)

    def mend_missing_axis(self) -> str | None:
        return None if self.return_sequences else "write return_sequences: true"

    def output_shape(self, x: Shape) -> Shape:
        return (x[0], *self._shape_state(x)) if self.return_sequences else self._shape_state(x)

    def outputs(self, x: Shape) -> dict[str, Shape]:
        states = dict.fromkeys(("state_h", "state_c"), self._shape_state(x)) if self.return_state else {}
        return {"output": self.output_shape(x), **states}

    def list_tensors(self) -> Iterator[Tensor]:
        window = tuple([Axis(f"kernel_size[{at}]", size) for at, size in enumerate(self.kernel_size)])
        gates = Axis("4 × filters", 4 * self.filters)
        yield Tensor("kernel", (*window, *axes(channels=self.channels), gates))
        yield Tensor("recurrent_kernel", (*window, *axes(filters=self.filters), gates))
        if self.use_bias:
            yield Tensor("bias", (gates,))

    def count_macs(self, x: Shape, y: Shape) -> Count:
        window = numel(self.kernel_size) * (self.channels + self.filters)
        return x[0] * numel(self._shape_state(x)) * 4 * window

    def _window_by_hand(self) -> str:
        return " * ".join([*(f"kernel_size[{at}]" for at in range(self.rank)), "(channels + filters)"])

    def parameters_by_hand(self) -> str:
        window = self._window_by_hand()
        return f"4 * filters * ({window} + 1)" if self.use_bias else f"4 * filters * {window}"

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        first = first_spatial_axis(self.data_format) + self.return_sequences
        places = " * ".join(f"output[{first + at}]" for at in range(self.rank))
        return f"input[0] * {places} * 4 * filters * {self._window_by_hand()}"

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        return derive_sizes(self.spatial, "kernel_size", "strides", self.padding, self.dilation_rate, self._first())

    def conventions(self) -> Iterator[str]:
        if self.use_bias:
            yield f"{self.type_name()} (Keras): one bias vector for each gate"


class ConvLSTM1D(_ConvLSTM):
    """Long short-term memory over the steps, whose gates are convolutions over the length.

    C1  The input has three axes: steps, length and channels, or steps, channels and length with channels_first.
    C2  Not both of strides and dilation_rate are over 1.
    C3  With unit_forget_bias, which completes the bias's own initializer, that is not null.
    C4  With padding valid, the window, dilation_rate × (kernel_size − 1) + 1, is at most the length.
    C5  The output is the last h; with return_sequences that of every step. It has filters channels and, for
        the length, floor((size − window) / strides) + 1; with padding same, ceil(size / strides).

    The state is convolved with steps of 1, padded to its own size, and without dilation. return_state gives state_h and
    state_c too, each as large as h.

    Source: keras.layers.ConvLSTM1D.
    """

    takes = Takes("C1", ("steps", "length", "channels"), ("steps", "channels", "length"))
    rank = 1
    spatial = ("length",)

    strides = (1,)
    dilation_rate = (1,)

    examples = (
        Example({"filters": 4, "kernel_size": 3}, input=(5, 8, 3), output=(6, 4), parameters=352, macs=10_080),
        Example(
            {
                "filters": 4,
                "kernel_size": 2,
                "strides": 2,
                "padding": "same",
                "data_format": "channels_first",
                "return_sequences": True,
                "use_bias": False,
            },
            input=(5, 3, 7),
            output=(5, 4, 4),
            parameters=224,
            macs=4_480,
        ),
        Example({"filters": 4, "kernel_size": 3}, input=(8, 3), breaks="C1", code="MS303"),
        Example(
            {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2},
            input=(5, 8, 3),
            breaks="C2",
            code="MS305",
        ),
        Example({"filters": 4, "kernel_size": 3, "bias_initializer": None}, input=(5, 8, 3), breaks="C3", code="MS305"),
        Example({"filters": 4, "kernel_size": [9]}, input=(5, 8, 3), breaks="C4", code="MS306"),
    )


class ConvLSTM2D(_ConvLSTM):
    """Long short-term memory over the steps, whose gates are convolutions over height and width.

    C1  The input has four axes: steps, height, width and channels, or channels second with channels_first.
    C2  Not both of strides and dilation_rate are over 1 anywhere.
    C3  With unit_forget_bias, which completes the bias's own initializer, that is not null.
    C4  With padding valid, the window, dilation_rate × (kernel_size − 1) + 1, is at most height and width.
    C5  The output is the last h; with return_sequences that of every step. It has filters channels and, for
        height and width, floor((size − window) / strides) + 1; with padding same, ceil(size / strides).

    The state is convolved with steps of 1, padded to its own size, and without dilation. return_state gives state_h and
    state_c too, each as large as h.

    Source: keras.layers.ConvLSTM2D.
    """

    takes = Takes("C1", ("steps", "height", "width", "channels"), ("steps", "channels", "height", "width"))
    rank = 2
    spatial = ("height", "width")

    strides = (1, 1)
    dilation_rate = (1, 1)

    examples = (
        Example({"filters": 4, "kernel_size": 3}, input=(5, 8, 9, 3), output=(6, 7, 4), parameters=1_024, macs=211_680),
        Example(
            {
                "filters": 4,
                "kernel_size": 2,
                "strides": 2,
                "padding": "same",
                "data_format": "channels_first",
                "return_sequences": True,
                "use_bias": False,
            },
            input=(5, 3, 7, 6),
            output=(5, 4, 4, 3),
            parameters=448,
            macs=26_880,
        ),
        Example({"filters": 4, "kernel_size": 3}, input=(8, 9, 3), breaks="C1", code="MS303"),
        Example(
            {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2},
            input=(5, 8, 9, 3),
            breaks="C2",
            code="MS305",
        ),
        Example(
            {"filters": 4, "kernel_size": 3, "bias_initializer": None}, input=(5, 8, 9, 3), breaks="C3", code="MS305"
        ),
        Example({"filters": 4, "kernel_size": [3, 11]}, input=(5, 8, 9, 3), breaks="C4", code="MS306"),
    )


class ConvLSTM3D(_ConvLSTM):
    """Long short-term memory over the steps, whose gates are convolutions over depth, height and width.

    C1  The input has five axes: steps, depth, height, width and channels, or channels second with channels_first.
    C2  Not both of strides and dilation_rate are over 1 anywhere.
    C3  With unit_forget_bias, which completes the bias's own initializer, that is not null.
    C4  With padding valid, the window, dilation_rate × (kernel_size − 1) + 1, is at most depth, height and width.
    C5  The output is the last h; with return_sequences that of every step. It has filters channels and, for
        depth, height and width, floor((size − window) / strides) + 1; with padding same, ceil(size / strides).

    The state is convolved with steps of 1, padded to its own size, and without dilation. return_state gives state_h and
    state_c too, each as large as h.

    Source: keras.layers.ConvLSTM3D.
    """

    takes = Takes(
        "C1", ("steps", "depth", "height", "width", "channels"), ("steps", "channels", "depth", "height", "width")
    )
    rank = 3
    spatial = ("depth", "height", "width")

    strides = (1, 1, 1)
    dilation_rate = (1, 1, 1)

    examples = (
        Example(
            {"filters": 4, "kernel_size": 3},
            input=(5, 8, 9, 4, 3),
            output=(6, 7, 2, 4),
            parameters=3_040,
            macs=1_270_080,
        ),
        Example(
            {
                "filters": 4,
                "kernel_size": 2,
                "strides": 2,
                "padding": "same",
                "data_format": "channels_first",
                "return_sequences": True,
                "use_bias": False,
            },
            input=(5, 3, 7, 6, 4),
            output=(5, 4, 4, 3, 2),
            parameters=896,
            macs=107_520,
        ),
        Example({"filters": 4, "kernel_size": 3}, input=(8, 9, 4, 3), breaks="C1", code="MS303"),
        Example(
            {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2},
            input=(5, 8, 9, 4, 3),
            breaks="C2",
            code="MS305",
        ),
        Example(
            {"filters": 4, "kernel_size": 3, "bias_initializer": None}, input=(5, 8, 9, 4, 3), breaks="C3", code="MS305"
        ),
        Example({"filters": 4, "kernel_size": [3, 11, 11]}, input=(5, 8, 9, 4, 3), breaks="C4", code="MS306"),
    )
