"""torch.nn: values divided by the strength of those in the channels beside them."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from modelspec.kinds import Number
from modelspec.layer import Example, Layer, Size, Takes, no_macs, no_tensors, same_shape

_Factor = Annotated[float, Number()]


class _Response(Layer):
    size: Size
    alpha: _Factor = 1e-4
    beta: _Factor = 0.75

    list_tensors = no_tensors
    count_macs = no_macs

    output_shape = same_shape


class LocalResponseNorm(_Response):
    """Each value divided by the strength of those of the `size` channels around it, to the power of beta.

    C1  The input has channels and at least one axis behind them.

    Source: torch.nn.LocalResponseNorm.
    """

    takes = Takes("C1", ("channels", "length", "*"))
    result_dtypes: ClassVar[Mapping[str, str]] = {"output": "float"}

    k: _Factor = 1.0

    examples = (
        Example({"size": 5}, input=(96, 27, 27), output=(96, 27, 27), parameters=0, macs=0),
        Example({"size": 2, "alpha": 0.001, "beta": 0.5, "k": 2}, input=(4, 10), output=(4, 10)),
        Example({"size": 5}, input=(96,), breaks="C1", code="MS303"),
    )


class CrossMapLRN2d(_Response):
    """Each value divided by the strength of those of the `size` channels around it, to the power of beta: in a plane.

    C1  The input has three axes: channels, height and width.

    Source: torch.nn.CrossMapLRN2d.
    """

    takes = Takes("C1", ("channels", "height", "width"))
    input_dtype = "float"

    k: _Factor = 1

    examples = (
        Example({"size": 5}, input=(96, 27, 27), output=(96, 27, 27), parameters=0, macs=0),
        Example({"size": 3, "k": 2}, input=(4, 5, 6), output=(4, 5, 6)),
        Example({"size": 5}, input=(96, 27), breaks="C1", code="MS303"),
    )
