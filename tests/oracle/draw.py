"""Argument sets for a layer class, derived from its own fields, kinds and layouts.

Nothing here knows a layer by name: what a class declares is enough. The sets are drawn with a seeded `random.Random`,
so that the same seed gives the same sets. Most go together, for sizes are taken from one another; some do not, so
that refusals are compared too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from modelspec.catalogue import list_layers
from modelspec.kinds import AnyValue, Boolean, Choice, Integer, Kind, ListOf, Number, Optional, PerAxis, Text, Words
from modelspec.layer import Example, Field, Layer, WrappedKind, fields_of

from .outcome import Question, Shape

SIZES = (1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9, 10, 12)
SMALL = (0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4)
TOGETHER = 0.8
"""How often a class whose arguments hang together is asked about what is near one of its examples."""
SLIP = 0.015
"""How often a value is drawn that its kind does not take."""

NEAR = 0.15
"""How often a set is one of the class's own examples, changed here and there."""

# What a field of no fixed form may hold, by how its name ends; others are left at their default.
FREE = {
    "activation": (None, "relu", "tanh", "softmax", "linear", "sigmoid", "gelu"),
    "initializer": ("zeros", "ones", "glorot_uniform", "he_normal", "random_normal"),
    "regularizer": (None, "l1", "l2"),
    "constraint": (None, "non_neg", "max_norm"),
}


def draw(layer: type[Layer], seed: int) -> Iterator[Question]:
    """Questions for this class without end, each once; fewer where the class has no more to ask."""
    random = Random(f"{seed} {layer.dialect} {layer.type_name()}")
    known = set()
    misses = 0
    while misses < 2_000:
        question = _draw_question(layer, random)
        key = json.dumps(question)
        if key in known:
            misses += 1
            continue
        misses = 0
        known.add(key)
        yield question


def _draw_question(layer: type[Layer], random: Random) -> Question:
    shown = _list_shown(layer)
    if shown and random.random() < TOGETHER:
        return _vary_example(layer, random.choice(shown), random)
    if random.random() < NEAR:
        near = _draw_near_example(layer, random)
        if near is not None:
            return near
    shapes: list[Shape] = []
    dtypes: list[str] = []
    known: dict[str, Shape] = {}
    for number in range(_draw_number_of_inputs(layer, random)):
        shapes.append(_draw_shape(layer, number, tuple(shapes), known, random))
        dtype = "int64" if layer.input_dtype_at(number) == "integer" else "float32"
        if random.random() < (0.1 if number else 0.04):
            dtype = "float32" if dtype == "int64" else "int64"
        dtypes.append(dtype)
    return Question(_draw_arguments(layer, tuple(shapes), random, inside=False), tuple(shapes), tuple(dtypes))


def _list_shown(layer: type[Layer]) -> list[Example]:
    """The valid examples of a class whose arguments make sense together only: it is asked about what is near them.

    Those are classes with a text among their arguments (an equation), or with an axis that an argument gives.
    """
    fields = fields_of(layer).values()
    texts = any(
        isinstance(field.kind.kind if isinstance(field.kind, Optional) else field.kind, Text) for field in fields
    )
    kinds = [field.kind.kind if isinstance(field.kind, Optional) else field.kind for field in fields]
    takes = layer.takes if isinstance(layer.takes, tuple) else (layer.takes,)
    named = {name for each in takes for layout in each.layouts for name in layout}
    texts = any(isinstance(kind, Text) for kind in kinds)
    if not texts and not any(field.name in named and field.way == "argument" and field.required for field in fields):
        return []
    sizes = [[size for shape in example.inputs for size in shape] for example in layer.examples]
    return [
        example
        for example, known in zip(layer.examples, sizes, strict=True)
        if example.breaks is None and example.code is None and all(isinstance(size, int) for size in known)
    ]


