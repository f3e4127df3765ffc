"""keras.layers: images made to one size or one range of brightness."""

from collections.abc import Iterator
from typing import Annotated

from modelspec.catalogue.keras.arguments import (
    ActivityRegularizer,
    BoxFormat,
    DataFormat,
    FillValue,
    NonNegativeNumber,
    Seed,
    ValueRange,
)
from modelspec.catalogue.keras.samples import IMAGE
from modelspec.catalogue.keras.window import place_channels
from modelspec.kinds import Choice, Integer, ListOf
from modelspec.layer import Broken, Example, Layer, Size, no_macs, no_tensors, same_shape
from modelspec.shape import Shape


class _Image(Layer):
    """What makes an image of an image."""

    takes = IMAGE
    input_dtype = "float"

    data_format: DataFormat = None
    bounding_box_format: BoxFormat = None
    activity_regularizer: ActivityRegularizer = None

    list_tensors = no_tensors
    count_macs = no_macs


class _Sized(_Image):
    """What makes an image of a given size."""

    height: Size
    width: Size

    def output_shape(self, x: Shape) -> Shape:
        channels = x[0] if self.data_format == "channels_first" else x[-1]
        return place_channels(self.data_format, (self.height, self.width), channels)


class Resizing(_Sized):
    """An image of another size, by interpolation; cut or padded to the new proportions before, if that is said.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  Not both of crop_to_aspect_ratio and pad_to_aspect_ratio are true.
    C3  The output has the height and the width, and the channels of the input.

    Source: keras.layers.Resizing.
    """

    interpolation: Annotated[str, Choice("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")] = "bilinear"
    crop_to_aspect_ratio: bool = False
    pad_to_aspect_ratio: bool = False
    fill_mode: Annotated[str, Choice("constant")] = "constant"
    fill_value: FillValue = 0.0
    antialias: bool = False

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            message = "an image is either cut or padded to its new proportions"
            yield Broken("C2", message, "pad_to_aspect_ratio", "leave out one of the two")

    examples = (
        Example({"height": 4, "width": 5}, input=(8, 9, 3), output=(4, 5, 3), parameters=0, macs=0),
        Example(
            {"height": 16, "width": 12, "crop_to_aspect_ratio": True, "data_format": "channels_first"},
            input=(3, 8, 9),
            output=(3, 16, 12),
            parameters=0,
            macs=0,
        ),
        Example({"height": 4, "width": 5}, input=(8, 9), breaks="C1", code="MS303"),
        Example(
            {"height": 4, "width": 5, "crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True},
            input=(8, 9, 3),
            breaks="C2",
            code="MS305",
        ),
    )


class CenterCrop(_Sized):
    """The middle of an image; of one that is too small, the middle of the right proportions, resized.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  The output has the height and the width, and the channels of the input.

    Source: keras.layers.CenterCrop.
    """

    examples = (
        Example({"height": 4, "width": 5}, input=(8, 9, 3), output=(4, 5, 3), parameters=0, macs=0),
        Example(
            {"height": 16, "width": 12, "data_format": "channels_first"},
            input=(3, 8, 9),
            output=(3, 16, 12),
            parameters=0,
            macs=0,
        ),
        Example({"height": 4, "width": 5}, input=(8, 9), breaks="C1", code="MS303"),
    )


class RandomCrop(_Sized):
    """A part of an image, at a random place in training; of one that is too small, resized.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  The output has the height and the width, and the channels of the input.

    Source: keras.layers.RandomCrop.
    """

    seed: Seed = None

    examples = (
        Example({"height": 4, "width": 5}, input=(8, 9, 3), output=(4, 5, 3), parameters=0, macs=0),
        Example(
            {"height": 6, "width": 5, "data_format": "channels_first", "seed": 7},
            input=(3, 8, 9),
            output=(3, 6, 5),
            parameters=0,
            macs=0,
        ),
        Example({"height": 4, "width": 5}, input=(8, 9), breaks="C1", code="MS303"),
    )


class AutoContrast(_Image):
    """An image whose values are spread over all of their range.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.AutoContrast.
    """

    value_range: ValueRange = (0, 255)

    output_shape = same_shape

    examples = (
        Example({}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"value_range": [0, 1]}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
    )


class Equalization(_Image):
    """In training, an image with an even histogram, channel by channel; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.Equalization.
    """

    result = "view"

    value_range: ValueRange = (0, 255)
    bins: Size = 256

    output_shape = same_shape

    examples = (
        Example({}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"bins": 64, "value_range": [0, 1]}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
    )


class ContrastLimitedAdaptiveHistogramEqualization(_Image):
    """An image whose histogram is made even tile by tile, within a limit.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.ContrastLimitedAdaptiveHistogramEqualization.
    """

    value_range: ValueRange = (0, 255)
    clip_limit: NonNegativeNumber = 4.0
    tile_grid_size: Annotated[tuple[int, ...], ListOf(Integer(1), minimum=2, maximum=2)] = (8, 8)

    output_shape = same_shape

    examples = (
        Example({}, input=(16, 24, 3), output=(16, 24, 3), parameters=0, macs=0),
        Example({"clip_limit": 2, "tile_grid_size": [2, 3]}, input=(8, 9, 1), output=(8, 9, 1), parameters=0, macs=0),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
    )
