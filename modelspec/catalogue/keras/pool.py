"""keras.layers: pooling."""

from collections.abc import Iterator
from typing import ClassVar

from modelspec.catalogue.keras.arguments import ActivityRegularizer, DataFormat, Padding
from modelspec.catalogue.keras.samples import IMAGE, STEPS, VOLUME
from modelspec.catalogue.keras.window import check_windows, derive_sizes, first_spatial_axis, place_channels, slide
from modelspec.layer import (
    Broken,
    Example,
    Layer,
    OptionalSizePerAxis,
    SizePerAxis,
    no_macs,
    no_tensors,
)
from modelspec.shape import Shape


class _Pool(Layer):
    input_dtype = "float"
    rank: ClassVar[int]
    spatial: ClassVar[tuple[str, ...]]

    pool_size: SizePerAxis
    strides: OptionalSizePerAxis = None
    padding: Padding = "valid"
    data_format: DataFormat = None
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if self.padding == "valid":
            first = first_spatial_axis(self.data_format)
            sizes = x[first : first + self.rank]
            yield from check_windows("C2", "pool_size", self.spatial, sizes, self.pool_size, (1,) * self.rank, first)

    def output_shape(self, x: Shape) -> Shape:
        first = first_spatial_axis(self.data_format)
        strides = self.strides if self.strides is not None else self.pool_size
        spatial = tuple(
            [
                slide(size, window, stride, self.padding)
                for size, window, stride in zip(x[first : first + self.rank], self.pool_size, strides, strict=True)
            ]
        )
        return place_channels(self.data_format, spatial, x[0] if first else x[-1])

    list_tensors = no_tensors
    count_macs = no_macs

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        first = first_spatial_axis(self.data_format)
        strides = "strides" if self.strides is not None else "pool_size"
        return derive_sizes(self.spatial, "pool_size", strides, self.padding, (1,) * self.rank, first)


class MaxPooling1D(_Pool):
    """The greatest element in each window over the steps, feature by feature.

    C1  The input has two axes: steps and features, or the other way round with channels_first.
    C2  With padding valid, pool_size is at most the number of steps.
    C3  The output has floor((steps − pool_size) / strides) + 1 steps; with padding same, ceil(steps / strides).

    strides is by default pool_size.

    Source: keras.layers.MaxPooling1D.
    """

    takes = STEPS
    rank = 1
    spatial = ("steps",)
    pool_size = (2,)

    examples = (
        Example({}, input=(10, 4), output=(5, 4), parameters=0, macs=0),
        Example({"pool_size": 2, "strides": 2, "padding": "same"}, input=(7, 3), output=(4, 3), parameters=0, macs=0),
        Example({"pool_size": 3, "data_format": "channels_first"}, input=(4, 10), output=(4, 3), parameters=0, macs=0),
        Example({}, input=(10, 4, 3), breaks="C1", code="MS303"),
        Example({"pool_size": 11}, input=(10, 4), breaks="C2", code="MS306"),
    )


class MaxPooling2D(_Pool):
    """The greatest element in each window over height and width, channel by channel.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  With padding valid, pool_size is at most height and width.
    C3  The output has, for height and width, floor((size − pool_size) / strides) + 1; with padding same,
        ceil(size / strides).

    strides is by default pool_size.

    Source: keras.layers.MaxPooling2D.
    """

    takes = IMAGE
    rank = 2
    spatial = ("height", "width")
    pool_size = (2, 2)

    examples = (
        Example({}, input=(28, 28, 16), output=(14, 14, 16), parameters=0, macs=0),
        Example({"pool_size": [3, 2], "strides": 2}, input=(7, 7, 3), output=(3, 3, 3), parameters=0, macs=0),
        Example({"strides": 2, "padding": "same"}, input=(7, 7, 3), output=(4, 4, 3), parameters=0, macs=0),
        Example({"data_format": "channels_first"}, input=(16, 28, 28), output=(16, 14, 14), parameters=0, macs=0),
        Example({}, input=(28, 28), breaks="C1", code="MS303"),
        Example({"pool_size": [2, 5]}, input=(8, 4, 3), breaks="C2", code="MS306"),
    )


