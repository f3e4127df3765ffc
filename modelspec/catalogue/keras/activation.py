"""keras.layers: activations."""

from collections.abc import Iterator
from typing import Annotated

from modelspec.catalogue.keras.arguments import (
    ActivationFunction,
    ActivityRegularizer,
    Axes,
    MatrixInitializer,
    NonNegativeNumber,
    OptionalAxes,
    OptionalNumber,
    VectorRegularizer,
    WeightConstraint,
    check_initializer,
)
from modelspec.catalogue.keras.numbering import check_axes, check_axis
from modelspec.kinds import Number
from modelspec.layer import Axis, Broken, Example, Layer, Sizes, Tensor, built, no_macs, no_tensors, same_shape
from modelspec.shape import UNKNOWN, Shape


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
        Example({"activation": "softmax"}, input=(10,), output=(10,), parameters=0, macs=0),
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


class LeakyReLU(_Elementwise):
    """x where it is positive, negative_slope × x elsewhere.

    Source: keras.layers.LeakyReLU.
    """

    negative_slope: NonNegativeNumber = 0.3
    activity_regularizer: ActivityRegularizer = None

    examples = (
        Example({}, input=(28, 28, 16), output=(28, 28, 16), parameters=0, macs=0),
        Example({"negative_slope": 0.01}, input=(32,), output=(32,), parameters=0, macs=0),
    )


class ELU(_Elementwise):
    """x where it is positive, alpha × (exp(x) − 1) elsewhere.

    Source: keras.layers.ELU.
    """

    alpha: Annotated[float, Number()] = 1.0
    activity_regularizer: ActivityRegularizer = None

    examples = (
        Example({}, input=(28, 28, 16), output=(28, 28, 16), parameters=0, macs=0),
        Example({"alpha": 0.5}, input=(32,), output=(32,), parameters=0, macs=0),
    )


class Softmax(_Elementwise):
    """exp(x), divided by its sum along one axis, or over several.

    C1  Each number in axis, in which 0 is the batch, is an axis of the sample.
    C2  The axes in axis are different ones.

    Source: keras.layers.Softmax.
    """

    axis: Axes = (-1,)
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        yield from check_axes("C1", "C2", self.axis, x, "which a softmax would mix")

    examples = (
        Example({}, input=(10,), output=(10,), parameters=0, macs=0),
        Example({"axis": [1, 2]}, input=(8, 8, 3), output=(8, 8, 3), parameters=0, macs=0),
        Example({"axis": 0}, input=(10,), breaks="C1", code="MS309"),
        Example({"axis": 2}, input=(10,), breaks="C1", code="MS309"),
        Example({}, input=(), breaks="C1", code="MS309"),
        Example({"axis": [1, -1]}, input=(10,), breaks="C2", code="MS305"),
    )


class PReLU(_Elementwise):
    """x where it is positive, alpha × x elsewhere; alpha is learned, for each element of a sample.

    C1  Each number in shared_axes, in which 0 is the batch, is an axis of the sample, counted from 1.
    C2  alpha_initializer fits the axes of alpha, which are as many as the sample's.

    Along the axes in shared_axes one alpha is for all: [1, 2] makes one for each channel of an image.

    Source: keras.layers.PReLU.
    """

    alpha_shape: Sizes = built(take=lambda layer, x: layer.shape_alpha(x))
    alpha_initializer: MatrixInitializer = "Zeros"
    alpha_regularizer: VectorRegularizer = None
    alpha_constraint: WeightConstraint = None
    shared_axes: OptionalAxes = None
    activity_regularizer: ActivityRegularizer = None

    def shape_alpha(self, x: Shape) -> Shape:
        """The sample's shape, with 1 for the shared axes."""
        shared = self.shared_axes or ()
        return tuple([1 if at in shared else size for at, size in enumerate(x, 1)])

    def constrain(self, x: Shape) -> Iterator[Broken]:
        for axis in self.shared_axes or ():
            yield from check_axis("C1", "shared_axes", axis, x, "which has no alpha", from_end=False)
        yield from check_initializer("C2", self.alpha_initializer, "alpha_initializer", len(x))

    def list_tensors(self) -> Iterator[Tensor]:
        yield Tensor("alpha", tuple([Axis(f"alpha_shape[{at}]", size) for at, size in enumerate(self.alpha_shape)]))

    def parameters_by_hand(self) -> str:
        return " * ".join(f"alpha_shape[{at}]" for at in range(len(self.alpha_shape))) or "1"

    examples = (
        Example({}, input=(28, 28, 16), output=(28, 28, 16), parameters=12_544, macs=0),
        Example({"shared_axes": [1, 2]}, input=(28, 28, 16), output=(28, 28, 16), parameters=16, macs=0),
        Example({"shared_axes": [1, 2]}, input=(UNKNOWN, UNKNOWN, 16), parameters=16, macs=0),
        Example({"shared_axes": 1}, input=(32,), output=(32,), parameters=1, macs=0),
        Example({"shared_axes": [0]}, input=(28, 28, 16), breaks="C1", code="MS309"),
        Example({"shared_axes": [4]}, input=(28, 28, 16), breaks="C1", code="MS309"),
        Example({"alpha_initializer": "identity"}, input=(28, 28, 16), breaks="C2", code="MS305"),
    )
