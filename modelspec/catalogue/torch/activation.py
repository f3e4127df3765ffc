"""torch.nn: activations, element by element."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from modelspec.kinds import Choice, Number, Optional
from modelspec.layer import Broken, Example, Layer, Size, Tensor, axes, no_macs, no_tensors, same_shape
from modelspec.shape import Shape, differs, show_dim, show_shape


class _Elementwise(Layer):
    list_tensors = no_tensors
    count_macs = no_macs

    output_shape = same_shape


class _Floating(_Elementwise):
    input_dtype = "float"


class _Inplace(_Floating):
    inplace: bool = False

    examples: ClassVar[tuple[Example, ...]] = (
        Example({}, input=(16, 8, 8), output=(16, 8, 8), parameters=0, macs=0),
        Example({"inplace": True}, input=(), output=()),
        Example({}, input=(5,), dtype="int64", code="MS308"),
    )


class ReLU(_Elementwise):
    """max(0, x).

    Source: torch.nn.ReLU.
    """

    inplace: bool = False

    examples = (
        Example({}, input=(32,), output=(32,), parameters=0, macs=0),
        Example({"inplace": True}, input=(), output=(), dtype="int64"),
    )


class ReLU6(_Elementwise):
    """min(max(0, x), 6).

    Source: torch.nn.ReLU6.
    """

    inplace: bool = False

    examples = (
        Example({}, input=(32, 7, 7), output=(32, 7, 7), parameters=0, macs=0),
        Example({"inplace": True}, input=(), output=(), dtype="int64"),
    )


class Hardtanh(_Elementwise):
    """x, but no less than min_val and no more than max_val.

    C1  max_val is more than min_val.

    min_value and max_value are older names of the two, which win where they are given.

    Source: torch.nn.Hardtanh.
    """

    min_val: Annotated[float, Number()] = -1.0
    max_val: Annotated[float, Number()] = 1.0
    inplace: bool = False
    min_value: Annotated[float | None, Optional(Number())] = None
    max_value: Annotated[float | None, Optional(Number())] = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        low = self.min_val if self.min_value is None else self.min_value
        high = self.max_val if self.max_value is None else self.max_value
        if high <= low:
            field = "max_val" if self.max_value is None else "max_value"
            yield Broken("C1", f"from {low:g} to {high:g} there is nothing", field, f"more than {low:g}")

    examples = (
        Example({}, input=(5,), output=(5,), parameters=0, macs=0),
        Example({"min_val": 0, "max_val": 6.5, "inplace": True}, input=(3, 4), output=(3, 4), dtype="int64"),
        Example({"min_val": 1}, input=(5,), breaks="C1", code="MS305", field="max_val"),
        Example({"max_value": -2}, input=(5,), breaks="C1", code="MS305", field="max_value"),
    )


class LeakyReLU(_Floating):
    """x where it is positive, negative_slope × x elsewhere.

    Source: torch.nn.LeakyReLU.
    """

    negative_slope: Annotated[float, Number()] = 0.01
    inplace: bool = False

    examples = (
        Example({}, input=(16, 8, 8), output=(16, 8, 8), parameters=0, macs=0),
        Example({"negative_slope": 0.2, "inplace": True}, input=(5,), output=(5,)),
    )


class PReLU(_Elementwise):
    """x where it is positive, a learned factor times x elsewhere: one factor for all, or one for each channel.

    C1  num_parameters is 1, or the size of the input's first axis.

    Source: torch.nn.PReLU.
    """

    input_dtype = "float"

    num_parameters: Size = 1
    init: Annotated[float, Number()] = 0.25

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if differs(self.num_parameters, 1) and all(differs(self.num_parameters, channels) for channels in x[:1]):
            number = show_dim(self.num_parameters)
            message = f"num_parameters is {number}, but {show_shape(x)} arrives, whose first axis is not {number}"
            hint = "1 for a factor that all share" + (f", or {show_dim(x[0])} for one each" if x else "")
            yield Broken("C1", message, "num_parameters", hint, "MS304", 0 if x else None)

    def list_tensors(self) -> Iterator[Tensor]:
        yield Tensor("weight", axes(num_parameters=self.num_parameters))

    def parameters_by_hand(self) -> str:
        return "num_parameters"

    examples = (
        Example({}, input=(16, 8, 8), output=(16, 8, 8), parameters=1, macs=0),
        Example({"num_parameters": 16, "init": 0.1}, input=(16, 8), output=(16, 8), parameters=16, macs=0),
        Example({}, input=(), output=(), parameters=1),
        Example({"num_parameters": 8}, input=(16, 8), breaks="C1", code="MS304"),
        Example({"num_parameters": 8}, input=(), breaks="C1", code="MS304"),
    )


class RReLU(_Floating):
    """x where it is positive, elsewhere x times a factor: a random one in training, (lower + upper) / 2 in evaluation.

    C1  lower is at most upper.

    Source: torch.nn.RReLU.
    """

    lower: Annotated[float, Number()] = 1 / 8
    upper: Annotated[float, Number()] = 1 / 3
    inplace: bool = False

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if self.lower > self.upper:
            yield Broken("C1", f"lower is {self.lower:g}, which is more than upper ({self.upper:g})", "lower")

    examples = (
        Example({}, input=(8, 5), output=(8, 5), parameters=0, macs=0),
        Example({"lower": 0.1, "upper": 0.1, "inplace": True}, input=(5,), output=(5,)),
        Example({"lower": 0.5}, input=(5,), breaks="C1", code="MS305"),
    )


class ELU(_Floating):
    """x where it is positive, alpha (exp(x) − 1) elsewhere.

    Source: torch.nn.ELU.
    """

    alpha: Annotated[float, Number()] = 1.0
    inplace: bool = False

    examples = (
        Example({}, input=(16, 8, 8), output=(16, 8, 8), parameters=0, macs=0),
        Example({"alpha": 0.5, "inplace": True}, input=(5,), output=(5,)),
    )


class CELU(_Floating):
    """x where it is positive, alpha (exp(x / alpha) − 1) elsewhere.

    C1  alpha is not 0.

    Source: torch.nn.CELU.
    """

    alpha: Annotated[float, Number()] = 1.0
    inplace: bool = False

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if self.alpha == 0:
            yield Broken("C1", "alpha is 0, and x is divided by it", "alpha", "any other number")

    examples = (
        Example({}, input=(16, 8, 8), output=(16, 8, 8), parameters=0, macs=0),
        Example({"alpha": 0.5, "inplace": True}, input=(5,), output=(5,)),
        Example({"alpha": 0}, input=(5,), breaks="C1", code="MS305"),
    )


class SELU(_Inplace):
    """The ELU, scaled so that mean 0 and variance 1 stay what they are.

    Source: torch.nn.SELU.
    """


class GELU(_Floating):
    """x Φ(x), with the normal distribution's Φ, or its approximation by tanh.

    Source: torch.nn.GELU.
    """

    approximate: Annotated[str, Choice("none", "tanh")] = "none"

    examples = (
        Example({}, input=(10, 64), output=(10, 64), parameters=0, macs=0),
        Example({"approximate": "tanh"}, input=(64,), output=(64,)),
    )


class SiLU(_Inplace):
    """x / (1 + exp(−x)), also called swish.

    Source: torch.nn.SiLU.
    """


class Mish(_Inplace):
    """x tanh(softplus(x)).

    Source: torch.nn.Mish.
    """


class Softplus(_Floating):
    """log(1 + exp(beta x)) / beta, and x itself where beta x is above the threshold.

    Source: torch.nn.Softplus.
    """

    beta: Annotated[float, Number()] = 1.0
    threshold: Annotated[float, Number()] = 20.0

    examples = (
        Example({}, input=(10, 64), output=(10, 64), parameters=0, macs=0),
        Example({"beta": 2, "threshold": 10}, input=(), output=()),
    )


class Hardswish(_Inplace):
    """x min(max(0, x + 3), 6) / 6.

    Source: torch.nn.Hardswish.
    """


class Hardsigmoid(_Inplace):
    """min(max(0, x + 3), 6) / 6.

    Source: torch.nn.Hardsigmoid.
    """


class Sigmoid(_Elementwise):
    """1 / (1 + exp(−x)).

    Source: torch.nn.Sigmoid.
    """

    result_dtypes: ClassVar[Mapping[str, str]] = {"output": "float"}

    examples = (
        Example({}, input=(1,), output=(1,), parameters=0, macs=0),
        Example({}, input=(3, 4), output=(3, 4), dtype="int64"),
    )


class LogSigmoid(_Floating):
    """log(1 / (1 + exp(−x))).

    Source: torch.nn.LogSigmoid.
    """

    examples = (Example({}, input=(3, 4), output=(3, 4), parameters=0, macs=0),)


class Tanh(_Elementwise):
    """The hyperbolic tangent of x.

    Source: torch.nn.Tanh.
    """

    result_dtypes: ClassVar[Mapping[str, str]] = {"output": "float"}

    examples = (
        Example({}, input=(128,), output=(128,), parameters=0, macs=0),
        Example({}, input=(3, 4), output=(3, 4), dtype="int64"),
    )


class Softsign(_Elementwise):
    """x / (1 + |x|).

    Source: torch.nn.Softsign.
    """

    result_dtypes: ClassVar[Mapping[str, str]] = {"output": "float"}

    examples = (
        Example({}, input=(128,), output=(128,), parameters=0, macs=0),
        Example({}, input=(3, 4), output=(3, 4), dtype="int64"),
    )
