"""One layer, fitted to what arrives: its arguments complete, its constraints held, its results and costs worked out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelspec.dtype import is_float, promote
from modelspec.expressions import MAX_VALUE
from modelspec.layer import Broken, Field, Layer, Takes, Tensor, fields_of
from modelspec.record import NamedTuple
from modelspec.shape import Count, Shape, Unknown, differs, numel, show_dim, show_shape

__all__ = ["Fitted", "Value", "Written", "fit"]


class Value(NamedTuple):
    """What flows: a tensor's shape for one sample, and its dtype."""

    shape: Shape
    dtype: str


class Written(NamedTuple):
    """A layer inside of a layer, as written: its type and the arguments given."""

    layer: type[Layer]
    arguments: Mapping[str, Any]


class Fitted:
    """A layer type with complete arguments, on the inputs that it was fitted to.

    `given` are the names that the author wrote, `inferred` those that the inputs told; the others are defaults.
    `output` is the main result. `dtype` is that of its weights, `trainable` whether training changes them.
    """

    __slots__ = (
        "cost",
        "dtype",
        "given",
        "inferred",
        "inputs",
        "layer",
        "macs",
        "output",
        "outputs",
        "tensors",
        "trainable",
        "watch",
    )

    def __init__(
        self,
        layer: Layer,
        given: tuple[str, ...],
        inferred: tuple[str, ...],
        inputs: tuple[Value, ...],
        outputs: dict[str, Value],
        tensors: tuple[Tensor, ...],
        macs: Count,
    ) -> None:
        self.layer = layer
        self.given = given
        self.inferred = inferred
        self.inputs = inputs
        self.outputs = outputs
        self.output = next(iter(outputs.values()))
        self.tensors = tensors
        self.macs = macs
        self.dtype = "float32"
        self.trainable = True
        self.cost: Any = None
        """What `cost` has counted: once, however often the layer stands in graphs."""
        self.watch: Any = None
        """What `advice` has found that rules may be about, in the same way."""

    @property
    def output_shape(self) -> Shape:
        """The main result's shape."""
        return self.output.shape


def fit(
    layer: type[Layer],
    given: Mapping[str, Any],
    inputs: tuple[Value, ...],
    activation_dtype: str,
    weight_dtype: str = "float32",
) -> tuple[Fitted | None, list[Broken]]:
    """Fit a layer to its inputs; None for a layer of which nothing can be said any more.

    `given` are complete values (a `Written` for a layer inside). A written argument that contradicts what arrives is
    reported, and what arrives holds: what follows is not to blame. What a class of another package raises is reported.
    """
    if layer.brought_by is None:
        return _fit(layer, given, inputs, activation_dtype, weight_dtype)
    from modelspec.foreign import guard

    return guard(layer, len(inputs), lambda: _fit(layer, given, inputs, activation_dtype, weight_dtype))


def _fit(
    layer: type[Layer],
    given: Mapping[str, Any],
    inputs: tuple[Value, ...],
    activation_dtype: str,
    weight_dtype: str,
) -> tuple[Fitted | None, list[Broken]]:
    broken = _check_arrival(layer, inputs)
    if broken:
        return None, broken
    shapes = tuple([value.shape for value in inputs])
    taken: list[str] = []
    contradicted: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for name, field in fields_of(layer).items():
        if field.way == "argument":
            values[name] = given.get(name, field.default)
        elif field.way == "inferred":
            values[name] = _infer(layer, field, given, shapes, taken, contradicted, broken)
    instance = layer.__new__(layer)
    instance.__dict__.update(values)
    if not _build_inside(instance, given, inputs, activation_dtype, broken):
        return None, broken
    # The constraints among the arguments hold for what was written, even if something else arrives.
    refused = tuple(instance.constrain(*shapes))
    instance.__dict__.update(contradicted)
    if refused and contradicted:
        # What does not go together with a contradicted argument alone is no second mistake.
        remaining = [(problem.constraint, problem.field) for problem in instance.constrain(*shapes)]
        refused = tuple([problem for problem in refused if (problem.constraint, problem.field) in remaining])
    if refused:
        return None, [*broken, *refused]
    results = instance.outputs(*shapes)
    tensors = tuple(instance.list_tensors())
    spoilt = _check_results(results, shapes) or _check_tensors(layer, tensors, given, shapes)
    if spoilt:
        return None, [*broken, *spoilt]
    if layer.result == "held":
        dtype = activation_dtype if is_float(weight_dtype) else weight_dtype
    else:
        dtype = promote([value.dtype for value in inputs]) if layer.promotes else inputs[0].dtype
        if layer.result == "new" and (tensors or not is_float(dtype)) and layer.input_dtype_at(0) != "any":
            dtype = activation_dtype
        elif layer.dialect == "keras" and is_float(dtype):
            # Source: keras.Layer.__call__: a floating input is cast to the dtype that the layer computes in.
            dtype = activation_dtype
    main = next(iter(results.values()))
    fitted = Fitted(
        instance,
        tuple(given),
        tuple(taken),
        inputs,
        {name: Value(shape, _choose_dtype(instance, name, dtype, activation_dtype)) for name, shape in results.items()},
        tensors,
        instance.count_macs(*shapes, main),
    )
    fitted.dtype = weight_dtype
    return fitted, broken


