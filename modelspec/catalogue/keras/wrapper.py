"""keras.layers: wrappers, which hold a layer of their own."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from modelspec.catalogue.keras.arguments import ActivityRegularizer, NoValue
from modelspec.catalogue.keras.cell import RNN
from modelspec.catalogue.keras.pairing import name_inside
from modelspec.catalogue.keras.recurrent import _Recurrent
from modelspec.kinds import Choice, Optional
from modelspec.layer import Broken, Example, Layer, Takes, Tensor, Wrapped, wrapped
from modelspec.shape import UNKNOWN, Count, Shape

if TYPE_CHECKING:
    from modelspec.fitting import Fitted

_Merge = Annotated[str | None, Optional(Choice("sum", "mul", "concat", "ave"))]


class Bidirectional(Layer):
    """A recurrent layer over the steps forwards, and another backwards; their results are merged.

    C1  The input has two axes: steps and features.
    C2  layer, and backward_layer where there is one, is a SimpleRNN, an LSTM, a GRU or an RNN.
    C3  The two layers differ in go_backwards. Without backward_layer, the second is a copy of the first with
        go_backwards, so that the first cannot have it.
    C4  The two layers agree in units, return_sequences, return_state, stateful, and in the states they return.

    concat puts the results side by side, 2 × units wide; sum, mul and ave leave them as wide as they are; null gives
    two results, forward and backward. return_state gives the states of both, the forward ones first. The tensors are
    named by the attributes that hold the layers, as in a file of saved weights: forward_layer.kernel.

    Source: keras.layers.Bidirectional.
    """

    takes = Takes("C1", ("steps", "features"))
    input_dtype = "float"

    layer: Wrapped = wrapped(take=lambda _, x: x)
    merge_mode: _Merge = "concat"
    weights: NoValue = None
    backward_layer: Wrapped = wrapped(take=lambda _, x: x, optional=True)
    activity_regularizer: ActivityRegularizer = None

    @property
    def _backward(self) -> "Fitted":
        backward: Fitted = self.layer if self.backward_layer is None else self.backward_layer
        return backward

    def constrain(self, x: Shape) -> Iterator[Broken]:
        for name in ("layer", "backward_layer"):
            inside = getattr(self, name)
            if inside is not None and not isinstance(inside.layer, (_Recurrent, RNN)):
                message = f"{name} is {inside.layer.type_name()}, which does not go over steps of features"
                yield Broken("C2", message, name, "put a SimpleRNN, an LSTM, a GRU or an RNN in it")
                return
        yield from self._compare(self.layer.layer, None if self.backward_layer is None else self.backward_layer.layer)

    def _compare(self, forward: Any, backward: Any) -> Iterator[Broken]:
        if backward is None:
            if forward.go_backwards:
                message = "layer has go_backwards, and so has the copy of it that runs beside it"
                yield Broken("C3", message, "layer", "leave go_backwards out of layer, or give a backward_layer")
            return
        if forward.go_backwards == backward.go_backwards:
            message = f"layer and backward_layer both have go_backwards: {'true' if forward.go_backwards else 'false'}"
            yield Broken("C3", message, "backward_layer", "write go_backwards: true in one of them")
        for name in ("units", "return_sequences", "return_state", "stateful"):
            one, other = getattr(forward, name), getattr(backward, name)
            if one != other:
                told = f"{name} is {one} in layer, but {other} in backward_layer"
                message = told.replace("True", "true").replace("False", "false")
                yield Broken("C4", message, "backward_layer", f"write the same {name} in both")
        if forward.return_state and backward.return_state and forward.states != backward.states:
            message = (
                f"layer returns {' and '.join(forward.states)}, but backward_layer {' and '.join(backward.states)}"
            )
            yield Broken("C4", message, "backward_layer", "use the same type of layer in both, or no return_state")

    def output_shape(self, x: Shape) -> Shape:
        shape: Shape = self.layer.output_shape
        return (*shape[:-1], 2 * shape[-1]) if self.merge_mode == "concat" else shape

    def mend_missing_axis(self) -> str | None:
        way: str | None = self.layer.layer.mend_missing_axis()
        return way

    def outputs(self, x: Shape) -> dict[str, Shape]:
        results: dict[str, Shape] = {}
        if self.merge_mode is None:
            results["forward"] = results["backward"] = self.output_shape(x)
        else:
            results["output"] = self.output_shape(x)
        for direction, inside in (("forward", self.layer), ("backward", self._backward)):
            for name, value in list(inside.outputs.items())[1:]:
                results[f"{direction}_{name}"] = value.shape
        return results

    def list_tensors(self) -> Iterator[Tensor]:
        yield from name_inside(self.layer, "forward_layer")
        yield from name_inside(self._backward, "backward_layer")

    def count_macs(self, x: Shape, y: Shape) -> Count:
        forward: Count = self.layer.macs
        return forward + self._backward.macs

    def conventions(self) -> Iterator[str]:
        yield from self.layer.layer.conventions()
        if self.backward_layer is not None:
            yield from self.backward_layer.layer.conventions()

    def parameters_by_hand(self) -> str | None:
        if self.backward_layer is not None:
            return None
        inside = self.layer.layer.parameters_by_hand()
        return f"2 * {inside}" if self.layer.layer.gates != 1 else f"2 * ({inside})"

    def macs_by_hand(self, x: Shape, y: Shape) -> str | None:
        if self.backward_layer is not None:
            return None
        return f"2 * {self.layer.layer.macs_by_hand(x, self.layer.output_shape)}"

    examples = (
        Example(
            {"layer": {"type": "GRU", "units": 5, "return_sequences": True, "reset_after": False}},
            input=(UNKNOWN, 8),
            parameters=420,
        ),
        Example(
            {"layer": {"type": "GRU", "units": 250, "reset_after": False, "return_sequences": True}},
            input=(2, 13),
            output=(2, 500),
            parameters=396_000,
            macs=789_000,
        ),
        Example(
            {"layer": {"type": "GRU", "units": 250, "return_sequences": True}},
            input=(2, 13),
            output=(2, 500),
            parameters=397_500,
            macs=789_000,
        ),
        Example(
            {"layer": {"type": "GRU", "units": 250, "return_sequences": True}},
            input=(2, 500),
            output=(2, 500),
            parameters=1_128_000,
            macs=2_250_000,
        ),
        Example(
            {"layer": {"type": "LSTM", "units": 20}, "merge_mode": "sum"},
            input=(7, 10),
            output=(20,),
            parameters=4_960,
            macs=33_600,
        ),
        Example(
            {"layer": {"type": "LSTM", "units": 20, "return_state": True}, "merge_mode": None},
            input=(7, 10),
            output=(20,),
            parameters=4_960,
            macs=33_600,
        ),
        Example(
            {
                "layer": {"type": "LSTM", "units": 20},
                "backward_layer": {"type": "GRU", "units": 20, "go_backwards": True},
            },
            input=(7, 10),
            output=(40,),
            parameters=4_400,
            macs=29_400,
        ),
        Example(
            {"layer": {"type": "RNN", "cell": {"type": "LSTMCell", "units": 20}}},
            input=(7, 10),
            output=(40,),
            parameters=4_960,
            macs=33_600,
        ),
        Example({"layer": {"type": "SimpleRNN", "units": 4}}, input=(2, 3), output=(8,), parameters=64, macs=112),
        Example({"layer": {"type": "LSTM", "units": 20}}, input=(10,), breaks="C1", code="MS303"),
        Example({"layer": {"type": "Dense", "units": 20}}, input=(7, 10), breaks="C2", code="MS305"),
        Example(
            {"layer": {"type": "LSTM", "units": 20, "go_backwards": True}}, input=(7, 10), breaks="C3", code="MS305"
        ),
        Example(
            {"layer": {"type": "LSTM", "units": 20}, "backward_layer": {"type": "LSTM", "units": 20}},
            input=(7, 10),
            breaks="C3",
            code="MS305",
        ),
        Example(
            {
                "layer": {"type": "LSTM", "units": 20},
                "backward_layer": {"type": "LSTM", "units": 10, "go_backwards": True},
            },
            input=(7, 10),
            breaks="C4",
            code="MS305",
        ),
        Example(
            {
                "layer": {"type": "LSTM", "units": 20, "return_sequences": True},
                "backward_layer": {"type": "LSTM", "units": 20, "go_backwards": True},
            },
            input=(7, 10),
            breaks="C4",
            code="MS305",
        ),
    )


class TimeDistributed(Layer):
    """One layer over each step of the input, with the same weights.

    C1  The input has at least two axes; the first of them are the steps.
    C2  layer gives one result.
    C3  The output is what layer makes of one step, with the steps before it.

    The tensors are named by the attribute that holds the layer, as in a file of saved weights: layer.kernel.

    Source: keras.layers.TimeDistributed.
    """

    takes = Takes("C1", ("steps", "*", "features"))
    input_dtype = "float"

    layer: Wrapped = wrapped(take=lambda _, x: x[1:])
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if len(self.layer.outputs) > 1:
            names = ", ".join(self.layer.outputs)
            message = f"layer gives more than one result: {names}"
            yield Broken("C2", message, "layer", "leave return_state out of it, and give it a merge_mode")

    def output_shape(self, x: Shape) -> Shape:
        return (x[0], *self.layer.output_shape)

    def list_tensors(self) -> Iterator[Tensor]:
        yield from name_inside(self.layer, "layer")

    def count_macs(self, x: Shape, y: Shape) -> Count:
        macs: Count = self.layer.macs
        return 0 if macs.__class__ is int and macs == 0 else x[0] * macs

    def conventions(self) -> Iterator[str]:
        yield from self.layer.layer.conventions()

    def parameters_by_hand(self) -> str | None:
        inside: str | None = self.layer.layer.parameters_by_hand()
        return inside

    def macs_by_hand(self, x: Shape, y: Shape) -> str | None:
        step = [value.shape for value in self.layer.inputs]
        inside = self.layer.layer.macs_by_hand(*step, self.layer.output_shape)
        if inside is None:
            return None
        import re

        # What is an axis of one step is the next one of the whole.
        shifted = re.sub(r"\b(input|output)\[(\d+)\]", lambda match: f"{match[1]}[{int(match[2]) + 1}]", inside)
        return f"input[0] * ({shifted})" if "+" in shifted else f"input[0] * {shifted}"

    examples = (
        Example(
            {"layer": {"type": "Dense", "units": 29}}, input=(3, 250), output=(3, 29), parameters=7_279, macs=21_750
        ),
        Example({"layer": {"type": "Dense", "units": 29}}, input=(UNKNOWN, 250), parameters=7_279),
        Example(
            {"layer": {"type": "Conv2D", "filters": 64, "kernel_size": 3}},
            input=(10, 32, 32, 3),
            output=(10, 30, 30, 64),
            parameters=1_792,
            macs=15_552_000,
        ),
        Example({"layer": "Flatten"}, input=(10, 4, 4), output=(10, 16), parameters=0, macs=0),
        Example({"layer": {"type": "Dense", "units": 29}}, input=(250,), breaks="C1", code="MS303"),
        Example(
            {"layer": {"type": "LSTM", "units": 2, "return_state": True}}, input=(4, 7, 3), breaks="C2", code="MS305"
        ),
    )
