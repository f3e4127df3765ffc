"""keras.layers: merging, which takes several inputs."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from modelspec.catalogue.keras.arguments import ActivityRegularizer
from modelspec.catalogue.keras.numbering import check_axis, place_of
from modelspec.catalogue.keras.pairing import refuse_axes, refuse_ranks
from modelspec.kinds import Integer, Kind, PerAxis
from modelspec.layer import AxisIndex, Broken, Example, Layer, Takes, no_macs, no_tensors
from modelspec.shape import (
    UNKNOWN,
    Count,
    Dim,
    Shape,
    Unknown,
    differs,
    numel,
    surely_same,
    total,
)


def _stretch(a: Dim, b: Dim) -> Dim:
    """The size of an axis on which one of the two may be 1, and else they are equal."""
    if surely_same(a, b):
        return a
    if isinstance(a, Unknown):
        # A size that is known and not 1 holds: the other is that, or 1.
        return total((a, b)) if isinstance(b, Unknown) else a if b == 1 else b
    return b if a == 1 else a


def _broadcast(shapes: tuple[Shape, ...]) -> Shape:
    """The shape that all are stretched to, aligned at their last axes. Source: keras.src.layers.merging.base_merge."""
    result: list[Dim] = [1] * max(map(len, shapes))
    for shape in shapes:
        new = len(result) - len(shape)
        result[new:] = [_stretch(a, b) for a, b in zip(result[new:], shape, strict=True)]
    return tuple(result)


class _Merge(Layer):
    arity: ClassVar[tuple[int, int | None]] = (2, None)
    input_names = ("input", "other")
    promotes = True

    activity_regularizer: ActivityRegularizer = None

    list_tensors = no_tensors


class _Elementwise(_Merge):
    count_macs = no_macs

    def constrain(self, *shapes: Shape) -> Iterator[Broken]:
        known: dict[int, tuple[int, int]] = {}
        for number, shape in enumerate(shapes):
            for back in range(1, len(shape) + 1):
                size, here = shape[-back], (number, len(shape) - back)
                if isinstance(size, Unknown) or size == 1:
                    continue
                first = known.setdefault(back, here)
                if shapes[first[0]][first[1]] != size:
                    hint = "on each axis, counted from the last, the sizes are equal or one of them is 1"
                    yield refuse_axes(self, "C1", shapes, here, first, hint)
                    return

    def output_shape(self, *shapes: Shape) -> Shape:
        return _broadcast(shapes)


class Add(_Elementwise):
    """The sum of the inputs, element by element.

    C1  On each axis, counted from the last one, the inputs' sizes are equal, or 1.
    C2  The output has the greatest of the sizes on each axis.

    Source: keras.layers.Add.
    """

    examples = (
        Example({}, inputs=((32, 32, 16), (32, 32, 16)), output=(32, 32, 16), parameters=0, macs=0),
        Example({}, inputs=((4, 1), (3,), ()), output=(4, 3), parameters=0, macs=0),
        Example({}, inputs=((10, 64), (UNKNOWN, 64)), output=(10, 64), parameters=0, macs=0),
        Example({}, inputs=((4,), (4,)), output=(4,), dtypes=("int64", "float32")),
        Example({}, inputs=((4, 3), (4,)), breaks="C1", code="MS313"),
        Example({}, inputs=((4,),), code="MS312"),
    )


class Subtract(_Elementwise):
    """The first input less the second, element by element.

    C1  On each axis, counted from the last one, the inputs' sizes are equal, or 1.
    C2  The output has the greater of the sizes on each axis.

    Source: keras.layers.Subtract.
    """

    arity = (2, 2)

    examples = (
        Example({}, inputs=((10, 64), (10, 64)), output=(10, 64), parameters=0, macs=0),
        Example({}, inputs=((64,), (10, 1)), output=(10, 64), parameters=0, macs=0),
        Example({}, inputs=((10, 64), (9, 64)), breaks="C1", code="MS313"),
        Example({}, inputs=((4,), (4,), (4,)), code="MS312"),
    )


class Multiply(_Elementwise):
    """The product of the inputs, element by element.

    C1  On each axis, counted from the last one, the inputs' sizes are equal, or 1.
    C2  The output has the greatest of the sizes on each axis.

    Source: keras.layers.Multiply.
    """

    examples = (
        Example({}, inputs=((7, 7, 96), (1, 1, 96)), output=(7, 7, 96), parameters=0, macs=0),
        Example({}, inputs=((4,), (4,), (4,)), output=(4,), parameters=0, macs=0),
        Example({}, inputs=((7, 7, 96), (7, 96)), output=(7, 7, 96), parameters=0, macs=0),
        Example({}, inputs=((7, 7, 96), (96, 1, 1)), breaks="C1", code="MS313"),
    )


class Average(_Elementwise):
    """The mean of the inputs, element by element.

    C1  On each axis, counted from the last one, the inputs' sizes are equal, or 1.
    C2  The output has the greatest of the sizes on each axis.

    Source: keras.layers.Average.
    """

    result_dtypes: ClassVar[Mapping[str, str]] = {"output": "float"}

    examples = (
        Example({}, inputs=((29,), (29,), (29,)), output=(29,), parameters=0, macs=0),
        Example({}, inputs=((4,), (4,)), output=(4,), dtypes=("int64", "int64")),
        Example({}, inputs=((29,), (30,)), breaks="C1", code="MS313"),
    )


class Maximum(_Elementwise):
    """The greatest of the inputs, element by element.

    C1  On each axis, counted from the last one, the inputs' sizes are equal, or 1.
    C2  The output has the greatest of the sizes on each axis.

    Source: keras.layers.Maximum.
    """

    examples = (
        Example({}, inputs=((10, 64), (10, 64)), output=(10, 64), parameters=0, macs=0),
        Example({}, inputs=((10, 64), (10, 63)), breaks="C1", code="MS313"),
    )


class Minimum(_Elementwise):
    """The least of the inputs, element by element.

    C1  On each axis, counted from the last one, the inputs' sizes are equal, or 1.
    C2  The output has the greatest of the sizes on each axis.

    Source: keras.layers.Minimum.
    """

    examples = (
        Example({}, inputs=((10, 64), (10, 64)), output=(10, 64), parameters=0, macs=0),
        Example({}, inputs=((10, 64), (10, 63)), breaks="C1", code="MS313"),
    )


class Concatenate(_Merge):
    """The inputs side by side, along one axis.

    C1  The inputs have as many axes, each as the others.
    C2  axis, in which 0 is the batch, is an axis of the samples.
    C3  On every other axis the inputs' sizes are equal.
    C4  The output is as long on axis as the inputs together.

    Source: keras.layers.Concatenate.
    """

    axis: AxisIndex = -1

    def constrain(self, *shapes: Shape) -> Iterator[Broken]:
        ranks = refuse_ranks(self, "C1", shapes)
        if ranks:
            yield ranks
            return
        first, *_ = shapes
        broken = list(check_axis("C2", "axis", self.axis, first, "along which nothing is joined"))
        yield from broken
        if not broken:
            yield from self._compare(shapes, place_of(self.axis, first))

    def _compare(self, shapes: tuple[Shape, ...], joined: int) -> Iterator[Broken]:
        known: dict[int, int] = {}
        for number, shape in enumerate(shapes):
            for axis, size in enumerate(shape):
                if axis == joined or isinstance(size, Unknown):
                    continue
                first = known.setdefault(axis, number)
                if shapes[first][axis] != size:
                    hint = f"they are joined along axis {joined + 1}; on every other axis the sizes are equal"
                    yield refuse_axes(self, "C3", shapes, (number, axis), (first, axis), hint)
                    return

    def output_shape(self, *shapes: Shape) -> Shape:
        first, *_ = shapes
        joined = place_of(self.axis, first)
        # Where one tells the size, it is that.
        sizes = [min(axis, key=lambda size: isinstance(size, Unknown)) for axis in zip(*shapes, strict=True)]
        sizes[joined] = total(shape[joined] for shape in shapes)
        return tuple(sizes)

    count_macs = no_macs

    def output_by_hand(self, *shapes: Shape) -> dict[str, str]:
        if len(shapes) > 2:
            return {}
        first, *_ = shapes
        joined = place_of(self.axis, first)
        return {f"axis {joined + 1}": f"input[{joined}] + other[{joined}]"}

    examples = (
        Example({}, inputs=((32, 32, 16), (32, 32, 8)), output=(32, 32, 24), parameters=0, macs=0),
        Example({"axis": 1}, inputs=((2, 5), (1, 5), (4, 5)), output=(7, 5), parameters=0, macs=0),
        Example({}, inputs=((UNKNOWN, 16), (10, 8)), output=(10, 24), parameters=0, macs=0),
        Example({}, inputs=((4,), (4,)), output=(8,), dtypes=("int64", "int64")),
        Example({}, inputs=((32, 16), (16,)), breaks="C1", code="MS313"),
        Example({"axis": 0}, inputs=((16,), (16,)), breaks="C2", code="MS309"),
        Example({"axis": 2}, inputs=((16,), (16,)), breaks="C2", code="MS309"),
        Example({"axis": 1}, inputs=((32, 16), (32, 8)), breaks="C3", code="MS313"),
    )


class _TwoAxes(PerAxis):
    """An axis of the first input and one of the second; one number stands for both."""

    def __init__(self) -> None:
        super().__init__(Integer(words="the number of an axis"), 2)
        self.words = "the number of an axis, or a list of two such, one for each input"

    def bind(self, owner: type) -> Kind:
        return self


class Dot(_Merge):
    """The products of the inputs along one axis of each, summed up.

    C1  Each input has at least one axis.
    C2  axes, in which 0 is the batch, are an axis of the first input and one of the second.
    C3  The two axes are equally long.
    C4  The output has the other axes of the first input, then those of the second; one of 1 where there are none.

    normalize divides both inputs by their length along the axis before, which makes cosines of the products.

    Source: keras.layers.Dot.
    """

    arity = (2, 2)
    takes = Takes("C1", ("*", "features"))
    input_dtype = "float"

    axes: Annotated[tuple[int, int], _TwoAxes()]
    normalize: bool = False

    def constrain(self, x: Shape, y: Shape) -> Iterator[Broken]:
        broken = [
            list(check_axis("C2", "axes", axis, shape, "along which nothing is summed up"))
            for axis, shape in zip(self.axes, (x, y), strict=True)
        ]
        for number, problems in enumerate(broken):
            # One number that stands for both is one mistake.
            if not (number and broken[0] and len({*self.axes}) == 1):
                yield from [problem._replace(input=number) for problem in problems]
        if any(broken):
            return
        one, other = self._places(x, y)
        if differs(x[one], y[other]):
            hint = "the axes that are summed over are equally long: give axes, one number for each input"
            yield refuse_axes(self, "C3", (x, y), (1, other), (0, one), hint)._replace(field="axes")

    def _places(self, x: Shape, y: Shape) -> tuple[int, int]:
        return place_of(self.axes[0], x), place_of(self.axes[1], y)

    def output_shape(self, x: Shape, y: Shape) -> Shape:
        one, other = self._places(x, y)
        return (*x[:one], *x[one + 1 :], *y[:other], *y[other + 1 :]) or (1,)

    def count_macs(self, x: Shape, y: Shape, z: Shape) -> Count:
        one, other = self._places(x, y)
        # Where one of the two is not known, the other is: they are equal.
        return numel(z) * (y[other] if isinstance(x[one], Unknown) else x[one])

    def macs_by_hand(self, x: Shape, y: Shape, z: Shape) -> str:
        own, other = self._places(x, y)
        factors = [f"input[{axis}]" for axis in range(len(x))]
        if isinstance(x[own], Unknown):
            # The two axes are of one length, and the other one's may be known.
            factors[own] = f"other[{other}]"
        return " * ".join(factors + [f"other[{axis}]" for axis in range(len(y)) if axis != other])

    examples = (
        Example({"axes": 1}, inputs=((64,), (64,)), output=(1,), parameters=0, macs=64),
        Example({"axes": -1, "normalize": True}, inputs=((10, 64), (7, 64)), output=(10, 7), parameters=0, macs=4_480),
        Example({"axes": [2, 1]}, inputs=((5, 6), (6, 3, 4)), output=(5, 3, 4), parameters=0, macs=360),
        Example({"axes": [1, 2]}, inputs=((UNKNOWN,), (4, 3)), output=(4,), parameters=0, macs=12),
        Example({"axes": 1}, inputs=((), (64,)), breaks="C1", code="MS303"),
        Example({"axes": 0}, inputs=((64,), (64,)), breaks="C2", code="MS309"),
        Example({"axes": -5}, inputs=((64,), (64,)), breaks="C2", code="MS309"),
        Example({"axes": [1, 3]}, inputs=((64,), (10, 64)), breaks="C2", code="MS309"),
        Example({"axes": 1}, inputs=((64,), (10, 64)), breaks="C3", code="MS313"),
    )
