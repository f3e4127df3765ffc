"""The kinds of arguments that the layers of keras.layers share: activations, initializers, regularizers, constraints.

Keras takes such an object by its name, or as a mapping with `class_name` and `config`, which is how it is saved.
Source: keras.activations, keras.initializers, keras.regularizers, keras.constraints (3.15).
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from modelspec.kinds import AnyValue, Boolean, Choice, Integer, Kind, ListOf, Number, Optional, Words, is_sure
from modelspec.layer import Broken
from modelspec.refusal import Refused, find_near, name_value

__all__ = [
    "ActivationFunction",
    "ActivityRegularizer",
    "Axes",
    "BoxFormat",
    "DataFormat",
    "Factor",
    "FillMode",
    "FillValue",
    "Fraction",
    "GroupCount",
    "KernelInitializer",
    "LoraScale",
    "MatrixInitializer",
    "NoValue",
    "NonNegativeNumber",
    "OptionalAxes",
    "OptionalBoolean",
    "OptionalFactor",
    "OptionalNumber",
    "OptionalSignedFactor",
    "OptionalSize",
    "Padding",
    "QuantizationConfig",
    "Regularizer",
    "RenormClipping",
    "Sampling",
    "Seed",
    "SignedFactor",
    "TargetShape",
    "UseCudnn",
    "ValueRange",
    "VectorInitializer",
    "VectorRegularizer",
    "WeightConstraint",
    "check_initializer",
    "check_lora",
    "check_regularizer",
    "one_or_more",
    "one_or_two",
]

_SERIALIZED = {
    "type": "object",
    "required": ["class_name"],
    "properties": {"class_name": {"type": "string"}},
}


def _complete_object(kind: Kind, value: Any) -> Mapping[str, Any]:
    """Take a mapping as Keras saves an object. Its class may be the author's own, so any name is taken."""
    if not isinstance(value, Mapping):
        raise kind.refuse(value)
    if "class_name" not in value:
        message = "'class_name' is missing: Keras saves an object as class_name and config"
        raise Refused(message, code="MS204", hint="write {class_name: …, config: {…}}")
    if not isinstance(value["class_name"], str):
        message = f"expected the name of a class, got {name_value(value['class_name'])}"
        raise Refused(message, route=("class_name",))
    return value


class _Named(Choice):
    """An object of Keras: one of the names that it knows, or the mapping that it saves it as.

    `unfit` are names that Keras knows and that cannot work here, each with the reason and the way out.
    """

    def __init__(self, what: str, options: tuple[str, ...], unfit: Mapping[str, tuple[str, str]] | None = None) -> None:
        super().__init__(*options)
        self.unfit = unfit or {}
        self.words = f"{what}: its name, or a mapping with class_name and config"

    def complete(self, value: Any) -> Any:
        if not isinstance(value, str):
            return _complete_object(self, value)
        if value in self.options:
            return value
        if value in self.unfit:
            reason, hint = self.unfit[value]
            raise Refused(f"'{value}' {reason}", code="MS206", hint=hint)
        near = find_near(value, self.options)
        hint = f"did you mean '{near}'?" if near else f"one of: {', '.join(self.options)}"
        raise self.refuse(value, hint, "MS206", meant=near if near and is_sure(value, near, self.options) else None)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        named = {"enum": list(self.options), "errorMessage": f"Expected {self.words}."}
        return {"anyOf": [named, dict(_SERIALIZED)]}


class _Serialized(AnyValue):
    """An object of Keras that has no name of its own: the mapping that it is saved as."""

    def __init__(self, what: str) -> None:
        self.words = f"{what}: a mapping with class_name and config"

    def complete(self, value: Any) -> Any:
        return _complete_object(self, value)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        return dict(_SERIALIZED)


class _Null(AnyValue):
    """An argument that can only be left out: what Keras takes there is no part of an architecture's file."""

    words = "null"

    def __init__(self, hint: str) -> None:
        self.hint = hint

    def complete(self, value: Any) -> None:
        if value is not None:
            raise self.refuse(value, self.hint)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        return {"type": "null"}


