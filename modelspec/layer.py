"""What a layer is: its arguments, what is inferred, its constraints, tensors, MACs and examples.

A layer type is a class, and its class is the only place that knows it. The body declares the constructor's arguments
as annotated fields; the methods say what comes out, which tensors it holds and what it costs. Nothing is built when
the class is made: a run pays for the types that its files use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from modelspec.kinds import (
    AnyValue,
    Boolean,
    Integer,
    Kind,
    ListOf,
    Number,
    Optional,
    PerAxis,
)
from modelspec.record import NamedTuple
from modelspec.shape import Count, Dim, Shape

__all__ = [
    "Anything",
    "Axis",
    "AxisIndex",
    "Broken",
    "Example",
    "Field",
    "Layer",
    "NonNegative",
    "NonNegativePerAxis",
    "OptionalSizePerAxis",
    "Positive",
    "Probability",
    "Size",
    "SizePerAxis",
    "Sizes",
    "Takes",
    "Tensor",
    "Wrapped",
    "WrappedKind",
    "axes",
    "built",
    "fields_of",
    "inferred",
    "keeps_shape",
    "list_constraints",
    "no_macs",
    "no_tensors",
    "same_shape",
    "wrapped",
]


class Axis(NamedTuple):
    """One axis of a tensor: what it runs over, and how long it is."""

    name: str
    size: Dim


class Tensor(NamedTuple):
    """A tensor that a layer holds. `dtype` is None for the weights' own."""

    name: str
    axes: tuple[Axis, ...]
    kind: Literal["parameter", "buffer"] = "parameter"
    trainable: bool = True
    dtype: str | None = None


def axes(**sizes: Dim) -> tuple[Axis, ...]:
    """`axes(out_features=10, in_features=4)`: the axes of a tensor, in order."""
    return tuple([Axis(name, size) for name, size in sizes.items()])


class Broken(NamedTuple):
    """A constraint that does not hold.

    `constraint` is its number in the class's docstring; `field` the argument to point at (None: the layer itself);
    `axis` the axis whose size is at fault, of the input with the number `input`, so that its origin can be told.
    `against` is the other end where two inputs contradict each other: the number of an input and its axis. `meant` is
    what surely belongs in the field, where that can be told: the size that arrives.
    """

    constraint: str | None
    message: str
    field: str | None = None
    hint: str | None = None
    code: str = "MS305"
    axis: int | None = None
    input: int = 0
    against: tuple[int, int] | None = None
    meant: int | None = None


class Takes:
    """The samples that a layer takes, by the names of their axes: `Takes("C1", ("in_channels", "length"))`.

    `"*"` stands for any number of axes, none included. `constraint` is its number in the docstring.
    """

    __slots__ = ("constraint", "layouts")

    def __init__(self, constraint: str | None, *layouts: tuple[str, ...]) -> None:
        self.constraint = constraint
        self.layouts = layouts

    def fits(self, rank: int) -> bool:
        """Whether a sample with so many axes is taken."""
        for layout in self.layouts:
            if "*" in layout:
                if rank >= len(layout) - 1:
                    return True
            elif rank == len(layout):
                return True
        return False

    def show(self) -> str:
        """`[in_channels, length] or [length]`."""
        return " or ".join("[" + ", ".join("…" if name == "*" else name for name in n) + "]" for n in self.layouts)


class Example:
    """A layer with its arguments on an input (or several): what comes out and what it costs, or what it breaks.

    `inputs` and `dtypes` are the shapes and dtypes of what arrives, in order; `field` is the argument pointed at.
    """

    __slots__ = ("arguments", "breaks", "code", "dtypes", "field", "inputs", "macs", "output", "parameters")

    def __init__(
        self,
        arguments: Mapping[str, Any],
        *,
        input: Shape | None = None,
        inputs: tuple[Shape, ...] = (),
        output: Shape | None = None,
        parameters: int | None = None,
        macs: int | None = None,
        breaks: str | None = None,
        code: str | None = None,
        field: str | None = None,
        dtype: str = "float32",
        dtypes: tuple[str, ...] = (),
    ) -> None:
        self.arguments = arguments
        self.inputs = inputs if input is None else (input,)
        self.dtypes = dtypes or (dtype,) * len(self.inputs)
        self.output = output
        self.parameters = parameters
        self.macs = macs
        self.breaks = breaks
        self.code = code
        self.field = field


