"""keras.layers: images mixed with others or with changed ones in training."""

from typing import Annotated

from modelspec.catalogue.keras.arguments import (
    Factor,
    OptionalNumber,
    Sampling,
    Seed,
    ValueRange,
)
from modelspec.catalogue.keras.augmentation import _Augmentation
from modelspec.kinds import Integer
from modelspec.layer import Example, Positive, Size


class AugMix(_Augmentation):
    """In training, mixes each image with several chains of changes of it; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.AugMix.
    """

    value_range: ValueRange = (0, 255)
    num_chains: Size = 3
    chain_depth: Size = 3
    factor: Factor = 0.3
    alpha: Positive = 1.0
    all_ops: bool = True
    interpolation: Sampling = "bilinear"
    seed: Seed = None

    examples = (
        Example({}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"num_chains": 2, "factor": 0.5, "all_ops": False}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
    )


class CutMix(_Augmentation):
    """In training, puts a part of one image into another; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.CutMix.
    """

    factor: Factor = 1.0
    seed: Seed = None

    examples = (
        Example({}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"factor": 0.5}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
    )


class MixUp(_Augmentation):
    """In training, blends two images; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.MixUp.
    """

    alpha: Positive = 0.2
    seed: Seed = None

    examples = (
        Example({}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"alpha": 0.5}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
    )


class RandAugment(_Augmentation):
    """In training, a few changes of each image, chosen at random; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandAugment.
    """

    value_range: ValueRange = (0, 255)
    num_ops: Size = 2
    factor: Factor = 0.5
    interpolation: Sampling = "bilinear"
    seed: Seed = None

    examples = (
        Example({}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"num_ops": 3, "factor": 0.2}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
    )


class RandomErasing(_Augmentation):
    """In training, overwrites a random part of the images; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandomErasing.
    """

    factor: Factor = 1.0
    scale: Factor = (0.02, 0.33)
    fill_value: OptionalNumber = None
    value_range: ValueRange = (0, 255)
    seed: Seed = None

    examples = (
        Example({}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"factor": 0.5, "fill_value": 0}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
    )


class MaxNumBoundingBoxes(_Augmentation):
    """Pads or cuts the bounding boxes that go with images, which pass as they are.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.MaxNumBoundingBoxes.
    """

    max_number: Size
    fill_value: Annotated[int, Integer()] = -1

    examples = (
        Example({"max_number": 3}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"max_number": 3, "fill_value": 0}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({"max_number": 3}, input=(8, 9), breaks="C1", code="MS303"),
    )