class MaxPooling3D(_Pool):
    """The greatest element in each window over depth, height and width, channel by channel.

    C1  The input has four axes: depth, height, width and channels, or channels first with channels_first.
    C2  With padding valid, pool_size is at most depth, height and width.
    C3  The output has, for depth, height and width, floor((size − pool_size) / strides) + 1; with padding same,
        ceil(size / strides).

    strides is by default pool_size.

    Source: keras.layers.MaxPooling3D.
    """

    takes = VOLUME
    rank = 3
    spatial = ("depth", "height", "width")
    pool_size = (2, 2, 2)

    examples = (
        Example({}, input=(6, 8, 9, 2), output=(3, 4, 4, 2), parameters=0, macs=0),
        Example(
            {"pool_size": [1, 2, 3], "strides": 1, "data_format": "channels_first"},
            input=(2, 6, 8, 9),
            output=(2, 6, 7, 7),
        ),
        Example({}, input=(8, 8, 3), breaks="C1", code="MS303"),
        Example({"pool_size": [2, 2, 5]}, input=(8, 8, 4, 3), breaks="C2", code="MS306"),
    )


class AveragePooling1D(_Pool):
    """The mean of each window over the steps, feature by feature.

    C1  The input has two axes: steps and features, or the other way round with channels_first.
    C2  With padding valid, pool_size is at most the number of steps.
    C3  The output has floor((steps − pool_size) / strides) + 1 steps; with padding same, ceil(steps / strides).

    strides is by default pool_size.

    Source: keras.layers.AveragePooling1D.
    """

    takes = STEPS
    rank = 1
    spatial = ("steps",)

    examples = (
        Example({"pool_size": 2}, input=(10, 4), output=(5, 4), parameters=0, macs=0),
        Example({"pool_size": 2, "strides": 2, "padding": "same"}, input=(7, 3), output=(4, 3), parameters=0, macs=0),
        Example({"pool_size": 3, "data_format": "channels_first"}, input=(4, 10), output=(4, 3), parameters=0, macs=0),
        Example({"pool_size": 2}, input=(10, 4, 3), breaks="C1", code="MS303"),
        Example({"pool_size": 11}, input=(10, 4), breaks="C2", code="MS306"),
    )


class AveragePooling2D(_Pool):
    """The mean of each window over height and width, channel by channel.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  With padding valid, pool_size is at most height and width.
    C3  The output has, for height and width, floor((size − pool_size) / strides) + 1; with padding same,
        ceil(size / strides).

    strides is by default pool_size.

    Source: keras.layers.AveragePooling2D.
    """

    takes = IMAGE
    rank = 2
    spatial = ("height", "width")

    examples = (
        Example({"pool_size": 2}, input=(28, 28, 16), output=(14, 14, 16), parameters=0, macs=0),
        Example({"pool_size": [3, 2], "strides": 2}, input=(7, 7, 3), output=(3, 3, 3), parameters=0, macs=0),
        Example({"pool_size": 2, "data_format": "channels_first"}, input=(16, 28, 28), output=(16, 14, 14)),
        Example({"pool_size": 2}, input=(28, 28), breaks="C1", code="MS303"),
        Example({"pool_size": [2, 5]}, input=(8, 4, 3), breaks="C2", code="MS306"),
    )


class AveragePooling3D(_Pool):
    """The mean of each window over depth, height and width, channel by channel.

    C1  The input has four axes: depth, height, width and channels, or channels first with channels_first.
    C2  With padding valid, pool_size is at most depth, height and width.
    C3  The output has, for depth, height and width, floor((size − pool_size) / strides) + 1; with padding same,
        ceil(size / strides).

    strides is by default pool_size.

    Source: keras.layers.AveragePooling3D.
    """

    takes = VOLUME
    rank = 3
    spatial = ("depth", "height", "width")

    examples = (
        Example({"pool_size": 2}, input=(6, 8, 9, 2), output=(3, 4, 4, 2), parameters=0, macs=0),
        Example(
            {"pool_size": [1, 2, 3], "strides": 2, "padding": "same", "data_format": "channels_first"},
            input=(2, 6, 8, 9),
            output=(2, 3, 4, 5),
        ),
        Example({"pool_size": 2}, input=(8, 8, 3), breaks="C1", code="MS303"),
        Example({"pool_size": [2, 2, 5]}, input=(8, 8, 4, 3), breaks="C2", code="MS306"),
    )