# Fields. An annotation says the kind, the value the default; without a default an argument must be given.

if TYPE_CHECKING:
    Wrapped = Any
else:

    class WrappedKind(Kind):
        """A layer inside of a layer: an entry of its own. Read by `spec`, which knows the catalogue."""

        words = "a layer: a type name, or a mapping with `type` and its arguments"

    Wrapped = Annotated[Any, WrappedKind()]

Size = Annotated[int, Integer(1)]
NonNegative = Annotated[int, Integer(0)]
Positive = Annotated[float, Number(above=0)]
Probability = Annotated[float, Number(0, 1)]
AxisIndex = Annotated[int, Integer(words="the number of an axis")]
Anything = Annotated[Any, AnyValue()]
Sizes = Annotated[tuple[int, ...], ListOf(Integer(1), minimum=1, single=True)]

# One value for each spatial axis: the class says how many there are, in `rank`.
SizePerAxis = Annotated[tuple[int, ...], PerAxis(Integer(1))]
NonNegativePerAxis = Annotated[tuple[int, ...], PerAxis(Integer(0))]
OptionalSizePerAxis = Annotated[tuple[int, ...] | None, Optional(PerAxis(Integer(1)))]

_BOOLEAN = Boolean()
_REQUIRED = object()


class _Marker:
    __slots__ = ("axis", "beside", "constraint", "every", "input", "optional", "take", "way")

    def __init__(
        self,
        way: str,
        axis: int | None,
        take: Callable[..., Any] | None,
        constraint: str | None = None,
        optional: bool = False,
        input: int = 0,
        every: bool = False,
        beside: Callable[[Any], tuple[Shape, ...]] | None = None,
    ) -> None:
        self.beside = beside
        self.way = way
        self.axis = axis
        self.take = take
        self.constraint = constraint
        self.optional = optional
        self.input = input
        self.every = every


def inferred(
    axis: int | None = None,
    *,
    take: Callable[[Shape], Any] | None = None,
    constraint: str | None = None,
    input: int = 0,
) -> Any:
    """An argument that the author may leave out, for what arrives tells it.

    `axis` is the axis of the sample whose size it is; a written value that differs breaks `constraint`. `take` computes
    it from the sample's shape instead; then the class itself holds the written value against what arrives. `input` is
    the number of the input that tells it; where fewer arrive, the last one does.
    """
    return _Marker("inferred", axis, take, constraint, input=input)


def built(axis: int | None = None, *, take: Callable[..., Any] | None = None, input: int = 0) -> Any:
    """A size that the framework takes from the input when the layer is built: no argument, never written.

    `take` computes it from the layer, its arguments complete, and the shapes of what arrives; it is asked before
    `constrain`, so it gives an unknown size where the arguments make no sense. `input` is as in `inferred`.
    """
    return _Marker("built", axis, take, input=input)


def wrapped(
    take: Callable[[Any, Shape], Shape],
    *,
    optional: bool = False,
    every: bool = False,
    beside: Callable[[Any], tuple[Shape, ...]] | None = None,
) -> Any:
    """A layer inside of this one; `take` gives the shape of what it is fed, from the layer and what arrives.

    With `optional`, it may be left out or be null; it is None then. With `every` it is fed the further inputs, too, as
    they arrive. `beside` gives the shapes of what else it is fed, from the layer as written: a cell's states.
    """
    return _Marker("wrapped", None, take, optional=optional, every=every, beside=beside)