class _Clipping(AnyValue):
    """Bounds of batch renormalisation: any of rmax, rmin and dmax, each a number."""

    words = "a mapping with any of rmax, rmin and dmax"
    keys = ("rmax", "rmin", "dmax")

    def complete(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise self.refuse(value)
        number = Number()
        for key, member in value.items():
            if key not in self.keys:
                message = f"unknown key {name_value(key)}"
                raise Refused(message, code="MS203", route=(key,), hint=f"one of: {', '.join(self.keys)}")
            try:
                number.complete(member)
            except Refused as refused:
                raise refused.under(key) from None
        if "rmax" in value and "rmin" in value and value["rmax"] < value["rmin"]:
            raise Refused(f"rmax is {value['rmax']}, below rmin, which is {value['rmin']}", code="MS206")
        if "dmax" in value and value["dmax"] < 0:
            message = f"expected a number of at least 0, got {value['dmax']}"
            raise Refused(message, code="MS206", route=("dmax",))
        return value

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        bounds = {"rmax": {"type": "number"}, "rmin": {"type": "number"}, "dmax": {"type": "number", "minimum": 0}}
        return {"type": "object", "properties": bounds, "additionalProperties": False}


class _OneOrMore(ListOf):
    """A value, or a list of such; the one value stays as it is."""

    def complete(self, value: Any) -> Any:
        return super().complete(value) if isinstance(value, (list, tuple)) else self.item.complete(value)


def one_or_two(item: Kind) -> Kind:
    """A value, or a list of two: the least and the most."""
    return _OneOrMore(item, minimum=2, maximum=2, single=True, words=f"{item.words} or a list of two such")


def one_or_more(item: Kind) -> Kind:
    """A value, or a list of such."""
    return _OneOrMore(item, minimum=1, single=True)


class _SizeOrMinusOne(Integer):
    """A size, or −1, which means what `meaning` says."""

    def __init__(self, meaning: str) -> None:
        super().__init__(-1, words=f"a positive integer, or -1 for {meaning}")

    def complete(self, value: Any) -> Any:
        if value.__class__ is int and value == 0:
            raise self.refuse(value, code="MS206")
        return super().complete(value)

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        number = super().schema(expression)
        number["anyOf"][0]["not"] = {"const": 0}
        return number


_ACTIVATIONS = tuple(
    (  # noqa: SIM905 - a word on each line is no better to read
        "celu elu exponential gelu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear "
        "log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus "
        "sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink"
    ).split()
)
_UNFIT_ACTIVATIONS = {
    "glu": (
        "halves the last axis, and Keras's own layers and shapes do not reckon with it",
        "split the layer in two, and multiply one by the sigmoid of the other",
    ),
    "threshold": (
        "needs a threshold and a value, which a name cannot give",
        "use a ReLU layer with its argument threshold",
    ),
}
_INITIALIZERS = tuple(
    (  # noqa: SIM905 - as above
        "glorot_normal glorot_uniform he_normal he_uniform lecun_normal lecun_uniform normal one ones random_normal "
        "random_uniform truncated_normal uniform variance_scaling zero zeros GlorotNormal GlorotUniform HeNormal "
        "HeUniform LecunNormal LecunUniform Ones RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros"
    ).split()
)
_ORTHOGONAL = ("orthogonal", "Orthogonal", "OrthogonalInitializer")
_IDENTITY = ("identity", "Identity", "IdentityInitializer")
_STFT = ("stft", "STFT", "STFTInitializer")
_NO_VALUE = ("needs its value", "write {class_name: Constant, config: {value: …}}")
_UNFIT_INITIALIZERS = {
    "constant": _NO_VALUE,
    "Constant": _NO_VALUE,
    **dict.fromkeys(_STFT, ("makes the kernel of a STFTSpectrogram", "write a mapping with class_name and config")),
}
_TWO_AXES = ("needs a tensor of two axes or more", "use glorot_uniform or zeros, for example")
_MATRIX = ("needs a tensor of two axes", "use glorot_uniform or zeros, for example")
_REGULARIZERS = ("l1", "l2", "l1l2", "L1", "L2", "L1L2")
_ORTHOGONAL_REGULARIZERS = ("orthogonal_regularizer", "OrthogonalRegularizer")
_CONSTRAINTS = ("max_norm", "min_max_norm", "non_neg", "unit_norm", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm")

ActivationFunction = Annotated[Any, Optional(_Named("an activation", _ACTIVATIONS, _UNFIT_ACTIVATIONS))]
"""`null` is the identity, as `linear` is."""

_NEEDS_TWO_AXES = dict.fromkeys((*_ORTHOGONAL, *_IDENTITY), _TWO_AXES)
_NEEDS_MATRIX = dict.fromkeys(_IDENTITY, _MATRIX)
VectorInitializer = Annotated[
    Any, Optional(_Named("an initializer", _INITIALIZERS, {**_UNFIT_INITIALIZERS, **_NEEDS_TWO_AXES}))
]
MatrixInitializer = Annotated[
    Any, Optional(_Named("an initializer", (*_INITIALIZERS, *_ORTHOGONAL, *_IDENTITY), _UNFIT_INITIALIZERS))
]
KernelInitializer = Annotated[
    Any,
    Optional(_Named("an initializer", (*_INITIALIZERS, *_ORTHOGONAL), {**_UNFIT_INITIALIZERS, **_NEEDS_MATRIX})),
]
"""Of a convolution's kernel, which has three axes or more."""

_ORTHOGONAL_UNFIT = dict.fromkeys(_ORTHOGONAL_REGULARIZERS, ("needs a tensor of two axes", "use l2, for example"))
Regularizer = Annotated[Any, Optional(_Named("a regularizer", (*_REGULARIZERS, *_ORTHOGONAL_REGULARIZERS)))]
VectorRegularizer = Annotated[Any, Optional(_Named("a regularizer", _REGULARIZERS, _ORTHOGONAL_UNFIT))]
"""Of a tensor that has not two axes: a bias, a scale, a convolution's kernel."""
_ACTIVITY_UNFIT = dict.fromkeys(
    _ORTHOGONAL_REGULARIZERS,
    ("is for a matrix of weights: the rows of a layer's result are samples", "use l2, for example"),
)
ActivityRegularizer = Annotated[Any, Optional(_Named("a regularizer", _REGULARIZERS, _ACTIVITY_UNFIT))]
"""Of what a layer gives."""
WeightConstraint = Annotated[Any, Optional(_Named("a constraint", _CONSTRAINTS))]
QuantizationConfig = Annotated[Any, Optional(_Serialized("a quantization config"))]
"""It takes effect when the model is quantized, which is later than the architecture."""
RenormClipping = Annotated[Any, Optional(_Clipping())]
NoValue = Annotated[None, _Null("values of weights stand in no spec: load them into the model once it is built")]

DataFormat = Annotated[str | None, Optional(Choice("channels_last", "channels_first"))]
"""`null` is Keras's own default, channels_last."""
Padding = Annotated[str, Choice("valid", "same")]
Fraction = Annotated[float, Number(0, 1)]
NonNegativeNumber = Annotated[float, Number(0)]
OptionalBoolean = Annotated[bool | None, Optional(Boolean())]
OptionalNumber = Annotated[float | None, Optional(Number(0))]
OptionalSize = Annotated[int | None, Optional(Integer(1))]
LoraScale = Annotated[float | None, Optional(Number())]
FillMode = Annotated[str, Choice("reflect", "wrap", "constant", "nearest")]
FillValue = Annotated[float, Number()]
Sampling = Annotated[str, Choice("nearest", "bilinear")]
BoxFormat = Annotated[Any, AnyValue()]
"""Of the bounding boxes that go with images; they bear on no shape."""
Factor = Annotated[Any, one_or_two(Number(0, 1))]
"""How much is changed at random: the most, or the least and the most."""
SignedFactor = Annotated[Any, one_or_two(Number(-1, 1))]
OptionalFactor = Annotated[Any, Optional(one_or_two(Number(0, 1)))]
OptionalSignedFactor = Annotated[Any, Optional(one_or_two(Number(-1, 1)))]
ValueRange = Annotated[tuple[float, ...], ListOf(Number(), minimum=2, maximum=2)]
Seed = Annotated[int | None, Optional(Integer(-(2**31), 2**32 - 1, words="an integer of 32 bits"))]
UseCudnn = Annotated[Any, Words("auto", other=Boolean())]
Axes = Annotated[tuple[int, ...], ListOf(Integer(words="the number of an axis"), minimum=1, single=True)]
TargetShape = Annotated[tuple[int, ...], ListOf(_SizeOrMinusOne("what is left"))]
GroupCount = Annotated[int, _SizeOrMinusOne("a group for each channel")]
OptionalAxes = Annotated[
    tuple[int, ...] | None,
    Optional(ListOf(Integer(words="the number of an axis"), single=True)),
]


def check_initializer(number: str, value: Any, field: str, rank: int) -> Iterator[Broken]:
    """An orthogonal tensor has two axes or more, an identity two; for a tensor whose axes the arguments decide.

    Source: keras.initializers.Orthogonal and Identity.
    """
    if isinstance(value, str) and ((value in _ORTHOGONAL and rank < 2) or (value in _IDENTITY and rank != 2)):
        told = "one axis" if rank == 1 else f"{rank} axes"
        message = f"{field} is {value}, which is for a matrix, but the tensor has {told}"
        yield Broken(number, message, field, "use glorot_uniform or zeros, for example")


def check_regularizer(number: str, value: Any, field: str, rank: int) -> Iterator[Broken]:
    """An orthogonal regularizer is for a tensor of two axes; for one whose axes the arguments decide.

    Source: keras.regularizers.OrthogonalRegularizer.
    """
    if isinstance(value, str) and value in _ORTHOGONAL_REGULARIZERS and rank != 2:
        told = "one axis" if rank == 1 else f"{rank} axes"
        message = f"{field} is {value}, which is for a matrix, but the tensor has {told}"
        yield Broken(number, message, field, "use l2, for example")


def check_lora(number: str, rank: Any, constraint: Any, field: str) -> Iterator[Broken]:
    """`lora_rank` freezes the weight and adds to it, so that no constraint can hold its sum.

    Source: keras.layers.Dense.enable_lora.
    """
    if rank is not None and constraint is not None:
        message = f"lora_rank and {field} do not go together: the low-rank sum cannot be constrained"
        yield Broken(number, message, field, f"leave out lora_rank or {field}")
