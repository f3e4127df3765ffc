"""torch.nn: values near a threshold, drawn to it or put aside."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from modelspec.kinds import Number
from modelspec.layer import Broken, Example, Layer, no_macs, no_tensors, same_shape
from modelspec.shape import Shape


class _Elementwise(Layer):
    list_tensors = no_tensors
    count_macs = no_macs

    output_shape = same_shape


class Hardshrink(_Elementwise):
    """x where it is further from 0 than lambd, 0 elsewhere.

    Source: torch.nn.Hardshrink.
    """

    input_dtype = "float"

    lambd: Annotated[float, Number()] = 0.5

    examples = (
        Example({}, input=(16, 8, 8), output=(16, 8, 8), parameters=0, macs=0),
        Example({"lambd": 1}, input=(), output=()),
        Example({}, input=(5,), dtype="int64", code="MS308"),
    )


class Softshrink(_Elementwise):
    """x, drawn to 0 by lambd, and 0 where it is no further from it than that.

    C1  lambd is at least 0.

    Source: torch.nn.Softshrink.
    """

    input_dtype = "float"

    lambd: Annotated[float, Number()] = 0.5

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if self.lambd < 0:
            yield Broken("C1", f"lambd is {self.lambd:g}, which is less than 0", "lambd", "0 or more")

    examples = (
        Example({}, input=(16, 8, 8), output=(16, 8, 8), parameters=0, macs=0),
        Example({"lambd": 0}, input=(5,), output=(5,)),
        Example({"lambd": -0.5}, input=(5,), breaks="C1", code="MS305"),
    )


class Tanhshrink(_Elementwise):
    """x − tanh(x).

    Source: torch.nn.Tanhshrink. Its constructor ignores whatever arguments it is given; here it has none.
    """

    result_dtypes: ClassVar[Mapping[str, str]] = {"output": "float"}

    examples = (
        Example({}, input=(3, 4), output=(3, 4), parameters=0, macs=0),
        Example({}, input=(), output=(), dtype="int64"),
    )


class Threshold(_Elementwise):
    """x where it is above the threshold, the value elsewhere.

    Source: torch.nn.Threshold.
    """

    threshold: Annotated[float, Number()]
    value: Annotated[float, Number()]
    inplace: bool = False

    examples = (
        Example({"threshold": 0.1, "value": 20}, input=(16, 8), output=(16, 8), parameters=0, macs=0),
        Example({"threshold": 0, "value": -1, "inplace": True}, input=(), output=(), dtype="int64"),
    )
