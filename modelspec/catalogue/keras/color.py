"""keras.layers: images with other colours in training."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from modelspec.catalogue.keras.arguments import (
    Factor,
    Fraction,
    OptionalFactor,
    OptionalSignedFactor,
    Seed,
    SignedFactor,
    ValueRange,
    one_or_two,
)
from modelspec.catalogue.keras.augmentation import _Augmentation
from modelspec.kinds import Integer
from modelspec.layer import Broken, Example
from modelspec.shape import Shape, differs, show_shape


class _Odd(Integer):
    """A size of a window that has a middle."""

    def __init__(self) -> None:
        super().__init__(1, words="an odd positive integer")

    def complete(self, value: Any) -> Any:
        if value.__class__ is int and value % 2 == 0:
            raise self.refuse(value, code="MS206")
        return super().complete(value)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        number = super().schema(expression)
        number["anyOf"][0]["not"] = {"multipleOf": 2}
        return number


class _Coloured(_Augmentation):
    """What looks at the colour of a place: red, green and blue."""

    def constrain(self, x: Shape) -> Iterator[Broken]:
        channels = 0 if self.data_format == "channels_first" else -1
        if differs(x[channels], 3):
            message = f"the colour of a place is red, green and blue, but {show_shape(x)} has {x[channels]} channels"
            yield Broken("C2", message, None, "give it images of three channels, or mind data_format", axis=channels)


class RandomBrightness(_Augmentation):
    """In training, adds a random share of the range of values; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandomBrightness.
    """

    factor: SignedFactor
    value_range: ValueRange = (0, 255)
    seed: Seed = None

    examples = (
        Example({"factor": 0.2}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"factor": [-0.1, 0.3], "value_range": [0, 1]}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({"factor": 0.2}, input=(8, 9), breaks="C1", code="MS303"),
    )


class RandomContrast(_Augmentation):
    """In training, scales the distances from the mean at random; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandomContrast.
    """

    factor: Factor
    value_range: ValueRange = (0, 255)
    seed: Seed = None

    examples = (
        Example({"factor": 0.2}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"factor": [0.1, 0.3]}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({"factor": 0.2}, input=(8, 9), breaks="C1", code="MS303"),
    )


class RandomHue(_Coloured):
    """In training, turns the hue of images at random; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  There are three channels.

    Source: keras.layers.RandomHue.
    """

    factor: Factor
    value_range: ValueRange = (0, 255)
    seed: Seed = None

    examples = (
        Example({"factor": 0.2}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"factor": [0.1, 0.3]}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({"factor": 0.2, "data_format": "channels_first"}, input=(3, 8, 9), output=(3, 8, 9)),
        Example({"factor": 0.2}, input=(8, 9), breaks="C1", code="MS303"),
        Example({"factor": 0.2}, input=(8, 9, 4), breaks="C2", code="MS305"),
    )


class RandomSaturation(_Coloured):
    """In training, changes the saturation of images at random; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  There are three channels.

    Source: keras.layers.RandomSaturation.
    """

    factor: SignedFactor
    value_range: ValueRange = (0, 255)
    seed: Seed = None

    examples = (
        Example({"factor": 0.2}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"factor": [0.1, 0.3]}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({"factor": 0.2}, input=(8, 9), breaks="C1", code="MS303"),
        Example({"factor": 0.2}, input=(8, 9, 4), breaks="C2", code="MS305"),
    )


class RandomColorDegeneration(_Coloured):
    """In training, mixes images with their grey selves at random; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  There are three channels.

    Source: keras.layers.RandomColorDegeneration.
    """

    factor: SignedFactor
    value_range: ValueRange = (0, 255)
    seed: Seed = None

    examples = (
        Example({"factor": 0.2}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"factor": [0.1, 0.3]}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({"factor": 0.2}, input=(8, 9), breaks="C1", code="MS303"),
        Example({"factor": 0.2}, input=(8, 9, 4), breaks="C2", code="MS305"),
    )


class RandomColorJitter(_Augmentation):
    """In training, changes brightness, contrast, saturation and hue at random; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandomColorJitter.
    """

    value_range: ValueRange = (0, 255)
    brightness_factor: OptionalSignedFactor = None
    contrast_factor: OptionalFactor = None
    saturation_factor: OptionalSignedFactor = None
    hue_factor: OptionalFactor = None
    seed: Seed = None

    examples = (
        Example({}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"brightness_factor": 0.2, "hue_factor": [0.1, 0.3]}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
    )


class RandomGrayscale(_Coloured):
    """In training, turns a share of the images grey; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  There are three channels.

    A grey image keeps its channels.

    Source: keras.layers.RandomGrayscale.
    """

    result_dtypes: ClassVar[Mapping[str, str]] = {}

    factor: Fraction = 0.5
    seed: Seed = None

    examples = (
        Example({}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"factor": 0.2}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
        Example({}, input=(8, 9, 4), breaks="C2", code="MS305"),
    )


class RandomInvert(_Augmentation):
    """In training, turns a share of the images into their negatives; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandomInvert.
    """

    factor: Factor = 1.0
    value_range: ValueRange = (0, 255)
    seed: Seed = None

    examples = (
        Example({}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"factor": 0.2}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
    )


class RandomPosterization(_Augmentation):
    """In training, keeps but a few bits of each value; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandomPosterization.
    """

    factor: Annotated[Any, one_or_two(Integer(1, 8))]
    value_range: ValueRange = (0, 255)
    seed: Seed = None

    examples = (
        Example({"factor": 4}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"factor": [2, 6]}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({"factor": 4}, input=(8, 9), breaks="C1", code="MS303"),
    )


class RandomSharpness(_Augmentation):
    """In training, blurs or sharpens images at random; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandomSharpness.
    """

    factor: Factor
    value_range: ValueRange = (0, 255)
    seed: Seed = None

    examples = (
        Example({"factor": 0.2}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"factor": [0.1, 0.3]}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({"factor": 0.2}, input=(8, 9), breaks="C1", code="MS303"),
    )


class RandomGaussianBlur(_Augmentation):
    """In training, blurs a share of the images; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.RandomGaussianBlur.
    """

    factor: Factor = 1.0
    kernel_size: Annotated[Any, one_or_two(_Odd())] = 3
    sigma: Factor = 1.0
    value_range: ValueRange = (0, 255)
    seed: Seed = None

    examples = (
        Example({}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"factor": 0.5, "kernel_size": [3, 5], "sigma": 0.4}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
    )


class Solarization(_Augmentation):
    """In training, inverts what is above a random threshold; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.Solarization.
    """

    addition_factor: Factor = 0.0
    threshold_factor: Factor = 0.0
    value_range: ValueRange = (0, 255)
    seed: Seed = None

    examples = (
        Example({}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"addition_factor": 0.2, "threshold_factor": [0.1, 0.3]}, input=(8, 9, 3), output=(8, 9, 3)),
        Example({}, input=(8, 9), breaks="C1", code="MS303"),
    )
