"""The gates of the recurrent layers of keras.layers and of their cells: the products of the input and of the state."""

from collections.abc import Iterator
from typing import Any, ClassVar

from modelspec.catalogue.keras.arguments import (
    ActivationFunction,
    ActivityRegularizer,
    Fraction,
    MatrixInitializer,
    Regularizer,
    Seed,
    VectorInitializer,
    VectorRegularizer,
    WeightConstraint,
)
from modelspec.layer import Axis, Broken, Layer, Size, Tensor, axes, built


class _Gates(Layer):
    """What one step is made of: `gates` products of the input, as many of the state."""

    input_dtype = "float"
    gates: ClassVar[int]
    states: ClassVar[tuple[str, ...]] = ("state_h",)

    features: Size = built(axis=-1)
    units: Size
    activation: ActivationFunction = "tanh"
    use_bias: bool = True
    kernel_initializer: MatrixInitializer = "glorot_uniform"
    recurrent_initializer: MatrixInitializer = "orthogonal"
    bias_initializer: VectorInitializer = "zeros"
    kernel_regularizer: Regularizer = None
    recurrent_regularizer: Regularizer = None
    bias_regularizer: VectorRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: WeightConstraint = None
    recurrent_constraint: WeightConstraint = None
    bias_constraint: WeightConstraint = None
    dropout: Fraction = 0.0
    recurrent_dropout: Fraction = 0.0
    seed: Seed = None

    def _gates_axis(self) -> Axis:
        return Axis(f"{self.gates} × units", self.gates * self.units) if self.gates != 1 else Axis("units", self.units)

    def biases(self) -> int:
        """How many bias vectors each gate has."""
        return 1

    def list_tensors(self) -> Iterator[Tensor]:
        yield Tensor("kernel", (*axes(features=self.features), self._gates_axis()))
        yield Tensor("recurrent_kernel", (*axes(units=self.units), self._gates_axis()))
        if self.use_bias:
            rows = (Axis("input and state", self.biases()),) if self.biases() != 1 else ()
            yield Tensor("bias", (*rows, self._gates_axis()))

    def parameters_by_hand(self) -> str:
        bias = f"{self.biases()} * units" if self.biases() != 1 else "units"
        gate = f"units * (units + features) + {bias}" if self.use_bias else "units * (units + features)"
        return f"{self.gates} * ({gate})" if self.gates != 1 else gate

    def macs_of_step(self) -> str:
        """The MACs of one step by hand."""
        gates = f"{self.gates} * " if self.gates != 1 else ""
        return f"{gates}units * (features + units)"

    def conventions(self) -> Iterator[str]:
        if self.use_bias:
            number = "two bias vectors" if self.biases() != 1 else "one bias vector"
            yield f"{self.type_name()} (Keras): {number} for each gate"


def check_forget_bias(number: str, layer: Any) -> Iterator[Broken]:
    """An LSTM's `unit_forget_bias` lets the bias of the forget gate begin with ones: it completes an initializer."""
    if layer.bias_initializer is None and layer.unit_forget_bias and layer.use_bias:
        message = "bias_initializer is null, but unit_forget_bias needs one to complete"
        yield Broken(number, message, "bias_initializer", "write zeros, or unit_forget_bias: false")