def _build_inside(
    instance: Layer,
    given: Mapping[str, Any],
    inputs: tuple[Value, ...],
    activation_dtype: str,
    broken: list[Broken],
) -> bool:
    """Set what the framework builds from the input: sizes, and layers inside. False if a layer inside has no form."""
    for name, field in fields_of(type(instance)).items():
        if field.way == "built":
            instance.__dict__[name] = _build(instance, field, tuple([value.shape for value in inputs]))
        elif field.way == "wrapped" and not field.required and given.get(name) is None:
            instance.__dict__[name] = None
        elif field.way == "wrapped":
            fed = inputs if field.every else inputs[:1]
            inside = _fit_inside(instance, field, given[name], fed, activation_dtype, broken)
            if inside is None:
                return False
            instance.__dict__[name] = inside
    return True


def _choose_dtype(layer: Layer, name: str, dtype: str, activation_dtype: str) -> str:
    own = layer.dtypes_of_results().get(name)
    if own == "float":
        return dtype if is_float(dtype) else activation_dtype
    if own == "wide":
        return dtype if is_float(dtype) else "int64"
    return own or dtype


def _check_arrival(layer: type[Layer], inputs: tuple[Value, ...]) -> list[Broken]:
    least, most = layer.arity
    if len(inputs) < least or (most is not None and len(inputs) > most):
        return [_refuse_number(layer, len(inputs))]
    broken = []
    for number, x in enumerate(inputs):
        takes, wanted = layer.takes_at(number), layer.input_dtype_at(number)
        into = f" as {layer.input_name_at(number)}" if len(inputs) > 1 else ""
        if not takes.fits(len(x.shape)):
            message = f"takes {takes.show()}{into}, but {show_shape(x.shape)} arrives"
            hint = _rank_hint(takes, len(x.shape))
            broken.append(Broken(takes.constraint, message, code="MS303", hint=hint, axis=-1, input=number))
        elif wanted == "float" and layer.dialect == "torch" and not is_float(x.dtype):
            hint = "state a floating-point dtype for what flows in, or put an Embedding before it"
            message = f"takes floating-point numbers{into}, but {x.dtype} arrives"
            broken.append(Broken(None, message, code="MS308", hint=hint, input=number))
        elif wanted == "mask" and x.dtype != "bool" and not is_float(x.dtype):
            hint = "a mask that is an input says so: {shape: […], dtype: bool}"
            message = f"takes booleans or floating-point numbers{into}, but {x.dtype} arrives"
            broken.append(Broken(None, message, code="MS308", hint=hint, input=number))
        elif wanted == "integer" and is_float(x.dtype):
            hint = "an input that holds indices says so: {shape: […], dtype: int64}"
            message = f"takes integers (indices){into}, but {x.dtype} arrives"
            broken.append(Broken(None, message, code="MS308", hint=hint, input=number))
    return broken


def _refuse_number(layer: type[Layer], number: int) -> Broken:
    """The refusal of so many inputs."""
    least, most = layer.arity
    names = ", ".join(layer.input_names)
    if most == 0:
        hint = "leave `inputs` out: it gives a tensor of its own"
        return Broken(None, f"takes no input, but {number} arrive{'s' * (number == 1)}", code="MS312", hint=hint)
    if most is None:
        takes = f"takes {least} inputs or more"
    elif least == most:
        takes = f"takes {least} inputs ({names})" if least > 1 else "takes one input"
    else:
        takes = f"takes {least} to {most} inputs ({names})"
    arrive = {0: "nothing arrives", 1: "one arrives"}.get(number, f"{number} arrive")
    hint = "name them: `inputs: [a, b]`" if number < least else "name fewer of them under `inputs`"
    return Broken(None, f"{takes}, but {arrive}", code="MS312", hint=hint)


def _rank_hint(takes: Takes, rank: int) -> str | None:
    ranks = [len(layout) for layout in takes.layouts]
    if rank == 0:
        return "a sample of shape [] is a single number: give the input an axis"
    if max(ranks) < rank:
        return "put a Flatten or a pooling layer before it, or leave the batch out of `input`"
    return "an axis is missing: check `input`, or the layer before"


def _infer(
    layer: type[Layer],
    field: Field,
    given: Mapping[str, Any],
    shapes: tuple[Shape, ...],
    taken: list[str],
    contradicted: dict[str, Any],
    broken: list[Broken],
) -> Any:
    arriving = field.from_shapes(shapes)
    if field.name not in given:
        taken.append(field.name)
        return arriving
    written = given[field.name]
    if field.axis is not None and differs(written, arriving):
        number = min(field.input, len(shapes) - 1)
        x = shapes[number]
        axis = "last axis" if field.axis == -1 else "first axis" if field.axis == 0 else f"axis {field.axis}"
        of = f"{layer.input_name_at(number)}, " if len(shapes) > 1 else ""
        arrives = f"{show_dim(arriving)} arrives (the {axis} of {of}{show_shape(x)})"
        message = f"{field.name} is {show_dim(written)}, but {arrives}"
        hint = f"leave {field.name} out, it is inferred; or mend what gives {show_dim(arriving)}"
        meant = arriving if arriving.__class__ is int and written.__class__ is int else None
        if field.axis == -1 and len(x) > 1 and numel(x) == written:
            meant = None
            hint = f"put a Flatten before it, if all {written} are meant; or leave {field.name} out, it is inferred"
        broken.append(Broken(field.constraint, message, field.name, hint, "MS304", field.axis, number, None, meant))
        contradicted[field.name] = arriving
    return written