def _vary_example(layer: type[Layer], example: Example, random: Random) -> Question:
    """An example with other sizes, each the same wherever it stands, and a few other arguments."""
    sizes: dict[int, int] = {}

    def resize(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [resize(member) for member in value]
        if isinstance(value, dict):
            return {name: resize(member) for name, member in value.items()}
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            return value
        return sizes.setdefault(value, random.choice(SIZES))

    alike = random.random() < 0.3
    shapes = tuple(tuple(shape if alike else resize(shape)) for shape in example.inputs)
    if random.random() < 0.05:
        shapes = tuple(tuple(_vary(list(shape), random)) for shape in shapes)
    arguments: dict[str, Any] = {}
    for name, field in fields_of(layer).items():
        given = name in example.arguments
        if given and random.random() < 0.94:
            arguments[name] = (plain if alike else resize)(example.arguments[name])
        elif field.way == "argument" and (field.required or random.random() < 0.25):
            value = _draw_value(field.kind, name, shapes[0] if shapes else (), random)
            if value is not _NOTHING:
                arguments[name] = value
    dtypes = tuple(
        ("int64" if dtype == "float32" else "float32") if random.random() < 0.03 else dtype for dtype in example.dtypes
    )
    return Question(arguments, shapes, dtypes)


def _draw_near_example(layer: type[Layer], random: Random) -> Question | None:
    """A valid example with another size or other arguments here and there: where inputs must fit, few others do."""
    valid = [
        example
        for example in layer.examples
        if example.output is not None and all(isinstance(size, int) for shape in example.inputs for size in shape)
    ]
    if not valid:
        return None
    example = random.choice(valid)
    shapes = [list(shape) for shape in example.inputs]
    if shapes and random.random() < 0.4:
        shape = random.choice(shapes)
        if shape:
            shape[random.randrange(len(shape))] = random.choice(SIZES)
    arguments = {name: _list_members(value) for name, value in example.arguments.items()}
    for name, field in fields_of(layer).items():
        if field.way == "argument" and random.random() < 0.25:
            value = _draw_value(field.kind, name, tuple(shapes[0]) if shapes else (), random)
            if value is not _NOTHING:
                arguments[name] = value
    return Question(arguments, tuple(map(tuple, shapes)), tuple(example.dtypes))


def _list_members(value: Any) -> Any:
    """The value as a reader of YAML gives it: lists, no tuples."""
    if isinstance(value, dict):
        return {name: _list_members(member) for name, member in value.items()}
    return [_list_members(member) for member in value] if isinstance(value, (list, tuple)) else value


def _draw_number_of_inputs(layer: type[Layer], random: Random) -> int:
    least, most = layer.arity
    if least == most == 1:
        return 1
    most = least + 2 if most is None else most
    if random.random() < 0.04:
        return random.choice((max(least - 1, 0), most + 1))
    return random.randint(least, most)


def _draw_shape(
    layer: type[Layer], number: int, before: tuple[Shape, ...], known: dict[str, Shape], random: Random
) -> Shape:
    """The shape of the input with this number. Axes of one name have one size, mostly; `known` are those drawn."""
    layouts = layer.takes_at(number).layouts
    alike = [layout for layout in layouts if before and "*" not in layout and len(layout) == len(before[0])]
    shape: list[int] = []
    for name in random.choice(alike if alike and random.random() < 0.8 else layouts):
        if name not in known or random.random() < 0.05:
            axes = random.choice((0, 0, 1, 1, 2, 3)) if name == "*" else 1
            known[name] = tuple(random.choice(SIZES) for _ in range(axes))
        shape.extend(known[name])
    if before and random.random() < 0.4:
        shape = _vary(shape, random)
    if random.random() < 0.04:
        shape.insert(0, random.choice(SIZES))
    elif shape and random.random() < 0.04:
        shape.pop(0)
    return tuple(shape)


def _vary(shape: list[int], random: Random) -> list[int]:
    """A shape that goes together with this one for some layers, and not for others."""
    rank = len(shape)
    match random.randrange(5):
        case 0 if rank:
            axis = random.randrange(rank)
            return [*shape[:axis], random.choice(SIZES), *shape[axis + 1 :]]
        case 1:
            return [1 if random.random() < 0.5 else size for size in shape]
        case 2 if rank > 1:
            return [*shape[:-2], shape[-1], shape[-2]]
        case 3 if rank:
            return shape[random.randrange(rank) + 1 :]
        case 4 if rank:
            axis = random.randrange(rank)
            return [*shape[:axis], random.randint(1, shape[axis]), *shape[axis + 1 :]]
    return shape


def _draw_arguments(layer: type[Layer], shapes: tuple[Shape, ...], random: Random, *, inside: bool) -> dict[str, Any]:
    shape = shapes[0] if shapes else ()
    arguments: dict[str, Any] = {}
    for name, field in fields_of(layer).items():
        if field.way == "wrapped" and not field.required and random.random() < 0.7:
            continue
        if field.way == "wrapped":
            arguments[name] = _draw_inside(layer, name, shape, random, deep=inside)
        elif field.way == "inferred":
            if random.random() < 0.3:
                arguments[name] = _draw_inferred(field, shapes, random)
        elif field.way == "argument" and (field.required or random.random() < 0.5):
            value = _draw_value(field.kind, name, shape, random)
            if value is not _NOTHING:
                arguments[name] = value
    return arguments


def _draw_inferred(field: Field, shapes: tuple[Shape, ...], random: Random) -> Any:
    if random.random() < 0.7:
        try:
            arriving = field.from_shapes(shapes)
        except (IndexError, TypeError, ValueError):
            arriving = None  # a sample that the layer does not take tells nothing
        if arriving is not None:
            return list(arriving) if isinstance(arriving, tuple) else arriving
    return _draw_value(field.kind, field.name, shapes[0] if shapes else (), random)


def _draw_inside(outer: type[Layer], name: str, shape: Shape, random: Random, *, deep: bool) -> dict[str, Any]:
    """An entry for a wrapped layer: mostly of a type that the outer class's examples hold, else of any."""
    everything = {layer.type_name(): layer for layer in list_layers(outer.dialect)}
    shown = {name_entry(example.arguments[name]) for example in outer.examples if example.arguments.get(name)}
    names = sorted(shown) if random.random() < 0.85 and not deep and shown else sorted(everything)
    plain = [n for n in names if all(field.way != "wrapped" for field in fields_of(everything[n]).values())]
    chosen = random.choice(plain if deep or not names else names)
    return {"type": chosen, **_draw_arguments(everything[chosen], (shape,), random, inside=True)}


def plain(value: Any) -> Any:
    """An example's argument as a reader of YAML gives it: lists, no tuples."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return [plain(member) for member in value] if isinstance(value, (list, tuple)) else value


def name_entry(entry: Any) -> str:
    """The type of a written entry: a bare word, or a mapping with `type`."""
    return entry if isinstance(entry, str) else entry["type"]


_NOTHING: Any = object()


def _draw_value(kind: Kind, name: str, shape: Shape, random: Random) -> Any:
    match kind:
        case Optional():
            drawn = _draw_value(kind.kind, name, shape, random)
            return None if drawn is _NOTHING or random.random() < 0.25 else drawn
        case Words():
            return random.choice(kind.own) if random.random() < 0.5 else _draw_value(kind.other, name, shape, random)
        case Choice():
            return "nonsense" if random.random() < SLIP else random.choice(kind.options)
        case Boolean():
            return random.random() < 0.5
        case Integer():
            return _draw_integer(kind, shape, random)
        case Number():
            return _draw_number(kind, random)
        case PerAxis():
            return _draw_per_axis(kind, name, shape, random)
        case ListOf():
            return _draw_list(kind, name, shape, random)
        case Text():
            return "text"
        case AnyValue():
            return random.choice(FREE.get(name.rpartition("_")[2], (_NOTHING,)))
        case WrappedKind():
            raise AssertionError("a wrapped field is drawn with its class")
        case _:
            return _draw_schema(kind.schema({}), random)


def _draw_schema(schema: Mapping[str, Any], random: Random) -> Any:
    """A value of a kind that a dialect brings: what its schema takes is all that is known of it."""
    if "anyOf" in schema:
        drawn = [_draw_schema(part, random) for part in schema["anyOf"]]
        return random.choice([value for value in drawn if value is not _NOTHING] or [_NOTHING])
    if "enum" in schema:
        return "nonsense" if random.random() < SLIP else random.choice(schema["enum"])
    match schema.get("type"):
        case "null":
            return None
        case "boolean":
            return random.random() < 0.5
        case "integer":
            return max(random.choice(SMALL), schema.get("minimum", 0))
        case "number":
            return max(random.choice((0.1, 0.5, 1.0, 2.0)), schema.get("minimum", 0))
        case "object" if not schema.get("required"):
            drawn_parts = {name: _draw_schema(part, random) for name, part in schema.get("properties", {}).items()}
            return {n: value for n, value in drawn_parts.items() if value is not _NOTHING and random.random() < 0.7}
    return _NOTHING


def _draw_integer(kind: Integer, shape: Shape, random: Random) -> Any:
    if random.random() < SLIP:
        return random.choice((True, 1.5, kind.minimum - 1 if kind.minimum is not None else -9))
    if kind.minimum is None:
        value = random.randint(-len(shape) - 1, len(shape) + 1)
    elif kind.minimum > 0:
        near = [size for size in shape if size >= kind.minimum]
        value = random.choice(near) if near and random.random() < 0.3 else random.choice(SIZES)
        value = random.choice((1, 2, value)) if random.random() < 0.5 else value
    else:
        value = random.choice(SMALL)
    if kind.minimum is not None:
        value = max(value, kind.minimum)
    return value if kind.maximum is None else min(value, kind.maximum)


def _draw_number(kind: Number, random: Random) -> float:
    low = kind.minimum if kind.minimum is not None else kind.above
    if random.random() < SLIP and low is not None:
        return low - 0.5 if kind.above is None or random.random() < 0.5 else low
    edges = [edge for edge in (kind.minimum, kind.maximum) if edge is not None]
    within = [value for value in (1e-5, 0.1, 0.25, 0.5, 0.9, 1.0, 2.0) if kind.maximum is None or value <= kind.maximum]
    within = [value for value in within if low is None or value > low]
    if low is None:
        within.append(-0.5)
    return random.choice(within + edges)


def _draw_per_axis(kind: PerAxis, name: str, shape: Shape, random: Random) -> Any:
    assert kind.rank is not None
    if random.random() < 0.5:
        return _draw_value(kind.item, name, shape, random)
    length = kind.rank + 1 if random.random() < SLIP else kind.rank
    return [_draw_value(kind.item, name, shape, random) for _ in range(length)]


def _draw_list(kind: ListOf, name: str, shape: Shape, random: Random) -> Any:
    if kind.single and random.random() < 0.3:
        return _draw_value(kind.item, name, shape, random)
    if shape and isinstance(kind.item, Integer) and kind.item.minimum is not None and random.random() < 0.6:
        if kind.item.minimum == -1:
            return _regroup(shape, random)
        return list(shape[random.randrange(len(shape)) :])
    if shape and isinstance(kind.item, Integer) and kind.item.minimum is None and random.random() < 0.6:
        return _draw_axes(len(shape), random)
    length = kind.minimum + random.choice((0, 0, 1, 2))
    if length and random.random() < SLIP:
        length -= 1
    return [_draw_value(kind.item, name, shape, random) for _ in range(length)]


def _regroup(shape: Shape, random: Random) -> list[int]:
    """Sizes that hold as many elements, or as many but for one -1, which stands for what is not said."""
    sizes = list(shape)
    axis = random.randrange(len(sizes))
    match random.randrange(4):
        case 0 if axis:
            sizes[axis - 1 : axis + 1] = [sizes[axis - 1] * sizes[axis]]
        case 1:
            factor = random.choice([number for number in range(1, sizes[axis] + 1) if sizes[axis] % number == 0])
            sizes[axis : axis + 1] = [factor, sizes[axis] // factor]
        case 2:
            sizes.insert(0, random.choice(SIZES))
    if sizes and random.random() < 0.5:
        sizes[random.randrange(len(sizes))] = -1
    return sizes


def _draw_axes(rank: int, random: Random) -> list[int]:
    """Numbers of axes: all of them in some order, with the batch in front or without, or a few."""
    axes = random.sample(range(1, rank + 1), rank)
    match random.randrange(3):
        case 0:
            axes.insert(0, 0)
        case 1:
            axes = axes[: random.randint(1, rank)]
    return [axis - rank - 1 if axis and random.random() < 0.3 else axis for axis in axes]