class Field:
    """One declared field of a layer class.

    `way` is `argument` (a constructor's argument), `inferred`, `built` or `wrapped`.
    """

    __slots__ = (
        "axis",
        "beside",
        "constraint",
        "default",
        "every",
        "input",
        "kind",
        "name",
        "required",
        "take",
        "way",
    )

    def __init__(self, name: str, kind: Kind, value: Any) -> None:
        self.name = name
        self.kind = kind
        self.way: str = "argument"
        self.axis: int | None = None
        self.take: Callable[..., Any] | None = None
        self.constraint: str | None = None
        self.input = 0
        self.every = False
        self.beside: Callable[[Any], tuple[Shape, ...]] | None = None
        self.default: Any = None
        self.required = value is _REQUIRED
        if isinstance(value, _Marker):
            self.way = value.way
            self.axis = value.axis
            self.take = value.take
            self.constraint = value.constraint
            self.input = value.input
            self.every = value.every
            self.beside = value.beside
            self.required = value.way == "wrapped" and not value.optional
        elif value is not _REQUIRED:
            self.default = kind.complete(list(value) if isinstance(value, tuple) else value)

    def from_shapes(self, shapes: tuple[Shape, ...]) -> Any:
        """The value that what arrives gives an inferred field."""
        shape = shapes[min(self.input, len(shapes) - 1)]
        if self.take is not None:
            return self.take(shape)
        assert self.axis is not None
        return shape[self.axis]


def _kind_of(annotation: Any) -> Kind | None:
    if annotation is bool:
        return _BOOLEAN
    for extra in getattr(annotation, "__metadata__", ()):
        if isinstance(extra, Kind):
            return extra
    return None


def fields_of(layer: type[Layer]) -> dict[str, Field]:
    """The fields of a layer class by name, in the order of declaration, those of its bases first."""
    known: dict[str, Field] | None = layer.__dict__.get("_fields")
    if known is not None:
        return known
    fields: dict[str, Field] = {}
    for base in reversed(layer.__mro__):
        for name, annotation in getattr(base, "__annotations__", {}).items():
            kind = _kind_of(annotation)
            if kind is not None:
                fields[name] = Field(name, kind.bind(layer), getattr(layer, name, _REQUIRED))
    layer._fields = fields
    return fields


def no_tensors(self: Layer) -> Iterable[Tensor]:
    """What a layer says that holds no parameters and no buffers."""
    return ()


def no_macs(self: Layer, *shapes: Shape) -> Count:
    """What a layer says that multiplies no matrices."""
    return 0


def same_shape(self: Layer, x: Shape) -> Shape:
    """What a layer says whose result has the shape of what arrives, whatever its arguments are."""
    return x


def keeps_shape(layer: type[Layer]) -> bool:
    """Whether a layer's result surely has the shape of what arrives, even if something is wrong with its arguments."""
    return getattr(layer, "output_shape", None) is same_shape


_InputDtype = Literal["any", "float", "integer", "mask"]