def _build(instance: Layer, field: Field, shapes: tuple[Shape, ...]) -> Any:
    if field.take is not None:
        return field.take(instance, *shapes)
    assert field.axis is not None
    return shapes[min(field.input, len(shapes) - 1)][field.axis]


def _fit_inside(
    outer: Layer, field: Field, written: Written, inputs: tuple[Value, ...], activation_dtype: str, broken: list[Broken]
) -> Fitted | None:
    assert field.take is not None
    x = inputs[0]
    takes = written.layer.takes_at(0)
    if not takes.fits(len(field.take(outer, x.shape))):
        fed = field.take(outer, x.shape)
        message = f"feeds {show_shape(fed)} to {written.layer.type_name()}, which takes {takes.show()}"
        hint = _rank_hint(takes, len(fed))
        broken.append(Broken(None, message, field.name, hint, "MS303", -1))
        return None
    beside = field.beside(written) if field.beside is not None else ()
    others = (*inputs[1:], *[Value(shape, activation_dtype) for shape in beside])
    feed = (Value(field.take(outer, x.shape), x.dtype), *others)
    inside, problems = fit(written.layer, written.arguments, feed, activation_dtype)
    broken.extend(
        _seen_from_outside(problem, field, [value.shape for value in feed], len(inputs)) for problem in problems
    )
    return inside


def _seen_from_outside(problem: Broken, field: Field, fed: Sequence[Shape], arriving: int) -> Broken:
    """What is wrong with a layer inside, told of the one around it, at which so many inputs arrive.

    What is fed are the last axes of what arrives, so that an axis keeps its number from the end.
    """
    name = f"{field.name}.{problem.field}" if problem.field else field.name
    axis, against = problem.axis, problem.against
    if problem.input >= arriving:
        axis = against = None
    if axis is not None and axis >= 0:
        axis -= len(fed[problem.input])
    if against is not None and against[1] >= 0:
        against = (against[0], against[1] - len(fed[against[0]]))
    return problem._replace(field=name, axis=axis, input=0 if axis is None else problem.input, against=against)


def _check_results(results: Mapping[str, Shape], shapes: tuple[Shape, ...]) -> list[Broken]:
    for shape in results.values():
        for axis, size in enumerate(shape):
            if isinstance(size, Unknown):
                continue
            if size < 1:
                arriving = ", ".join(map(show_shape, shapes)) or "what is written"
                message = f"nothing is left of axis {axis + 1}: {arriving} becomes {show_shape(shape)}"
                return [Broken(None, message, code="MS306", axis=axis if shapes else None)]
            if size > MAX_VALUE:
                message = "an axis of the result is longer than 10^30, the bound of what is reckoned with"
                return [
                    Broken(None, message, code="MS311", hint="no model has an axis of this length: check the sizes")
                ]
    return []


def _check_tensors(
    layer: type[Layer], tensors: tuple[Tensor, ...], given: Mapping[str, Any], shapes: tuple[Shape, ...]
) -> list[Broken]:
    for tensor in tensors:
        for name, size in tensor.axes:
            if isinstance(size, Unknown):
                return [_name_unknown(layer, tensor, name, size, given, shapes)]
    return []


def _name_unknown(
    layer: type[Layer],
    tensor: Tensor,
    axis_name: str,
    size: Unknown,
    given: Mapping[str, Any],
    shapes: tuple[Shape, ...],
) -> Broken:
    """A size that a tensor needs and that is not known: which argument it is, and how to make it known."""
    words = axis_name.replace("[", " ").split()
    fields = [field for name, field in fields_of(layer).items() if name in words]
    # What is written and not known is at fault before what is worked out of it.
    field = min(fields, key=lambda field: not isinstance(given.get(field.name), Unknown), default=None)
    name = field.name if field is not None else axis_name
    causes = ", ".join(sorted(size.causes))
    hint = f"give {causes} a value in `variables`" if causes else "give every axis a size in `input`"
    if field is None or field.name in given or field.way == "argument":
        message = f"{tensor.name} needs {name}, which is not known before the model runs"
        return Broken(None, message, name if name in given else None, hint, "MS307")
    if not causes and field.way == "inferred":
        hint += f", or write {name}"
    number = min(field.input, len(shapes) - 1)
    arriving = show_shape(shapes[number])
    message = f"{tensor.name} needs {name}, which cannot be inferred: {arriving} arrives, with an axis of unknown size"
    return Broken(None, message, None, hint, "MS307", field.axis, number)
