"""keras.layers: recurrent cells, one step each, and the layer that takes one over all steps."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from modelspec.catalogue.keras.arguments import (
    ActivationFunction,
    ActivityRegularizer,
    MatrixInitializer,
    check_initializer,
)
from modelspec.catalogue.keras.gates import _Gates, check_forget_bias
from modelspec.catalogue.keras.pairing import name_inside
from modelspec.layer import Broken, Example, Layer, Takes, Tensor, Wrapped, wrapped
from modelspec.shape import UNKNOWN, Count, Shape, differs, show_dim, show_shape

if TYPE_CHECKING:
    from modelspec.fitting import Fitted


class _Cell(_Gates):
    """One step: what arrives, and the state before it."""

    takes = (Takes("C1", ("features",)), Takes("C1", ("units",)))
    input_names: ClassVar[tuple[str, ...]] = ("inputs", "state_h")
    arity: ClassVar[tuple[int, int | None]] = (2, 2)

    @classmethod
    def list_states(cls, arguments: Mapping[str, Any]) -> tuple[Shape, ...]:
        """The shapes of its states, from its arguments as written."""
        return ((arguments["units"],),) * len(cls.states)

    def constrain(self, x: Shape, *states: Shape) -> Iterator[Broken]:
        for number, (size,) in enumerate(states, 1):
            if differs(size, self.units):
                message = f"{self.input_name_at(number)} is {show_shape((size,))}, but units is {show_dim(self.units)}"
                yield Broken("C2", message, "units", "a state is as long as units", axis=0, input=number)

    def output_shape(self, *shapes: Shape) -> Shape:
        return (self.units,)

    def outputs(self, *shapes: Shape) -> dict[str, Shape]:
        return dict.fromkeys(("output", *self.states), (self.units,))

    def count_macs(self, *shapes: Shape) -> Count:
        return self.gates * self.units * (self.features + self.units)

    def macs_by_hand(self, *shapes: Shape) -> str:
        return self.macs_of_step()


class SimpleRNNCell(_Cell):
    """One step of a SimpleRNN: h = activation(x W + h U + b).

    C1  There are two inputs: what arrives, [features], and the state before, [units].
    C2  The state is as long as units.
    C3  The outputs are the new h, and once more as the state, [units] each.

    Source: keras.layers.SimpleRNNCell.
    """

    gates = 1

    examples = (
        Example({"units": 20}, inputs=((10,), (20,)), output=(20,), parameters=620, macs=600),
        Example({"units": 4, "use_bias": False}, inputs=((3,), (4,)), output=(4,), parameters=28, macs=28),
        Example({"units": 20}, inputs=((7, 10), (20,)), breaks="C1", code="MS303"),
        Example({"units": 20}, inputs=((10,), (10,)), breaks="C2", code="MS305"),
    )


class LSTMCell(_Cell):
    """One step of an LSTM: input, forget and output gates over a cell state.

    C1  There are three inputs: what arrives, [features], and the states before, state_h and state_c, [units] each.
    C2  The states are as long as units.
    C3  With unit_forget_bias, which completes the bias's own initializer, that is not null.
    C4  The outputs are the new h, and the states, h once more and c, [units] each.

    Source: keras.layers.LSTMCell.
    """

    arity = (3, 3)
    input_names = ("inputs", "state_h", "state_c")
    gates = 4
    states = ("state_h", "state_c")

    recurrent_activation: ActivationFunction = "sigmoid"
    unit_forget_bias: bool = True

    def constrain(self, *shapes: Shape) -> Iterator[Broken]:
        yield from super().constrain(*shapes)
        yield from check_forget_bias("C3", self)

    examples = (
        Example({"units": 20}, inputs=((10,), (20,), (20,)), output=(20,), parameters=2_480, macs=2_400),
        Example({"units": 4, "use_bias": False}, inputs=((3,), (4,), (4,)), output=(4,), parameters=112, macs=112),
        Example({"units": 20}, inputs=((7, 10), (20,), (20,)), breaks="C1", code="MS303"),
        Example({"units": 20}, inputs=((10,), (20,), (10,)), breaks="C2", code="MS305"),
        Example({"units": 20, "bias_initializer": None}, inputs=((10,), (20,), (20,)), breaks="C3", code="MS305"),
    )


class GRUCell(_Cell):
    """One step of a GRU: update and reset gates over the state.

    C1  There are two inputs: what arrives, [features], and the state before, [units].
    C2  The state is as long as units.
    C3  The initializer of the bias fits its axes: with reset_after there are two, otherwise one.
    C4  The outputs are the new h, and once more as the state, [units] each.

    With reset_after each of the three products has two biases, one of the input and one of the state, otherwise one.

    Source: keras.layers.GRUCell.
    """

    gates = 3

    recurrent_activation: ActivationFunction = "sigmoid"
    bias_initializer: MatrixInitializer = "zeros"
    reset_after: bool = True

    def constrain(self, *shapes: Shape) -> Iterator[Broken]:
        yield from super().constrain(*shapes)
        if self.use_bias:
            yield from check_initializer("C3", self.bias_initializer, "bias_initializer", self.biases())

    def biases(self) -> int:
        """How many bias vectors each gate has: one of the input, and with `reset_after` one of the state."""
        return 2 if self.reset_after else 1

    examples = (
        Example({"units": 20}, inputs=((10,), (20,)), output=(20,), parameters=1_920, macs=1_800),
        Example({"units": 4, "reset_after": False}, inputs=((3,), (4,)), output=(4,), parameters=96, macs=84),
        Example({"units": 20}, inputs=((7, 10), (20,)), breaks="C1", code="MS303"),
        Example({"units": 20}, inputs=((10,), (10,)), breaks="C2", code="MS305"),
        Example(
            {"units": 20, "reset_after": False, "bias_initializer": "orthogonal"},
            inputs=((10,), (20,)),
            breaks="C3",
            code="MS305",
        ),
    )


def _list_states(written: Any) -> tuple[Shape, ...]:
    """The shapes of the states that a cell is fed beside its input; none for what is no cell."""
    return written.layer.list_states(written.arguments) if issubclass(written.layer, _Cell) else ()


class RNN(Layer):
    """A cell over the steps, one after the other, from a state of zeros.

    C1  The input has two axes: steps and features.
    C2  cell is a SimpleRNNCell, an LSTMCell or a GRUCell.
    C3  The output is that of the last step; with return_sequences that of every step, [steps, units].

    return_state gives the states after the last step too, [units] each. The tensors are named by the attribute that
    holds the cell, as in a file of saved weights: cell.kernel.

    Source: keras.layers.RNN.
    """

    takes = Takes("C1", ("steps", "features"))
    input_dtype = "float"

    cell: Wrapped = wrapped(take=lambda _, x: x[1:], beside=_list_states)
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False
    stateful: bool = False
    unroll: bool = False
    zero_output_for_mask: bool = False
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        cell: Fitted = self.cell
        if not isinstance(cell.layer, _Cell):
            message = f"cell is {cell.layer.type_name()}, which is no cell"
            yield Broken("C2", message, "cell", "put a SimpleRNNCell, an LSTMCell or a GRUCell in it")

    @property
    def units(self) -> Any:
        """The width of the cell."""
        return self.cell.layer.units

    @property
    def gates(self) -> int:
        """The gates of the cell."""
        gates: int = self.cell.layer.gates
        return gates

    @property
    def states(self) -> tuple[str, ...]:
        """The states of the cell."""
        states: tuple[str, ...] = self.cell.layer.states
        return states

    def mend_missing_axis(self) -> str | None:
        return None if self.return_sequences else "write return_sequences: true"

    def output_shape(self, x: Shape) -> Shape:
        step: Shape = self.cell.output_shape
        return (x[0], *step) if self.return_sequences else step

    def outputs(self, x: Shape) -> dict[str, Shape]:
        cell: Fitted = self.cell
        states = {name: value.shape for name, value in cell.outputs.items() if name != "output"}
        return {"output": self.output_shape(x), **(states if self.return_state else {})}

    def list_tensors(self) -> Iterator[Tensor]:
        yield from name_inside(self.cell, "cell")

    def count_macs(self, x: Shape, y: Shape) -> Count:
        macs: Count = self.cell.macs
        return x[0] * macs

    def parameters_by_hand(self) -> str | None:
        inside: str | None = self.cell.layer.parameters_by_hand()
        return inside

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        return f"input[0] * {self.cell.layer.macs_of_step()}"

    def conventions(self) -> Iterator[str]:
        yield from self.cell.layer.conventions()

    examples = (
        Example(
            {"cell": {"type": "LSTMCell", "units": 20}}, input=(7, 10), output=(20,), parameters=2_480, macs=16_800
        ),
        Example(
            {"cell": {"type": "GRUCell", "units": 20}, "return_sequences": True, "return_state": True},
            input=(7, 10),
            output=(7, 20),
            parameters=1_920,
            macs=12_600,
        ),
        Example(
            {"cell": {"type": "SimpleRNNCell", "units": 20}, "return_sequences": True},
            input=(UNKNOWN, 10),
            parameters=620,
        ),
        Example({"cell": {"type": "LSTMCell", "units": 20}}, input=(10,), breaks="C1", code="MS303"),
        Example({"cell": {"type": "Dense", "units": 20}}, input=(7, 10), breaks="C2", code="MS305"),
    )