class Layer:
    """A layer type. An instance is complete: every field has its value, a plain number or an unknown size.

    Subclasses whose name begins with an underscore are shared arithmetic, and no layers themselves.
    """

    _fields: ClassVar[dict[str, Field]]

    dialect: ClassVar[str]
    """`torch` or `keras`: the package of the catalogue that the class stands in."""
    brought_by: ClassVar[str | None] = None
    """The installed package that brings the class, with its version; None for one of the catalogue."""
    input_names: ClassVar[tuple[str, ...]] = ("input",)
    """What the framework calls the inputs, in order."""
    arity: ClassVar[tuple[int, int | None]] = (1, 1)
    """The least and the most inputs that it takes; None for any number."""
    takes: ClassVar[Takes | tuple[Takes, ...]] = Takes(None, ("*",))
    """The samples that it takes: of every input, or of each in order (the last holds for those that follow)."""
    input_dtype: ClassVar[_InputDtype | tuple[_InputDtype, ...]] = "any"
    """What may arrive. A floating layer of torch refuses integers; an `Embedding` wants them; a mask is booleans or
    floats. As `takes`."""
    result: ClassVar[Literal["new", "view", "held"]] = "new"
    """Whether it makes a tensor, passes on (a view of) the first that arrives, or gives one that it holds."""
    promotes: ClassVar[bool] = False
    """Whether the results have the dtype to which those of all inputs are promoted; else it is the first one's."""
    chooses: ClassVar[bool] = False
    """Whether none of its results is the main one, so that a reference says which: `parts:0`."""
    result_dtypes: ClassVar[Mapping[str, str]] = {}
    """The dtypes of those results that have their own, by the result's name: `int64`; or `float` for what arrives where
    it is a float and else the activations', `wide` for what arrives where it is a float and else int64."""
    examples: ClassVar[tuple[Example, ...]] = ()

    if TYPE_CHECKING:
        # Declared as callables, for subclasses take as many inputs as their layer has.
        output_shape: Callable[..., Shape]
        """The shape of the result, from the shapes of the inputs."""
        list_tensors: Callable[..., Iterable[Tensor]]
        """The parameters and buffers, in the framework's order, under the framework's names."""
        count_macs: Callable[..., Count]
        """Multiply-accumulates for one sample, from the shapes of the inputs and of the result."""
        constrain: Callable[..., Iterable[Broken]]
        outputs: Callable[..., dict[str, Shape]]
        dtypes_of_results: Callable[..., Mapping[str, str]]
        parameters_by_hand: Callable[..., str | None]
        macs_by_hand: Callable[..., str | None]
        conventions: Callable[..., Iterable[str]]
        mend_missing_axis: Callable[..., str | None]
        output_by_hand: Callable[..., Mapping[str, str]]
    else:

        def constrain(self, *shapes):
            """The constraints that do not hold on these inputs."""
            return ()

        def dtypes_of_results(self):
            """`result_dtypes`, where they do not depend on the arguments."""
            return self.result_dtypes

        def outputs(self, *shapes):
            """Every result by the framework's name for it (or its number), the main one first."""
            return {"output": self.output_shape(*shapes)}

        def parameters_by_hand(self):
            """The number of parameters as one would work it out by hand: an expression over the fields."""
            return None

        def macs_by_hand(self, *shapes):
            """The MACs as one would work them out by hand: an expression over the fields and the shapes.

            The shapes are called by `input_names`, and `output`.
            """
            return None

        def mend_missing_axis(self):
            """How this layer would give one axis more, if an argument of its own decides that."""
            return None

        def conventions(self):
            """How this layer is counted where frameworks differ, in a sentence each."""
            return ()

        def output_by_hand(self, *shapes):
            """How an axis of the result comes about: axis name to expression over the fields and the inputs."""
            return {}

    def __init_subclass__(cls) -> None:
        package, _, rest = cls.__module__.partition(".catalogue.")
        if package == "modelspec":
            cls.dialect = rest.partition(".")[0]

    @classmethod
    def takes_at(cls, number: int) -> Takes:
        """The samples that the input with this number takes."""
        takes = cls.takes
        return takes[min(number, len(takes) - 1)] if isinstance(takes, tuple) else takes

    @classmethod
    def input_dtype_at(cls, number: int) -> _InputDtype:
        """What may arrive at the input with this number."""
        wanted = cls.input_dtype
        return wanted if isinstance(wanted, str) else wanted[min(number, len(wanted) - 1)]

    @classmethod
    def input_name_at(cls, number: int) -> str:
        """What the framework calls the input with this number."""
        names = cls.input_names
        return names[number] if number < len(names) else f"{names[-1]}[{number - len(names) + 1}]"

    @classmethod
    def type_name(cls) -> str:
        """The name by which a spec calls this type."""
        return cls.__name__

    def names(self) -> dict[str, Any]:
        """What derivations by hand are over: the fields by name, and where a layer is inside, those of that too."""
        names: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for name, field in fields_of(type(self)).items():
            value = self.__dict__[name]
            if field.way != "wrapped":
                own[name] = value
            elif value is not None:
                names.update(value.layer.names())
        return {**names, **own}

    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments, complete, in the order of declaration."""
        values = self.__dict__
        return {name: values[name] for name, field in fields_of(type(self)).items() if field.way != "built"}


def list_constraints(layer: type[Layer]) -> Iterator[tuple[str, str]]:
    """The numbered constraints of a layer's docstring: `("C1", "in_features is …")`."""
    import inspect
    import re

    # From Python 3.13 on, docstrings come without their indentation.
    text = inspect.cleandoc(layer.__doc__ or "")
    for match in re.finditer(r"^(C\d+)  (.+(?:\n {4,}\S.*)*)", text, re.MULTILINE):
        yield match[1], " ".join(match[2].split())
