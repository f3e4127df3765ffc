"""keras.layers: images moved, turned and bent in training."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from modelspec.catalogue.keras.arguments import (
    ActivityRegularizer,
    BoxFormat,
    DataFormat,
    Factor,
    FillMode,
    FillValue,
    Fraction,
    Sampling,
    Seed,
    SignedFactor,
    ValueRange,
    one_or_two,
)
from modelspec.catalogue.keras.samples import IMAGE
from modelspec.kinds import Choice, Number, Optional
from modelspec.layer import Example, Layer, no_macs, no_tensors, same_shape

_Zoom = Annotated[Any, one_or_two(Number(above=-1, maximum=1))]
_OptionalZoom = Annotated[Any, Optional(one_or_two(Number(above=-1, maximum=1)))]


class _Augmentation(Layer):
    """What changes images in training alone. In evaluation they pass, integers as floats."""

    takes = IMAGE
    result = "view"
    result_dtypes: ClassVar[Mapping[str, str]] = {"output": "float"}

    data_format: DataFormat = None
    bounding_box_format: BoxFormat = None
    activity_regularizer: ActivityRegularizer = None

    output_shape = same_shape

    list_tensors = no_tensors
    count_macs = no_macs


class RandomFlip(_Augmentation):
    """In training, mirrors images at random; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandomFlip.
    """

    mode: Annotated[str, Choice("horizontal_and_vertical", "horizontal", "vertical")] = "horizontal_and_vertical"
    seed: Seed = None

    examples = (
        Example({}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"mode": "horizontal", "seed": 7}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
    )


class RandomRotation(_Augmentation):
    """In training, turns images by a random share of a full turn; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandomRotation.
    """

    factor: SignedFactor
    fill_mode: FillMode = "reflect"
    interpolation: Sampling = "bilinear"
    seed: Seed = None
    fill_value: FillValue = 0.0

    examples = (
        Example({"factor": 0.2}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"factor": [-0.2, 0.3], "fill_mode": "constant"}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({"factor": 0.2}, input=(8, 9), breaks="C1", code="MS303"),
    )


class RandomTranslation(_Augmentation):
    """In training, moves images by a random share of their height and width; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandomTranslation.
    """

    height_factor: SignedFactor
    width_factor: SignedFactor
    fill_mode: FillMode = "reflect"
    interpolation: Sampling = "bilinear"
    seed: Seed = None
    fill_value: FillValue = 0.0

    examples = (
        Example({"height_factor": 0.2, "width_factor": 0.1}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example(
            {"height_factor": [-0.2, 0.3], "width_factor": 0, "interpolation": "nearest"},
            input=(8, 9, 3),
            output=(8, 9, 3),
        ),
        Example({"height_factor": 0.2, "width_factor": 0.1}, input=(8, 9), breaks="C1", code="MS303"),
    )


class RandomZoom(_Augmentation):
    """In training, zooms into images or out of them at random; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandomZoom.
    """

    height_factor: _Zoom
    width_factor: _OptionalZoom = None
    fill_mode: FillMode = "reflect"
    interpolation: Sampling = "bilinear"
    seed: Seed = None
    fill_value: FillValue = 0.0

    examples = (
        Example({"height_factor": 0.2}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"height_factor": [-0.2, -0.1], "width_factor": 0.3}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({"height_factor": 0.2}, input=(8, 9), breaks="C1", code="MS303"),
    )


class RandomShear(_Augmentation):
    """In training, shears images at random; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandomShear.
    """

    x_factor: Factor = 0.0
    y_factor: Factor = 0.0
    interpolation: Sampling = "bilinear"
    fill_mode: FillMode = "reflect"
    fill_value: FillValue = 0.0
    seed: Seed = None

    examples = (
        Example({"x_factor": 0.2}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"x_factor": [0.1, 0.3], "y_factor": 0.2}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({"x_factor": 0.2}, input=(8, 9), breaks="C1", code="MS303"),
    )


class RandomPerspective(_Augmentation):
    """In training, looks at images from a random side; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandomPerspective.
    """

    factor: Factor = 1.0
    scale: Fraction = 1.0
    interpolation: Sampling = "bilinear"
    fill_value: FillValue = 0.0
    seed: Seed = None

    examples = (
        Example({}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"factor": 0.5, "scale": 0.3}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
    )


class RandomElasticTransform(_Augmentation):
    """In training, moves the points of images by a smooth random field; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandomElasticTransform.
    """

    factor: Factor = 1.0
    scale: Factor = 1.0
    interpolation: Sampling = "bilinear"
    fill_mode: Annotated[str, Choice("reflect", "wrap", "constant", "nearest", "mirror")] = "reflect"
    fill_value: FillValue = 0.0
    value_range: ValueRange = (0, 255)
    seed: Seed = None

    examples = (
        Example({}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"factor": 0.5, "scale": [0.1, 0.3]}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
    )
