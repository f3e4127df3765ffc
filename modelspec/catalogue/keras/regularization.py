"""keras.layers: regularization."""

from collections.abc import Iterator
from typing import Annotated

from modelspec.catalogue.keras.arguments import ActivityRegularizer, Fraction, Seed
from modelspec.kinds import Integer, ListOf, Optional
from modelspec.layer import Broken, Example, Layer, no_macs, no_tensors, same_shape
from modelspec.shape import Shape, differs, show_dim, show_shape

_NoiseShape = Annotated[tuple[int | None, ...] | None, Optional(ListOf(Optional(Integer(1))))]


class Dropout(Layer):
    """In training, zeroes a share `rate` of the elements and scales the others up; the identity in evaluation.

    C1  noise_shape, which leaves the batch out, has an entry for each axis: 1, null, or the size of the axis.

    Source: keras.layers.Dropout.
    """

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

    examples = (
        Example({"rate": 0.5}, input=(128,), output=(128,), parameters=0, macs=0),
        Example(
            {"rate": 0.2, "noise_shape": [1, None], "seed": 7}, input=(10, 64), output=(10, 64), parameters=0, macs=0
        ),
        Example({"rate": 0.2, "noise_shape": [2, 64]}, input=(10, 64), breaks="C1", code="MS305"),
    )
