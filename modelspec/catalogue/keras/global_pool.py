"""keras.layers: pooling over all places."""

from typing import ClassVar

from modelspec.catalogue.keras.arguments import ActivityRegularizer, DataFormat
from modelspec.catalogue.keras.samples import IMAGE, STEPS, VOLUME
from modelspec.catalogue.keras.window import place_channels
from modelspec.layer import Example, Layer, no_macs, no_tensors
from modelspec.shape import Shape


class _GlobalPool(Layer):
    """One value for each channel, over all spatial axes."""

    input_dtype = "float"
    rank: ClassVar[int]

    data_format: DataFormat = None
    keepdims: bool = False
    activity_regularizer: ActivityRegularizer = None

    def output_shape(self, x: Shape) -> Shape:
        channels = x[0] if self.data_format == "channels_first" else x[-1]
        return place_channels(self.data_format, (1,) * self.rank, channels) if self.keepdims else (channels,)

    list_tensors = no_tensors
    count_macs = no_macs


class GlobalAveragePooling1D(_GlobalPool):
    """The mean of each feature over the steps.

    C1  The input has two axes: steps and features, or the other way round with channels_first.
    C2  The output is the features; with keepdims, the steps remain as an axis of 1.

    Source: keras.layers.GlobalAveragePooling1D.
    """

    takes = STEPS
    rank = 1

    examples = (
        Example({}, input=(10, 64), output=(64,), parameters=0, macs=0),
        Example({"keepdims": True}, input=(10, 64), output=(1, 64), parameters=0, macs=0),
        Example({"data_format": "channels_first"}, input=(64, 10), output=(64,), parameters=0, macs=0),
        Example({}, input=(64,), breaks="C1", code="MS303"),
    )


class GlobalAveragePooling2D(_GlobalPool):
    """The mean of each channel over height and width.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  The output is the channels; with keepdims, height and width remain as axes of 1.

    Source: keras.layers.GlobalAveragePooling2D.
    """

    takes = IMAGE
    rank = 2

    examples = (
        Example({}, input=(7, 7, 512), output=(512,), parameters=0, macs=0),
        Example({"keepdims": True}, input=(7, 7, 512), output=(1, 1, 512), parameters=0, macs=0),
        Example({"data_format": "channels_first"}, input=(512, 7, 7), output=(512,), parameters=0, macs=0),
        Example({}, input=(512,), breaks="C1", code="MS303"),
    )


class GlobalMaxPooling1D(_GlobalPool):
    """The greatest element of each feature over the steps.

    C1  The input has two axes: steps and features, or the other way round with channels_first.
    C2  The output is the features; with keepdims, the steps remain as an axis of 1.

    Source: keras.layers.GlobalMaxPooling1D.
    """

    takes = STEPS
    rank = 1

    examples = (
        Example({}, input=(10, 64), output=(64,), parameters=0, macs=0),
        Example({"keepdims": True}, input=(10, 64), output=(1, 64), parameters=0, macs=0),
        Example({"data_format": "channels_first"}, input=(64, 10), output=(64,), parameters=0, macs=0),
        Example({}, input=(64,), breaks="C1", code="MS303"),
    )


class GlobalMaxPooling2D(_GlobalPool):
    """The greatest element of each channel over height and width.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  The output is the channels; with keepdims, height and width remain as axes of 1.

    Source: keras.layers.GlobalMaxPooling2D.
    """

    takes = IMAGE
    rank = 2

    examples = (
        Example({}, input=(7, 7, 512), output=(512,), parameters=0, macs=0),
        Example({"keepdims": True}, input=(7, 7, 512), output=(1, 1, 512), parameters=0, macs=0),
        Example({"data_format": "channels_first"}, input=(512, 7, 7), output=(512,), parameters=0, macs=0),
        Example({}, input=(512,), breaks="C1", code="MS303"),
    )


class GlobalAveragePooling3D(_GlobalPool):
    """The mean of each channel over depth, height and width.

    C1  The input has four axes: depth, height, width and channels, or channels first with channels_first.
    C2  The output is the channels; with keepdims, depth, height and width remain as axes of 1.

    Source: keras.layers.GlobalAveragePooling3D.
    """

    takes = VOLUME
    rank = 3

    examples = (
        Example({}, input=(4, 7, 7, 512), output=(512,), parameters=0, macs=0),
        Example({"keepdims": True}, input=(4, 7, 7, 512), output=(1, 1, 1, 512), parameters=0, macs=0),
        Example({"data_format": "channels_first"}, input=(512, 4, 7, 7), output=(512,), parameters=0, macs=0),
        Example({}, input=(7, 7, 512), breaks="C1", code="MS303"),
    )


class GlobalMaxPooling3D(_GlobalPool):
    """The greatest element of each channel over depth, height and width.

    C1  The input has four axes: depth, height, width and channels, or channels first with channels_first.
    C2  The output is the channels; with keepdims, depth, height and width remain as axes of 1.

    Source: keras.layers.GlobalMaxPooling3D.
    """

    takes = VOLUME
    rank = 3

    examples = (
        Example({}, input=(4, 7, 7, 512), output=(512,), parameters=0, macs=0),
        Example({"keepdims": True}, input=(4, 7, 7, 512), output=(1, 1, 1, 512), parameters=0, macs=0),
        Example({"data_format": "channels_first"}, input=(512, 4, 7, 7), output=(512,), parameters=0, macs=0),
        Example({}, input=(7, 7, 512), breaks="C1", code="MS303"),
    )
