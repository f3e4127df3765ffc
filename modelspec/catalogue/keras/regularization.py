"""keras.layers: regularization."""

from collections.abc import Iterator
from typing import Annotated

from modelspec.catalogue.keras.arguments import ActivityRegularizer, DataFormat, Fraction, NonNegativeNumber, Seed
from modelspec.kinds import Integer, ListOf, Optional
from modelspec.layer import Broken, Example, Layer, Takes, no_macs, no_tensors, same_shape
from modelspec.shape import Shape, differs, show_dim, show_shape

_NoiseShape = Annotated[tuple[int | None, ...] | None, Optional(ListOf(Optional(Integer(1))))]


class _Masked(Layer):
    """What zeroes elements by a mask, the shape of which may be given."""

    result = "view"

    rate: Fraction
    noise_shape: _NoiseShape = None
    seed: Seed = None
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        noise = self.noise_shape
        if noise is None:
            return
        if len(noise) != len(x):
            message = f"the length of noise_shape is {len(noise)}, but {show_shape(x)} arrives, with {len(x)}"
            hint = "give one for each axis of a sample; the batch is left out"
            yield Broken("C1", message, "noise_shape", hint)
            return
        for axis, (size, arriving) in enumerate(zip(noise, x, strict=True)):
            if size is not None and differs(size, 1) and differs(size, arriving):
                message = f"noise_shape[{axis}] is {size}, but that axis of {show_shape(x)} is {show_dim(arriving)}"
                yield Broken("C1", message, "noise_shape", f"write 1, null, or {show_dim(arriving)}", axis=axis)

    output_shape = same_shape

    list_tensors = no_tensors
    count_macs = no_macs


class Dropout(_Masked):
    """In training, zeroes a share `rate` of the elements and scales the others up; the identity in evaluation.

    C1  noise_shape, which leaves the batch out, has an entry for each axis: 1, null, or the size of the axis.

    Source: keras.layers.Dropout.
    """

    examples = (
        Example({"rate": 0.5}, input=(128,), output=(128,), parameters=0, macs=0),
        Example(
            {"rate": 0.2, "noise_shape": [1, None], "seed": 7}, input=(10, 64), output=(10, 64), parameters=0, macs=0
        ),
        Example({"rate": 0.2, "noise_shape": [2, 64]}, input=(10, 64), breaks="C1", code="MS305"),
        Example({"rate": 0.2, "noise_shape": [1]}, input=(10, 64), breaks="C1", code="MS305"),
    )


class AlphaDropout(_Masked):
    """In training, sets a share `rate` of the elements to the least that a SELU gives; the identity in evaluation.

    C1  noise_shape, which leaves the batch out, has an entry for each axis: 1, null, or the size of the axis.

    Source: keras.layers.AlphaDropout.
    """

    examples = (
        Example({"rate": 0.5}, input=(128,), output=(128,), parameters=0, macs=0),
        Example(
            {"rate": 0.2, "noise_shape": [1, None], "seed": 7}, input=(10, 64), output=(10, 64), parameters=0, macs=0
        ),
        Example({"rate": 0.2, "noise_shape": [2, 64]}, input=(10, 64), breaks="C1", code="MS305"),
        Example({"rate": 0.2, "noise_shape": [1]}, input=(10, 64), breaks="C1", code="MS305"),
    )


class _Identity(Layer):
    """What does something in training alone."""

    result = "view"

    output_shape = same_shape

    list_tensors = no_tensors
    count_macs = no_macs


class SpatialDropout1D(_Identity):
    """In training, zeroes a share `rate` of the features, over all steps; the identity in evaluation.

    C1  The input has two axes: steps and features.

    Source: keras.layers.SpatialDropout1D.
    """

    takes = Takes("C1", ("steps", "features"))

    rate: Fraction
    seed: Seed = None

    examples = (
        Example({"rate": 0.5}, input=(10, 64), output=(10, 64), parameters=0, macs=0),
        Example({"rate": 0.5}, input=(64,), breaks="C1", code="MS303"),
    )


class SpatialDropout2D(_Identity):
    """In training, zeroes a share `rate` of the channels, over the whole image; the identity in evaluation.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.

    Source: keras.layers.SpatialDropout2D.
    """

    takes = Takes("C1", ("height", "width", "channels"), ("channels", "height", "width"))

    rate: Fraction
    data_format: DataFormat = None
    seed: Seed = None

    examples = (
        Example({"rate": 0.5}, input=(8, 8, 3), output=(8, 8, 3), parameters=0, macs=0),
        Example({"rate": 0, "data_format": "channels_first", "seed": 7}, input=(3, 8, 8), output=(3, 8, 8)),
        Example({"rate": 0.5}, input=(8, 8), breaks="C1", code="MS303"),
    )


class SpatialDropout3D(_Identity):
    """In training, zeroes a share `rate` of the channels, over the whole volume; the identity in evaluation.

    C1  The input has four axes: depth, height, width and channels, or channels first with channels_first.

    Source: keras.layers.SpatialDropout3D.
    """

    takes = Takes("C1", ("depth", "height", "width", "channels"), ("channels", "depth", "height", "width"))

    rate: Fraction
    data_format: DataFormat = None
    seed: Seed = None

    examples = (
        Example({"rate": 0.5}, input=(4, 8, 8, 3), output=(4, 8, 8, 3), parameters=0, macs=0),
        Example({"rate": 0, "data_format": "channels_first", "seed": 7}, input=(3, 4, 8, 8), output=(3, 4, 8, 8)),
        Example({"rate": 0.5}, input=(8, 8, 3), breaks="C1", code="MS303"),
    )


class GaussianNoise(_Identity):
    """In training, adds noise of mean 0 and deviation stddev; the identity in evaluation.

    Source: keras.layers.GaussianNoise.
    """

    stddev: Fraction
    seed: Seed = None
    activity_regularizer: ActivityRegularizer = None

    examples = (
        Example({"stddev": 0.1}, input=(28, 28, 1), output=(28, 28, 1), parameters=0, macs=0),
        Example({"stddev": 1, "seed": 7}, input=(32,), output=(32,), parameters=0, macs=0),
    )


class GaussianDropout(_Identity):
    """In training, multiplies by noise of mean 1 and variance rate / (1 − rate); the identity in evaluation.

    Source: keras.layers.GaussianDropout.
    """

    rate: Fraction
    seed: Seed = None
    activity_regularizer: ActivityRegularizer = None

    examples = (
        Example({"rate": 0.5}, input=(28, 28, 1), output=(28, 28, 1), parameters=0, macs=0),
        Example({"rate": 0.2, "seed": 7}, input=(32,), output=(32,), parameters=0, macs=0),
    )


class ActivityRegularization(_Identity):
    """Adds to the loss l1 times the sum of what passes, and l2 times that of its squares; else the identity.

    Source: keras.layers.ActivityRegularization.
    """

    l1: NonNegativeNumber = 0.0
    l2: NonNegativeNumber = 0.0

    examples = (
        Example({"l1": 0.01}, input=(32,), output=(32,), parameters=0, macs=0),
        Example({"l1": 0.01, "l2": 0.1}, input=(8, 8, 3), output=(8, 8, 3), parameters=0, macs=0),
    )
