"""torchvision.ops: small networks that larger ones are made of."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated

from modelspec.catalogue.torch.vision import IN_PLACE, OTHERS
from modelspec.kinds import Boolean, Choice, Integer, ListOf, Optional
from modelspec.layer import Axis, Broken, Example, Layer, Probability, Size, Takes, Tensor, axes, inferred
from modelspec.shape import Count, Dim, Shape, numel, total

_Activation = Annotated[str, Choice(*IN_PLACE, *OTHERS)]
_Channels = Annotated[tuple[int, ...], ListOf(Integer(1), minimum=1, maximum=256, words="a list of sizes")]
_Flag = Annotated[bool | None, Optional(Boolean())]


class SqueezeExcitation(Layer):
    """Each channel times a factor, which two 1 × 1 convolutions make of the means of all channels.

    C1  input_channels is the size of the input's first axis.
    C2  The input has three axes: channels, height and width.

    The activations are named by their types.

    Source: torchvision.ops.SqueezeExcitation.
    """

    takes = Takes("C2", ("input_channels", "height", "width"))
    input_dtype = "float"

    input_channels: Size = inferred(axis=0, constraint="C1")
    squeeze_channels: Size
    activation: _Activation = "ReLU"
    scale_activation: _Activation = "Sigmoid"

    def output_shape(self, x: Shape) -> Shape:
        return x

    def list_tensors(self) -> Iterator[Tensor]:
        outer, inner = Axis("input_channels", self.input_channels), Axis("squeeze_channels", self.squeeze_channels)
        window = axes(height=1, width=1)
        yield Tensor("fc1.weight", (inner, outer, *window))
        yield Tensor("fc1.bias", (inner,))
        yield Tensor("fc2.weight", (outer, inner, *window))
        yield Tensor("fc2.bias", (outer,))

    def count_macs(self, x: Shape, y: Shape) -> Count:
        return 2 * self.input_channels * self.squeeze_channels

    def parameters_by_hand(self) -> str:
        return "2 * input_channels * squeeze_channels + squeeze_channels + input_channels"

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        return "2 * input_channels * squeeze_channels"

    examples = (
        Example({"squeeze_channels": 4}, input=(16, 7, 7), output=(16, 7, 7), parameters=148, macs=128),
        Example(
            {"squeeze_channels": 8, "activation": "SiLU", "scale_activation": "Hardsigmoid"},
            input=(6, 5, 4),
            output=(6, 5, 4),
            parameters=110,
        ),
        Example({"input_channels": 8, "squeeze_channels": 4}, input=(16, 7, 7), breaks="C1", code="MS304"),
        Example({"squeeze_channels": 4}, input=(16,), breaks="C2", code="MS303"),
    )


class MLP(Layer):
    """Linear layers, with an activation and a dropout after each; after the last a dropout alone.

    C1  in_channels is the size of the input's last axis.
    C2  The input has at least one axis.
    C3  inplace is for an activation that has such an argument; null leaves it out.

    The norm and the activation are named by their types, and have their own defaults.

    Source: torchvision.ops.MLP.
    """

    takes = Takes("C2", ("*", "in_channels"))
    input_dtype = "float"

    in_channels: Size = inferred(axis=-1, constraint="C1")
    hidden_channels: _Channels
    norm_layer: Annotated[str | None, Optional(Choice("LayerNorm", "RMSNorm"))] = None
    activation_layer: _Activation = "ReLU"
    inplace: _Flag = None
    bias: bool = True
    dropout: Probability = 0.0

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if self.inplace is not None and self.activation_layer in OTHERS and len(self.hidden_channels) > 1:
            told = "true" if self.inplace else "false"
            message = f"inplace is {told}, but {self.activation_layer} has no such argument"
            yield Broken("C3", message, "inplace", "leave inplace out")

    def output_shape(self, x: Shape) -> Shape:
        return (*x[:-1], self.hidden_channels[-1])

    def _widths(self) -> tuple[tuple[Dim, Dim], ...]:
        return tuple(pairwise((self.in_channels, *self.hidden_channels)))

    def list_tensors(self) -> Iterator[Tensor]:
        step = 3 if self.norm_layer is None else 4
        last = len(self.hidden_channels) - 1
        for number, (arriving, leaving) in enumerate(self._widths()):
            into = Axis(f"hidden_channels[{number - 1}]" if number else "in_channels", arriving)
            out = Axis(f"hidden_channels[{number}]", leaving)
            yield Tensor(f"{step * number}.weight", (out, into))
            if self.bias:
                yield Tensor(f"{step * number}.bias", (out,))
            if self.norm_layer is not None and number < last:
                yield Tensor(f"{step * number + 1}.weight", (out,))
                if self.norm_layer == "LayerNorm":
                    yield Tensor(f"{step * number + 1}.bias", (out,))

    def count_macs(self, x: Shape, y: Shape) -> Count:
        return numel(x[:-1]) * total([arriving * leaving for arriving, leaving in self._widths()])

    def _write_products(self) -> str:
        names = ["in_channels", *[f"hidden_channels[{number}]" for number in range(len(self.hidden_channels))]]
        return " + ".join(f"{arriving} * {leaving}" for arriving, leaving in pairwise(names))

    def parameters_by_hand(self) -> str:
        terms = [self._write_products()]
        last = len(self.hidden_channels) - 1
        normed = {None: 0, "RMSNorm": 1, "LayerNorm": 2}[self.norm_layer]
        for number in range(last + 1):
            times = int(self.bias) + (normed if number < last else 0)
            if times:
                terms.append(f"{times} * hidden_channels[{number}]" if times > 1 else f"hidden_channels[{number}]")
        return " + ".join(terms)

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        rows = "".join(f"output[{axis}] * " for axis in range(len(y) - 1))
        return f"{rows}({self._write_products()})"

    examples = (
        Example({"hidden_channels": [64, 10]}, input=(16,), output=(10,), parameters=1_738, macs=1_664),
        Example(
            {"hidden_channels": [8, 6, 4], "norm_layer": "LayerNorm", "activation_layer": "GELU", "bias": False},
            input=(3, 5),
            output=(3, 4),
            parameters=140,
            macs=336,
        ),
        Example({"in_channels": 8, "hidden_channels": [4]}, input=(16,), breaks="C1", code="MS304"),
        Example({"hidden_channels": [4]}, input=(), breaks="C2", code="MS303"),
        Example(
            {"hidden_channels": [4, 4], "activation_layer": "Tanh", "inplace": True},
            input=(16,),
            breaks="C3",
            code="MS305",
        ),
    )
