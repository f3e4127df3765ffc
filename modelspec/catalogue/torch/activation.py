"""torch.nn: activations."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from modelspec.catalogue.torch.numbering import refuse
from modelspec.kinds import Choice, Number
from modelspec.layer import AxisIndex, Broken, Example, Layer, no_macs, no_tensors, same_shape
from modelspec.shape import Shape


class _Elementwise(Layer):
    list_tensors = no_tensors
    count_macs = no_macs

    output_shape = same_shape


class ReLU(_Elementwise):
    """max(0, x).

    Source: torch.nn.ReLU.
    """

    inplace: bool = False

    examples = (
        Example({}, input=(32,), output=(32,), parameters=0, macs=0),
        Example({"inplace": True}, input=(), output=(), dtype="int64"),
    )


class LeakyReLU(_Elementwise):
    """x where it is positive, negative_slope × x elsewhere.

    Source: torch.nn.LeakyReLU.
    """

    input_dtype = "float"

    negative_slope: Annotated[float, Number()] = 0.01
    inplace: bool = False

    examples = (
        Example({}, input=(16, 8, 8), output=(16, 8, 8), parameters=0, macs=0),
        Example({"negative_slope": 0.2, "inplace": True}, input=(5,), output=(5,)),
    )


class GELU(_Elementwise):
    """x Φ(x), with the normal distribution's Φ, or its approximation by tanh.

    Source: torch.nn.GELU.
    """

    input_dtype = "float"

    approximate: Annotated[str, Choice("none", "tanh")] = "none"

    examples = (
        Example({}, input=(10, 64), output=(10, 64), parameters=0, macs=0),
        Example({"approximate": "tanh"}, input=(64,), output=(64,)),
    )


class Sigmoid(_Elementwise):
    """1 / (1 + exp(−x)).

    Source: torch.nn.Sigmoid.
    """

    result_dtypes: ClassVar[Mapping[str, str]] = {"output": "float"}

    examples = (
        Example({}, input=(1,), output=(1,), parameters=0, macs=0),
        Example({}, input=(3, 4), output=(3, 4), dtype="int64"),
    )


class Tanh(_Elementwise):
    """The hyperbolic tangent of x.

    Source: torch.nn.Tanh.
    """

    result_dtypes: ClassVar[Mapping[str, str]] = {"output": "float"}

    examples = (
        Example({}, input=(128,), output=(128,), parameters=0, macs=0),
        Example({}, input=(3, 4), output=(3, 4), dtype="int64"),
    )


class Softmax(_Elementwise):
    """exp(x), divided by its sum along one axis.

    C1  dim is the number of an axis of the sample: from 1, for 0 is the batch, or negative, from the end.

    `dim` must be given: without it torch warns and picks an axis by the number of axes, for some of them the batch.

    Source: torch.nn.Softmax.
    """

    input_dtype = "float"

    dim: AxisIndex

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = refuse("C1", "dim", self.dim, x)
        if broken:
            yield broken

    examples = (
        Example({"dim": -1}, input=(10,), output=(10,), parameters=0, macs=0),
        Example({"dim": 1}, input=(8, 5), output=(8, 5)),
        Example({"dim": 0}, input=(10,), breaks="C1", code="MS309"),
        Example({"dim": -2}, input=(10,), breaks="C1", code="MS309"),
        Example({"dim": 3}, input=(8, 5), breaks="C1", code="MS309"),
        Example({"dim": -1}, input=(), breaks="C1", code="MS309"),
    )
