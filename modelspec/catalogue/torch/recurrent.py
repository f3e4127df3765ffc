"""torch.nn: recurrent layers."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from modelspec.kinds import Choice, Integer
from modelspec.layer import (
    Axis,
    Broken,
    Example,
    Layer,
    NonNegative,
    Probability,
    Size,
    Takes,
    Tensor,
    inferred,
)
from modelspec.shape import Count, Dim, Shape, Unknown, differs, numel, show_shape, total

MAX_LAYERS = 256
"""Stacked layers in one recurrent layer: each has tensors of its own, so that a number alone could ask for no end."""


def _times(factor: int, name: str, sign: str = "×") -> str:
    return name if factor == 1 else f"{factor} {sign} {name}"


def _refuse_unknown(field: str, value: Unknown) -> Broken:
    message = f"{field} is not known before the model runs"
    return Broken(None, message, field, f"give {value.name or 'it'} a value in `variables`", "MS307")


class _Recurrent(Layer):
    gates: ClassVar[int]
    arity = (1, 2)
    input_names: ClassVar[tuple[str, ...]] = ("input", "h_0")
    takes = (Takes("C2", ("length", "input_size")), Takes("C3", ("layers", "hidden_size")))
    input_dtype = "float"

    input_size: Size = inferred(axis=-1, constraint="C1")
    hidden_size: Size
    num_layers: Annotated[int, Integer(1, MAX_LAYERS)] = 1
    bias: bool = True
    batch_first: bool = False
    dropout: Probability = 0.0
    bidirectional: bool = False

    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _projects(self) -> bool:
        return False

    def _state(self) -> tuple[str, Dim]:
        # What a step hands on: to the next step, to the next layer, and as the result.
        return "hidden_size", self.hidden_size

    def _states(self) -> tuple[tuple[str, Dim], ...]:
        # What the inputs behind the first are as wide as.
        return (self._state(),)

    def constrain(self, x: Shape, *states: Shape) -> Iterator[Broken]:
        if isinstance(self.num_layers, Unknown):
            yield _refuse_unknown("num_layers", self.num_layers)
            return
        stacked = self.num_layers * self._directions()
        for number, (arriving, (name, width)) in enumerate(zip(states, self._states(), strict=False), 1):
            for axis, size in enumerate((stacked, width)):
                if differs(arriving[axis], size):
                    wanted, what = show_shape((stacked, width)), self.input_names[number]
                    message = f"{what} is [layers × directions, {name}] = {wanted}, but {show_shape(arriving)} arrives"
                    hint = "leave it out, and it is zeros; or mend what gives it"
                    yield Broken("C3", message, None, hint, "MS313", axis, number)
                    return

    def output_shape(self, x: Shape, *states: Shape) -> Shape:
        return (x[0], self._state()[1] * self._directions())

    def outputs(self, x: Shape, *states: Shape) -> dict[str, Shape]:
        stacked = self.num_layers * self._directions()
        return {"output": self.output_shape(x), "h_n": (stacked, self._state()[1])}

    def list_tensors(self) -> Iterator[Tensor]:
        # Source: torch.nn.modules.rnn, RNNBase.__init__.
        gates = Axis(_times(self.gates, "hidden_size"), self.gates * self.hidden_size)
        state = Axis(*self._state())
        arriving = Axis("input_size", self.input_size)
        for number in range(self.num_layers):
            for direction in ("", "_reverse")[: self._directions()]:
                end = f"_l{number}{direction}"
                yield Tensor(f"weight_ih{end}", (gates, arriving))
                yield Tensor(f"weight_hh{end}", (gates, state))
                if self.bias:
                    yield Tensor(f"bias_ih{end}", (gates,))
                    yield Tensor(f"bias_hh{end}", (gates,))
                if self._projects():
                    yield Tensor(f"weight_hr{end}", (state, Axis("hidden_size", self.hidden_size)))
            arriving = Axis(_times(self._directions(), state.name), self._directions() * state.size)

    def count_macs(self, x: Shape, *states_and_output: Shape) -> Count:
        # Every matrix is applied once a step; the products of gates with states are no matrix products.
        weights = [numel([size for _, size in tensor.axes]) for tensor in self.list_tensors() if len(tensor.axes) == 2]
        return x[0] * total(weights)

    def _write_layer(self, arriving: str, *, bias: bool) -> str:
        state, _ = self._state()
        products = f"hidden_size * ({arriving} + {state})"
        if bias:
            products += " + 2 * hidden_size"
            products = products if self.gates == 1 else f"{self.gates} * ({products})"
        else:
            products = _times(self.gates, products, "*")
        if self._projects():
            products += " + hidden_size * proj_size"
        return products if self._directions() == 1 else f"2 * ({products})"

    def _write_layers(self, *, bias: bool) -> str:
        text = self._write_layer("input_size", bias=bias)
        if self.num_layers > 1:
            state, _ = self._state()
            further = self._write_layer(_times(self._directions(), state, "*"), bias=bias)
            text += f" + (num_layers - 1) * ({further})"
        return text

    def parameters_by_hand(self) -> str:
        return self._write_layers(bias=self.bias)

    def macs_by_hand(self, x: Shape, *states_and_output: Shape) -> str:
        return f"input[0] * ({self._write_layers(bias=False)})"

    def conventions(self) -> tuple[str, ...]:
        if not self.bias:
            return ()
        return ("recurrent layers have two bias vectors for each gate, as in torch",)


class RNN(_Recurrent):
    """h = nonlinearity(W x + b + U h + c), step by step.

    C1  input_size is the size of the input's last axis.
    C2  The input has two axes: length and features.
    C3  The state before the first step, h_0, is [num_layers × directions, hidden_size]; left out, it is zeros.

    batch_first says where the batch stands, which no shape of a sample shows.

    Source: torch.nn.RNN.
    """

    gates = 1

    nonlinearity: Annotated[str, Choice("tanh", "relu")] = "tanh"

    examples = (
        Example({"hidden_size": 20}, input=(7, 10), output=(7, 20), parameters=640, macs=4_200),
        Example(
            {"hidden_size": 20, "num_layers": 2, "bidirectional": True, "bias": False, "nonlinearity": "relu"},
            input=(7, 10),
            output=(7, 40),
            parameters=3_600,
            macs=25_200,
        ),
        Example({"input_size": 5, "hidden_size": 20}, input=(7, 10), breaks="C1", code="MS304"),
        Example({"hidden_size": 20}, input=(10,), breaks="C2", code="MS303"),
        Example({"hidden_size": 20, "num_layers": 2}, inputs=((7, 10), (2, 20)), output=(7, 20), parameters=1_480),
        Example({"hidden_size": 20}, inputs=((7, 10), (1, 10)), breaks="C3", code="MS313"),
    )


class LSTM(_Recurrent):
    """Long short-term memory: four gates to a step, and a state of cells beside the hidden one.

    C1  input_size is the size of the input's last axis.
    C2  The input has two axes: length and features.
    C3  The states before the first step, h_0 and c_0, are [num_layers × directions, size], of the size of what a step
        hands on and of hidden_size; left out, they are zeros.
    C4  h_0 and c_0 arrive both, or neither.
    C5  proj_size is less than hidden_size.

    batch_first says where the batch stands, which no shape of a sample shows.

    Source: torch.nn.LSTM.
    """

    gates = 4
    arity = (1, 3)
    input_names = ("input", "h_0", "c_0")

    proj_size: NonNegative = 0

    def _projects(self) -> bool:
        return self.proj_size != 0

    def _state(self) -> tuple[str, Dim]:
        return ("proj_size", self.proj_size) if self._projects() else ("hidden_size", self.hidden_size)

    def _states(self) -> tuple[tuple[str, Dim], ...]:
        return self._state(), ("hidden_size", self.hidden_size)

    def constrain(self, x: Shape, *states: Shape) -> Iterator[Broken]:
        if len(states) == 1:
            hint = "name both: `inputs: [x, h, c]`"
            yield Broken("C4", "h_0 arrives without c_0", None, hint, "MS312")
        yield from super().constrain(x, *states)
        projected, hidden = self.proj_size, self.hidden_size
        if isinstance(projected, int) and isinstance(hidden, int) and projected >= hidden:
            message = f"proj_size is {self.proj_size}, which is not less than hidden_size ({self.hidden_size})"
            yield Broken("C5", message, "proj_size", "a smaller proj_size, or 0 for no projection")

    def outputs(self, x: Shape, *states: Shape) -> dict[str, Shape]:
        stacked = self.num_layers * self._directions()
        return {**super().outputs(x), "c_n": (stacked, self.hidden_size)}

    examples = (
        Example({"hidden_size": 20}, input=(7, 10), output=(7, 20), parameters=2_560, macs=16_800),
        Example(
            {"hidden_size": 20, "num_layers": 2, "bidirectional": True},
            input=(7, 10),
            output=(7, 40),
            parameters=15_040,
            macs=100_800,
        ),
        Example(
            {"hidden_size": 20, "num_layers": 2, "bidirectional": True, "proj_size": 5, "dropout": 0.1},
            input=(7, 10),
            output=(7, 10),
            parameters=5_840,
            macs=36_400,
        ),
        Example({"hidden_size": 20, "bias": False, "dropout": 0.5}, input=(7, 10), output=(7, 20), parameters=2_400),
        Example({"input_size": 5, "hidden_size": 20}, input=(7, 10), breaks="C1", code="MS304"),
        Example({"hidden_size": 20}, input=(3, 7, 10), breaks="C2", code="MS303"),
        Example({"hidden_size": 20, "proj_size": 5}, inputs=((7, 10), (1, 5), (1, 20)), output=(7, 5)),
        Example({"hidden_size": 20}, inputs=((7, 10), (1, 20), (2, 20)), breaks="C3", code="MS313"),
        Example({"hidden_size": 20}, inputs=((7, 10), (1, 20)), breaks="C4", code="MS312"),
        Example({"hidden_size": 20, "proj_size": 20}, input=(7, 10), breaks="C5", code="MS305"),
        Example({"hidden_size": 20, "proj_size": Unknown("narrow")}, input=(7, 10), code="MS307", field="proj_size"),
    )


class GRU(_Recurrent):
    """Gated recurrent unit: three gates to a step, with two bias vectors each.

    C1  input_size is the size of the input's last axis.
    C2  The input has two axes: length and features.
    C3  The state before the first step, h_0, is [num_layers × directions, hidden_size]; left out, it is zeros.

    batch_first says where the batch stands, which no shape of a sample shows.

    Source: torch.nn.GRU.
    """

    gates = 3

    examples = (
        Example({"hidden_size": 20}, input=(7, 10), output=(7, 20), parameters=1_920, macs=12_600),
        Example(
            {"hidden_size": 4, "num_layers": 3, "batch_first": True, "dropout": 0.2},
            input=(5, 6),
            output=(5, 4),
            parameters=384,
            macs=1_560,
        ),
        Example({"input_size": 5, "hidden_size": 20}, input=(7, 10), breaks="C1", code="MS304"),
        Example({"hidden_size": 20}, input=(), breaks="C2", code="MS303"),
        Example({"hidden_size": 4, "bidirectional": True}, inputs=((7, 10), (2, 4)), output=(7, 8)),
        Example({"hidden_size": 4, "bidirectional": True}, inputs=((7, 10), (1, 4)), breaks="C3", code="MS313"),
        Example({"hidden_size": 4}, inputs=((7, 10), (4,)), breaks="C3", code="MS303"),
    )
