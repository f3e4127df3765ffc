"""torch.nn: one step of a recurrent layer."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from modelspec.kinds import Choice
from modelspec.layer import Axis, Broken, Example, Layer, Size, Takes, Tensor, inferred
from modelspec.shape import Count, Shape, differs, show_dim, show_shape


class _Cell(Layer):
    gates: ClassVar[int]
    arity = (1, 2)
    input_names: ClassVar[tuple[str, ...]] = ("input", "hx")
    takes = (Takes("C2", ("input_size",)), Takes("C3", ("hidden_size",)))
    input_dtype = "float"

    input_size: Size = inferred(axis=0, constraint="C1")
    hidden_size: Size
    bias: bool = True

    def constrain(self, x: Shape, *states: Shape) -> Iterator[Broken]:
        for number, (size,) in enumerate(states, 1):
            if differs(size, self.hidden_size):
                name, width = self.input_names[number], show_dim(self.hidden_size)
                message = f"{name} is [hidden_size] = [{width}], but {show_shape((size,))} arrives"
                hint = "leave it out, and it is zeros; or mend what gives it"
                yield Broken("C3", message, None, hint, "MS313", 0, number)
                return

    def output_shape(self, x: Shape, *states: Shape) -> Shape:
        return (self.hidden_size,)

    def list_tensors(self) -> Iterator[Tensor]:
        name = "hidden_size" if self.gates == 1 else f"{self.gates} × hidden_size"
        gates = Axis(name, self.gates * self.hidden_size)
        yield Tensor("weight_ih", (gates, Axis("input_size", self.input_size)))
        yield Tensor("weight_hh", (gates, Axis("hidden_size", self.hidden_size)))
        if self.bias:
            yield Tensor("bias_ih", (gates,))
            yield Tensor("bias_hh", (gates,))

    def _write_products(self) -> str:
        products = "hidden_size * (input_size + hidden_size)"
        return products if self.gates == 1 else f"{self.gates} * {products}"

    def count_macs(self, x: Shape, *states_and_output: Shape) -> Count:
        return self.gates * self.hidden_size * (self.input_size + self.hidden_size)

    def parameters_by_hand(self) -> str:
        products = self._write_products()
        return f"{products} + {2 * self.gates} * hidden_size" if self.bias else products

    def macs_by_hand(self, x: Shape, *states_and_output: Shape) -> str:
        return self._write_products()

    def conventions(self) -> tuple[str, ...]:
        return ("recurrent layers have two bias vectors for each gate, as in torch",) if self.bias else ()


class RNNCell(_Cell):
    """One step: h = nonlinearity(W x + b + U h + c).

    C1  input_size is the size of the input.
    C2  The input has one axis: features.
    C3  The state before the step, hx, is [hidden_size]; left out, it is zeros.

    Source: torch.nn.RNNCell.
    """

    gates = 1

    nonlinearity: Annotated[str, Choice("tanh", "relu")] = "tanh"

    examples = (
        Example({"hidden_size": 20}, input=(10,), output=(20,), parameters=640, macs=600),
        Example(
            {"hidden_size": 3, "bias": False, "nonlinearity": "relu"},
            inputs=((5,), (3,)),
            output=(3,),
            parameters=24,
            macs=24,
        ),
        Example({"input_size": 5, "hidden_size": 20}, input=(10,), breaks="C1", code="MS304"),
        Example({"hidden_size": 20}, input=(7, 10), breaks="C2", code="MS303"),
        Example({"hidden_size": 20}, inputs=((10,), (10,)), breaks="C3", code="MS313"),
    )


class LSTMCell(_Cell):
    """One step of a long short-term memory: the next hidden state, h_1, and the next cells, c_1.

    C1  input_size is the size of the input.
    C2  The input has one axis: features.
    C3  The states before the step, h_0 and c_0, are [hidden_size]; left out, they are zeros.
    C4  h_0 and c_0 arrive both, or neither.

    Source: torch.nn.LSTMCell.
    """

    gates = 4
    arity = (1, 3)
    input_names = ("input", "h_0", "c_0")

    def constrain(self, x: Shape, *states: Shape) -> Iterator[Broken]:
        if len(states) == 1:
            yield Broken("C4", "h_0 arrives without c_0", None, "name both: `inputs: [x, h, c]`", "MS312")
        yield from super().constrain(x, *states)

    def outputs(self, x: Shape, *states: Shape) -> dict[str, Shape]:
        return {"h_1": (self.hidden_size,), "c_1": (self.hidden_size,)}

    examples = (
        Example({"hidden_size": 20}, input=(10,), output=(20,), parameters=2_560, macs=2_400),
        Example({"hidden_size": 3, "bias": False}, inputs=((5,), (3,), (3,)), output=(3,), parameters=96, macs=96),
        Example({"input_size": 5, "hidden_size": 20}, input=(10,), breaks="C1", code="MS304"),
        Example({"hidden_size": 20}, input=(), breaks="C2", code="MS303"),
        Example({"hidden_size": 20}, inputs=((10,), (20,), (10,)), breaks="C3", code="MS313"),
        Example({"hidden_size": 20}, inputs=((10,), (20,)), breaks="C4", code="MS312"),
    )


class GRUCell(_Cell):
    """One step of a gated recurrent unit.

    C1  input_size is the size of the input.
    C2  The input has one axis: features.
    C3  The state before the step, hx, is [hidden_size]; left out, it is zeros.

    Source: torch.nn.GRUCell.
    """

    gates = 3

    examples = (
        Example({"hidden_size": 20}, input=(10,), output=(20,), parameters=1_920, macs=1_800),
        Example({"hidden_size": 3, "bias": False}, inputs=((5,), (3,)), output=(3,), parameters=72, macs=72),
        Example({"input_size": 5, "hidden_size": 20}, input=(10,), breaks="C1", code="MS304"),
        Example({"hidden_size": 20}, input=(7, 10), breaks="C2", code="MS303"),
        Example({"hidden_size": 20}, inputs=((10,), (10,)), breaks="C3", code="MS313"),
    )
