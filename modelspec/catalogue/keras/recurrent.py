"""keras.layers: recurrent layers."""

from collections.abc import Iterator

from modelspec.catalogue.keras.arguments import (
    ActivationFunction,
    MatrixInitializer,
    UseCudnn,
    check_initializer,
)
from modelspec.catalogue.keras.gates import _Gates, check_forget_bias
from modelspec.layer import Broken, Example, Takes
from modelspec.shape import UNKNOWN, Count, Shape


class _Recurrent(_Gates):
    """A layer that goes over the steps one after the other."""

    takes = Takes("C1", ("steps", "features"))

    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False
    stateful: bool = False
    unroll: bool = False
    zero_output_for_mask: bool = False

    def mend_missing_axis(self) -> str | None:
        return None if self.return_sequences else "write return_sequences: true"

    def output_shape(self, x: Shape) -> Shape:
        return (x[0], self.units) if self.return_sequences else (self.units,)

    def outputs(self, x: Shape) -> dict[str, Shape]:
        states = dict.fromkeys(self.states, (self.units,)) if self.return_state else {}
        return {"output": self.output_shape(x), **states}

    def count_macs(self, x: Shape, y: Shape) -> Count:
        return x[0] * self.gates * self.units * (self.features + self.units)

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        return f"input[0] * {self.macs_of_step()}"


class SimpleRNN(_Recurrent):
    """Fully connected recurrence: h = activation(x W + h U + b) at each step.

    C1  The input has two axes: steps and features.
    C2  The output is the last h, [units]; with return_sequences that of every step, [steps, units].

    Source: keras.layers.SimpleRNN.
    """

    gates = 1

    examples = (
        Example({"units": 20}, input=(7, 10), output=(20,), parameters=620, macs=4_200),
        Example(
            {"units": 20, "return_sequences": True, "use_bias": False},
            input=(7, 10),
            output=(7, 20),
            parameters=600,
            macs=4_200,
        ),
        Example({"units": 20}, input=(10,), breaks="C1", code="MS303"),
    )


class _Gated(_Recurrent):
    recurrent_activation: ActivationFunction = "sigmoid"
    use_cudnn: UseCudnn = "auto"

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if self.use_cudnn is True and self.recurrent_dropout:
            message = "use_cudnn: true and recurrent_dropout do not go together: cuDNN has none"
            yield Broken("C4", message, "use_cudnn", "write use_cudnn: auto, or leave out recurrent_dropout")


class LSTM(_Gated):
    """Long short-term memory: input, forget and output gates over a cell state.

    C1  The input has two axes: steps and features.
    C2  The output is the last h, [units]; with return_sequences that of every step, [steps, units].
    C3  With unit_forget_bias, which completes the bias's own initializer, that is not null.
    C4  use_cudnn: true and recurrent_dropout do not go together.

    Each of the four products has one bias. return_state gives state_h and state_c too, [units] each.

    Source: keras.layers.LSTM.
    """

    gates = 4
    states = ("state_h", "state_c")

    unit_forget_bias: bool = True

    def constrain(self, x: Shape) -> Iterator[Broken]:
        yield from super().constrain(x)
        yield from check_forget_bias("C3", self)

    examples = (
        Example({"units": 2}, input=(UNKNOWN, 3), output=(2,), parameters=48),
        Example({"units": 50}, input=(UNKNOWN, 10), output=(50,), parameters=12_200),
        Example({"units": 20}, input=(7, 10), output=(20,), parameters=2_480, macs=16_800),
        Example(
            {"units": 250, "return_sequences": True, "return_state": True},
            input=(3, 500),
            output=(3, 250),
            parameters=751_000,
            macs=2_250_000,
        ),
        Example({"units": 20, "use_bias": False}, input=(7, 10), output=(20,), parameters=2_400, macs=16_800),
        Example({"units": 20}, input=(7, 7, 10), breaks="C1", code="MS303"),
        Example({"units": 20, "bias_initializer": None}, input=(7, 10), breaks="C3", code="MS305"),
        Example({"units": 20, "use_cudnn": True, "recurrent_dropout": 0.2}, input=(7, 10), breaks="C4", code="MS305"),
    )


class GRU(_Gated):
    """Gated recurrent unit: update and reset gates over the state.

    C1  The input has two axes: steps and features.
    C2  The output is the last h, [units]; with return_sequences that of every step, [steps, units].
    C3  The initializer of the bias fits its axes: with reset_after there are two, otherwise one.
    C4  use_cudnn: true and recurrent_dropout do not go together.

    With reset_after each of the three products has two biases, one of the input and one of the state, otherwise one.
    return_state gives state_h too, [units].

    Source: keras.layers.GRU.
    """

    gates = 3

    bias_initializer: MatrixInitializer = "zeros"
    reset_after: bool = True

    def constrain(self, x: Shape) -> Iterator[Broken]:
        yield from super().constrain(x)
        if self.use_bias:
            yield from check_initializer("C3", self.bias_initializer, "bias_initializer", self.biases())

    def biases(self) -> int:
        """How many bias vectors each gate has: one of the input, and with `reset_after` one of the state."""
        return 2 if self.reset_after else 1

    examples = (
        Example({"units": 20}, input=(7, 10), output=(20,), parameters=1_920, macs=12_600),
        Example({"units": 20, "reset_after": False}, input=(7, 10), output=(20,), parameters=1_860, macs=12_600),
        Example(
            {"units": 5, "reset_after": False, "return_sequences": True},
            input=(UNKNOWN, 8),
            parameters=210,
        ),
        Example({"units": 20}, input=(10,), breaks="C1", code="MS303"),
        Example(
            {"units": 20, "reset_after": False, "bias_initializer": "orthogonal"},
            input=(7, 10),
            breaks="C3",
            code="MS305",
        ),
        Example({"units": 20, "use_cudnn": True, "recurrent_dropout": 0.2}, input=(7, 10), breaks="C4", code="MS305"),
    )
