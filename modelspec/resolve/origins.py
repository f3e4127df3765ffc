"""What does not fit, told with both ends: the layer that says so, and where the size that arrives comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelspec.diagnostics import Edit, Finding, Related, Route, Where
from modelspec.fitting import Fitted, Value
from modelspec.graph import Graph, Leaf, Part, Source
from modelspec.layer import Broken, Layer, fields_of
from modelspec.shape import Shape, Unknown, differs, show_dim, show_shape
from modelspec.spec import Input, Spec
from modelspec.spot import Spot

__all__ = ["Place", "explain", "find_input", "follow_axis", "point", "where_of"]


class Place:
    """A layer in its place, that something is wrong with: where it stands, and what it reads."""

    __slots__ = ("path", "sources", "spot", "where")

    def __init__(self, spot: Spot, where: Where, path: str, sources: tuple[Source, ...]) -> None:
        self.spot = spot
        self.where = where
        self.path = path
        self.sources = sources


def explain(graph: Graph, layer: type[Layer], problem: Broken, place: Place, values: tuple[Value, ...]) -> Finding:
    """The finding for a constraint that does not hold."""
    message = f"{place.path}: {problem.message}"
    if problem.constraint is not None:
        message += f" ({layer.type_name()} {problem.constraint})"
    steps = tuple(problem.field.split(".")) if problem.field is not None else ()
    related: list[Related] = []
    hint = problem.hint
    if problem.code == "MS308":
        dtype = values[problem.input].dtype
        origin = find_dtype(place.spot, place.sources[problem.input], dtype)
        related.append(Related(where_of(graph, origin), f"{dtype} comes from here{_name_layer(origin)}"))
        if origin[0] is not None and layer.input_dtype_at(problem.input) == "integer":
            hint = "indices come from the input: remove this layer, or move it to the front"
    elif problem.axis is not None and values and values[problem.input].shape:
        ends = [(problem.input, problem.axis), *([problem.against] if problem.against is not None else [])]
        for number, axis in sorted(ends):
            shape = values[number].shape
            if not -len(shape) <= axis < len(shape):
                continue
            origin = find_axis(place.spot, place.sources[number], axis, len(shape))
            told = _name_end(problem, shape, axis) + _name_layer(origin)
            if problem.code == "MS303":
                hint = _mend_rank(origin, layer, number, shape) or hint
            related.append(Related(where_of(graph, origin), told))
            related.extend(_list_calls(origin[0], place.spot))
    elif problem.code in ("MS312", "MS313"):
        for source, value in zip(place.sources, values, strict=False):
            spot, step, _ = place.spot.origin(source)
            told = f"{show_shape(value.shape)} comes from here" + _name_layer((spot, step))
            related.append(Related(where_of(graph, (spot, step)), told))
        related = related[:4]
    where = point(graph.spec, place.where, steps)
    fix = _mend(graph.spec, where, steps, problem.meant)
    return Finding(problem.code, message, where, hint, place.path, tuple(related), fix=fix)


def _mend(spec: Spec, where: Where, steps: Route, meant: int | None) -> tuple[Edit, ...]:
    """The change that surely mends an argument which contradicts what arrives: that, where it is a number there.

    Where the same entry may be met with other sizes (in a block, a repeat, or a variant), it is left out: inferred.
    """
    if meant is None or not steps or where.route[-len(steps) :] != steps:
        return ()
    at: Any = (spec.libraries[where.file].document if where.file else spec.document).tree
    once = not where.file and where.route[0] == "layers" and not spec.variants
    for step in where.route:
        at = at[step]
        once = once and not (isinstance(at, dict) and ("repeat" in at or "experts" in at))
    if at.__class__ is not int:
        return ()
    return (Edit("set" if once else "remove", where.route, meant if once else None, where.file),)


def _name_layer(origin: tuple[Spot | None, int]) -> str:
    """The path of the layer that an end is, where its line alone does not say which one is meant: in a container."""
    spot, step = origin
    if spot is None or spot.parent is None:
        return ""
    return f": {spot.prefix if step < 0 else spot.path(step)}"


def _list_calls(spot: Spot | None, seen_from: Spot) -> Iterator[Related]:
    """The calls of blocks on the way to an end, the innermost first, that are not on the way to what is told."""
    known = set()
    around: Spot | None = seen_from
    while around is not None:
        known.add((around.item, around.prefix, around.base))
        around = around.parent
    while spot is not None and spot.parent is not None and (spot.item, spot.prefix, spot.base) not in known:
        if isinstance(spot.item, Part) and spot.item.isolated:
            where = spot.parent.part.where(spot.step)
            yield Related(where._replace(route=(*where.route, "block")), "its block is called from here")
        spot = spot.parent


def _name_end(problem: Broken, shape: Shape, axis: int) -> str:
    if problem.code == "MS303":
        return f"{show_shape(shape)} comes from here"
    size = show_dim(shape[axis])
    if size == "?":
        return "the unknown axis comes from here"
    if problem.against is not None:
        return f"the axis of size {size} of {show_shape(shape)} comes from here"
    return f"the axis of size {size} comes from here"


def _mend_rank(origin: tuple[Spot | None, int], layer: type[Layer], number: int, shape: Shape) -> str | None:
    """The way out where the wrong number of axes arrives, if it can be told from where they come from."""
    takes = layer.takes_at(number)
    spot, step = origin
    if spot is None:
        too_many = not takes.fits(len(shape)) and takes.fits(len(shape) - 1)
        return f"leave the batch out of `input`: {show_shape(shape[1:])}" if too_many and len(shape) > 1 else None
    fitted = _fitted(spot, step)
    way = None if fitted is None or not takes.fits(len(shape) + 1) else fitted.layer.mend_missing_axis()
    return None if way is None else f"{way} in {spot.prefix if step < 0 else spot.path(step)}"


def _fitted(spot: Spot, step: int) -> Fitted | None:
    return spot.item.fitted if isinstance(spot.item, Leaf) else spot.fitted(step)


def point(spec: Spec, where: Where, steps: Route) -> Where:
    """Where an argument stands; the layer's type where it was not written."""
    document = spec.libraries[where.file].document if where.file else spec.document
    at: Any = document.tree
    for step in where.route:
        at = at[step]
    route = where.route
    for step in steps:
        if not isinstance(at, dict) or step not in at:
            break
        route, at = (*route, step), at[step]
    if isinstance(at, dict):
        key = next((key for key in ("type", "block", "share") if key in at), None)
        route = (*route, key) if key is not None else route
    return where._replace(route=route)


