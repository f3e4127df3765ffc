"""keras.layers: pooling to a given size."""

from typing import ClassVar

from modelspec.catalogue.keras.arguments import ActivityRegularizer, DataFormat
from modelspec.catalogue.keras.samples import IMAGE, STEPS, VOLUME
from modelspec.catalogue.keras.window import place_channels
from modelspec.layer import Example, Layer, SizePerAxis, no_macs, no_tensors
from modelspec.shape import Shape


class _Adaptive(Layer):
    """As many windows as are asked for, near to equally long; where there are fewer places, they overlap."""

    input_dtype = "float"
    rank: ClassVar[int]

    output_size: SizePerAxis
    data_format: DataFormat = None
    activity_regularizer: ActivityRegularizer = None

    def output_shape(self, x: Shape) -> Shape:
        channels = x[0] if self.data_format == "channels_first" else x[-1]
        return place_channels(self.data_format, self.output_size, channels)

    list_tensors = no_tensors
    count_macs = no_macs


class AdaptiveAveragePooling1D(_Adaptive):
    """The mean of each of output_size windows over the steps, feature by feature.

    C1  The input has two axes: steps and features, or the other way round with channels_first.
    C2  The output has output_size steps, whatever the input has; the features stay.

    Source: keras.layers.AdaptiveAveragePooling1D.
    """

    takes = STEPS
    rank = 1

    examples = (
        Example({"output_size": 4}, input=(10, 3), output=(4, 3), parameters=0, macs=0),
        Example(
            {"output_size": [7], "data_format": "channels_first"}, input=(3, 5), output=(3, 7), parameters=0, macs=0
        ),
        Example({"output_size": 4}, input=(10,), breaks="C1", code="MS303"),
    )


class AdaptiveAveragePooling2D(_Adaptive):
    """The mean of each of output_size windows over height and width, channel by channel.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  The output has output_size for height and width, whatever the input has; the channels stay.

    Source: keras.layers.AdaptiveAveragePooling2D.
    """

    takes = IMAGE
    rank = 2

    examples = (
        Example({"output_size": 4}, input=(10, 9, 3), output=(4, 4, 3), parameters=0, macs=0),
        Example(
            {"output_size": [7, 1], "data_format": "channels_first"},
            input=(3, 5, 6),
            output=(3, 7, 1),
            parameters=0,
            macs=0,
        ),
        Example({"output_size": 4}, input=(10, 9), breaks="C1", code="MS303"),
    )


class AdaptiveAveragePooling3D(_Adaptive):
    """The mean of each of output_size windows over depth, height and width, channel by channel.

    C1  The input has four axes: depth, height, width and channels, or channels first with channels_first.
    C2  The output has output_size for depth, height and width, whatever the input has; the channels stay.

    Source: keras.layers.AdaptiveAveragePooling3D.
    """

    takes = VOLUME
    rank = 3

    examples = (
        Example({"output_size": 4}, input=(10, 9, 8, 3), output=(4, 4, 4, 3), parameters=0, macs=0),
        Example(
            {"output_size": [7, 1, 2], "data_format": "channels_first"},
            input=(3, 5, 6, 4),
            output=(3, 7, 1, 2),
            parameters=0,
            macs=0,
        ),
        Example({"output_size": 4}, input=(10, 9, 3), breaks="C1", code="MS303"),
    )


class AdaptiveMaxPooling1D(_Adaptive):
    """The greatest element of each of output_size windows over the steps, feature by feature.

    C1  The input has two axes: steps and features, or the other way round with channels_first.
    C2  The output has output_size steps, whatever the input has; the features stay.

    Source: keras.layers.AdaptiveMaxPooling1D.
    """

    takes = STEPS
    rank = 1

    examples = (
        Example({"output_size": 4}, input=(10, 3), output=(4, 3), parameters=0, macs=0),
        Example(
            {"output_size": [7], "data_format": "channels_first"}, input=(3, 5), output=(3, 7), parameters=0, macs=0
        ),
        Example({"output_size": 4}, input=(10,), breaks="C1", code="MS303"),
    )


class AdaptiveMaxPooling2D(_Adaptive):
    """The greatest element of each of output_size windows over height and width, channel by channel.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  The output has output_size for height and width, whatever the input has; the channels stay.

    Source: keras.layers.AdaptiveMaxPooling2D.
    """

    takes = IMAGE
    rank = 2

    examples = (
        Example({"output_size": 4}, input=(10, 9, 3), output=(4, 4, 3), parameters=0, macs=0),
        Example(
            {"output_size": [7, 1], "data_format": "channels_first"},
            input=(3, 5, 6),
            output=(3, 7, 1),
            parameters=0,
            macs=0,
        ),
        Example({"output_size": 4}, input=(10, 9), breaks="C1", code="MS303"),
    )


class AdaptiveMaxPooling3D(_Adaptive):
    """The greatest element of each of output_size windows over depth, height and width, channel by channel.

    C1  The input has four axes: depth, height, width and channels, or channels first with channels_first.
    C2  The output has output_size for depth, height and width, whatever the input has; the channels stay.

    Source: keras.layers.AdaptiveMaxPooling3D.
    """

    takes = VOLUME
    rank = 3

    examples = (
        Example({"output_size": 4}, input=(10, 9, 8, 3), output=(4, 4, 4, 3), parameters=0, macs=0),
        Example(
            {"output_size": [7, 1, 2], "data_format": "channels_first"},
            input=(3, 5, 6, 4),
            output=(3, 7, 1, 2),
            parameters=0,
            macs=0,
        ),
        Example({"output_size": 4}, input=(10, 9, 3), breaks="C1", code="MS303"),
    )
