"""keras.layers: activations."""

from collections.abc import Iterator

from modelspec.catalogue.keras.arguments import (
    ActivationFunction,
    ActivityRegularizer,
    NonNegativeNumber,
    OptionalNumber,
)
from modelspec.layer import Broken, Example, Layer, no_macs, no_tensors, same_shape
from modelspec.shape import Shape


class _Elementwise(Layer):
    input_dtype = "float"
    list_tensors = no_tensors
    count_macs = no_macs

    output_shape = same_shape


class Activation(_Elementwise):
    """An activation function by its name: y = activation(x).

    C1  softmax, log_softmax and sparsemax go over the last axis, so the input has one.

    Source: keras.layers.Activation.
    """

    activation: ActivationFunction
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if not x and self.activation in ("softmax", "log_softmax", "sparsemax"):
            message = f"{self.activation} goes over the last axis, but [] arrives, which has none but the batch"
            yield Broken("C1", message, "activation", "give the input an axis", "MS309")

    examples = (
        Example({"activation": "relu"}, input=(28, 28, 16), output=(28, 28, 16), parameters=0, macs=0),
        Example({"activation": None}, input=(10,), output=(10,), parameters=0, macs=0),
        Example({"activation": "softmax"}, input=(), breaks="C1", code="MS309"),
    )


class ReLU(_Elementwise):
    """y = min(x, max_value) where x ≥ threshold, else negative_slope × (x − threshold).

    Source: keras.layers.ReLU.
    """

    max_value: OptionalNumber = None
    negative_slope: NonNegativeNumber = 0.0
    threshold: NonNegativeNumber = 0.0
    activity_regularizer: ActivityRegularizer = None

    examples = (
        Example({}, input=(28, 28, 16), output=(28, 28, 16), parameters=0, macs=0),
        Example({"max_value": 6}, input=(32,), output=(32,), parameters=0, macs=0),
    )