def where_of(graph: Graph, origin: tuple[Spot | None, int]) -> Where:
    """Where a layer stands, or an input of the model."""
    spot, step = origin
    if spot is None:
        given = list(graph.spec.inputs.values())[step]
        assert isinstance(given, Input)
        return Where(given.route[:2] if given.route[0] == "inputs" else given.route[:1])
    return where_is(spot, step)


def where_is(spot: Spot, step: int) -> Where:
    """Where a step of a spot's part stands; -1 for the repeated layer that the spot is."""
    if step < 0:
        assert spot.parent is not None
        return spot.parent.part.where(spot.step)
    return spot.part.where(step)


def _reads(spot: Spot, step: int) -> tuple[Spot, tuple[Source, ...]]:
    """What a layer reads, and in which spot's terms."""
    if step < 0:
        assert spot.parent is not None
        return spot.parent, spot.reads
    return spot, spot.sources(step)


def find_input(spot: Spot, source: Source) -> int | None:
    """The number of the model's input that a source passes on unchanged but for its shape; None if it is none."""
    at, step, _ = spot.origin(source)
    while at is not None:
        fitted = _fitted(at, step)
        if fitted is None or fitted.layer.result != "view":
            return None
        around, sources = _reads(at, step)
        at, step, _ = around.origin(sources[0])
    return step


def find_dtype(spot: Spot, source: Source, dtype: str) -> tuple[Spot | None, int]:
    """The layer that gives what a source names its dtype; None and the number of an input, if it is one."""
    at, step, _ = spot.origin(source)
    while at is not None:
        fitted = _fitted(at, step)
        if fitted is None or not fitted.inputs or fitted.inputs[0].dtype != dtype:
            break
        around, sources = _reads(at, step)
        at, step, _ = around.origin(sources[0])
    return at, step


def find_axis(spot: Spot, source: Source, axis: int, rank: int) -> tuple[Spot | None, int]:
    """The layer that gives an axis of what a source names its size; None and the number of an input, if it is one."""
    axis = axis - rank if axis >= 0 else axis
    at, step, result = spot.origin(source)
    unknown = False
    while at is not None:
        fitted = _fitted(at, step)
        if fitted is None:
            break
        shape = (fitted.output if result is None else fitted.outputs[result]).shape
        unknown = unknown or (-axis <= len(shape) and isinstance(shape[axis], Unknown))
        found = _find_blurred(fitted, axis) if unknown else follow_axis(fitted, result, axis)
        if found is None:
            break
        number, axis = found
        around, sources = _reads(at, step)
        if number >= len(sources):
            break
        at, step, result = around.origin(sources[number])
    return at, step


def _find_blurred(fitted: Fitted, axis: int) -> tuple[int, int] | None:
    """The input with the first unknown size: an unknown one comes from there, whatever has become of the axes since."""
    for number, x in enumerate(fitted.inputs):
        if any(isinstance(size, Unknown) for size in x.shape):
            return number, axis
    return None


def follow_axis(fitted: Fitted, result: str | None, axis: int) -> tuple[int, int] | None:
    """The input from which a layer has an axis, and the axis there; None if it makes it itself.

    It passes an axis on that comes out as it went in, and would if it were twice as long.
    """
    shapes = [value.shape for value in fitted.inputs]
    after = _give(fitted, result, shapes)
    if -axis > len(after):
        return None
    ends = [
        (number, there)
        for number, shape in enumerate(shapes)
        for there in range(-1, -len(shape) - 1, -1)
        if not differs(shape[there], after[axis])
    ]
    # Among axes of one length, the one in its place comes first.
    ends.sort(key=lambda end: end[1] != axis)
    for together in (False, True):
        for number, there in ends:
            longer = [
                _stretch(shape, there)
                if other == number or (together and _is_like(shape, shapes[number], there))
                else shape
                for other, shape in enumerate(shapes)
            ]
            given = _give(fitted, result, longer)
            if -axis <= len(given) and not differs(given[axis], 2 * after[axis]):
                return number, there
    return None


def _give(fitted: Fitted, result: str | None, shapes: list[Shape]) -> Shape:
    """What a layer gives on other shapes, with what it infers from them."""
    layer = fitted.layer
    if fitted.inferred:
        layer = layer.__class__.__new__(layer.__class__)
        layer.__dict__.update(fitted.layer.__dict__)
        fields = fields_of(layer.__class__)
        layer.__dict__.update({name: fields[name].from_shapes(tuple(shapes)) for name in fitted.inferred})
    results = layer.outputs(*shapes)
    return next(iter(results.values())) if result is None else results[result]


def _stretch(shape: Shape, axis: int) -> Shape:
    longer = list(shape)
    longer[axis] = 2 * longer[axis]
    return tuple(longer)


def _is_like(shape: Shape, other: Shape, axis: int) -> bool:
    """Whether what goes together with it must be as long: a sum takes two of one size."""
    return len(shape) == len(other) and not differs(shape[axis], other[axis])
