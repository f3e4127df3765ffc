"""keras.layers: upsampling, padding and cropping of the spatial axes."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from modelspec.catalogue.keras.arguments import ActivityRegularizer, DataFormat
from modelspec.catalogue.keras.window import first_spatial_axis, place_channels
from modelspec.kinds import Choice, Integer, Kind, PerAxis
from modelspec.layer import Broken, Example, Layer, Size, SizePerAxis, Takes, no_macs, no_tensors
from modelspec.shape import Dim, Shape, Unknown


class _Pair(PerAxis):
    """What is done before and after: one amount for both, or two."""

    def __init__(self) -> None:
        super().__init__(Integer(0), 2)
        self.words = "an integer of at least 0 or a list of two such, before and after"

    def bind(self, owner: type) -> Kind:
        return self


class _Pairs(PerAxis):
    """For each spatial axis what is done before and after."""

    def __init__(self, rank: int | None = None) -> None:
        super().__init__(_Pair(), rank)
        self.words = f"an integer of at least 0, or a list of {rank}: each one such, or two, before and after"

    def bind(self, owner: type) -> Kind:
        return _Pairs(getattr(owner, "rank"))  # noqa: B009 - only classes with spatial axes have it

    def schema(self, expression: Mapping[str, Any]) -> dict[str, Any]:
        array = {"type": "array", "items": _Pair().schema(expression), "minItems": self.rank, "maxItems": self.rank}
        # A pair alone is none for every axis.
        return {"anyOf": [*Integer(0).schema(expression)["anyOf"], array]}


_Amounts = Annotated[tuple[int, int], _Pair()]
_AmountsPerAxis = Annotated[tuple[tuple[int, int], ...], _Pairs()]
_Interpolation = Annotated[str, Choice("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")]

_STEPS = Takes("C1", ("steps", "features"))
_STEPS_OR_FIRST = Takes("C1", ("steps", "features"), ("features", "steps"))
_IMAGE = Takes("C1", ("height", "width", "channels"), ("channels", "height", "width"))
_VOLUME = Takes("C1", ("depth", "height", "width", "channels"), ("channels", "depth", "height", "width"))


class _Resizing(Layer):
    """What changes the spatial axes one by one, and leaves the channels."""

    spatial: ClassVar[tuple[str, ...]]

    activity_regularizer: ActivityRegularizer = None

    def _first(self) -> int:
        return first_spatial_axis(getattr(self, "data_format", None))

    def _sizes(self, x: Shape) -> Shape:
        return x[self._first() :][: len(self.spatial)]

    def _resize(self, at: int, size: Dim) -> Dim:
        raise NotImplementedError

    def _resize_by_hand(self, at: int, size: str) -> str | None:
        raise NotImplementedError

    def output_shape(self, x: Shape) -> Shape:
        sizes = tuple([self._resize(at, size) for at, size in enumerate(self._sizes(x))])
        return place_channels(getattr(self, "data_format", None), sizes, x[0] if self._first() else x[-1])

    list_tensors = no_tensors
    count_macs = no_macs

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        first = self._first()
        by_hand = {}
        for at, name in enumerate(self.spatial):
            expression = self._resize_by_hand(at, f"input[{first + at}]")
            if expression is not None:
                by_hand[name] = expression
        return by_hand


def _multiply_by_hand(factor: Dim, size: str) -> str | None:
    # The argument is called size, which is a function in expressions: its number stands for it.
    return None if isinstance(factor, Unknown) else f"{factor} * {size}"


class UpSampling1D(_Resizing):
    """Each step repeated, size times in a row.

    C1  The input has two axes: steps and features.
    C2  The output has size × steps steps.

    Source: keras.layers.UpSampling1D.
    """

    takes = _STEPS
    spatial = ("steps",)

    size: Size = 2

    def _resize(self, at: int, size: Dim) -> Dim:
        return self.size * size

    def _resize_by_hand(self, at: int, size: str) -> str | None:
        return _multiply_by_hand(self.size, size)

    examples = (
        Example({}, input=(10, 4), output=(20, 4), parameters=0, macs=0),
        Example({"size": 3}, input=(7, 5), output=(21, 5), parameters=0, macs=0),
        Example({}, input=(10,), breaks="C1", code="MS303"),
    )


class _UpSampling(_Resizing):
    rank: ClassVar[int]

    size: SizePerAxis
    data_format: DataFormat = None

    def _resize(self, at: int, size: Dim) -> Dim:
        return self.size[at] * size

    def _resize_by_hand(self, at: int, size: str) -> str | None:
        return _multiply_by_hand(self.size[at], size)


class UpSampling2D(_UpSampling):
    """Height and width multiplied: rows and columns repeated, or interpolated between.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  The output has size × height and size × width.

    Source: keras.layers.UpSampling2D.
    """

    takes = _IMAGE
    rank = 2
    spatial = ("height", "width")

    size = (2, 2)
    interpolation: _Interpolation = "nearest"

    examples = (
        Example({}, input=(7, 7, 16), output=(14, 14, 16), parameters=0, macs=0),
        Example({"size": [3, 2], "interpolation": "bilinear"}, input=(4, 5, 3), output=(12, 10, 3), macs=0),
        Example({"size": 4, "data_format": "channels_first"}, input=(3, 4, 5), output=(3, 16, 20), macs=0),
        Example({}, input=(7, 7), breaks="C1", code="MS303"),
    )


class UpSampling3D(_UpSampling):
    """Depth, height and width multiplied: each slice, row and column repeated.

    C1  The input has four axes: depth, height, width and channels, or channels first with channels_first.
    C2  The output has size × depth, size × height and size × width.

    Source: keras.layers.UpSampling3D.
    """

    takes = _VOLUME
    rank = 3
    spatial = ("depth", "height", "width")

    size = (2, 2, 2)

    examples = (
        Example({}, input=(3, 4, 5, 2), output=(6, 8, 10, 2), parameters=0, macs=0),
        Example({"size": [1, 2, 3], "data_format": "channels_first"}, input=(2, 3, 4, 5), output=(2, 3, 8, 15)),
        Example({}, input=(4, 5, 2), breaks="C1", code="MS303"),
    )


class ZeroPadding1D(_Resizing):
    """Zeros before the first step and after the last.

    C1  The input has two axes: steps and features, or the other way round with channels_first.
    C2  The output has as many steps more as padding says, before and after.

    Source: keras.layers.ZeroPadding1D.
    """

    takes = _STEPS_OR_FIRST
    spatial = ("steps",)

    padding: _Amounts = (1, 1)
    data_format: DataFormat = None

    def _resize(self, at: int, size: Dim) -> Dim:
        return size + sum(self.padding)

    def _resize_by_hand(self, at: int, size: str) -> str:
        return f"{size} + padding[0] + padding[1]"

    examples = (
        Example({}, input=(10, 4), output=(12, 4), parameters=0, macs=0),
        Example({"padding": [3, 0]}, input=(10, 4), output=(13, 4), parameters=0, macs=0),
        Example({"padding": 2, "data_format": "channels_first"}, input=(4, 10), output=(4, 14)),
        Example({}, input=(10,), breaks="C1", code="MS303"),
    )


class _ZeroPadding(_Resizing):
    rank: ClassVar[int]

    padding: _AmountsPerAxis
    data_format: DataFormat = None

    def _resize(self, at: int, size: Dim) -> Dim:
        return size + sum(self.padding[at])

    def _resize_by_hand(self, at: int, size: str) -> str:
        return f"{size} + padding[{at}][0] + padding[{at}][1]"


class ZeroPadding2D(_ZeroPadding):
    """Zeros around an image.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  The output is as much higher and wider as padding says, before and after.

    padding is one amount, one for height and one for width, or a pair for each: [[top, bottom], [left, right]].

    Source: keras.layers.ZeroPadding2D.
    """

    takes = _IMAGE
    rank = 2
    spatial = ("height", "width")

    padding = ((1, 1), (1, 1))

    examples = (
        Example({}, input=(7, 7, 16), output=(9, 9, 16), parameters=0, macs=0),
        Example({"padding": [3, 1]}, input=(4, 5, 3), output=(10, 7, 3), parameters=0, macs=0),
        Example({"padding": [[0, 1], [0, 1]]}, input=(224, 224, 3), output=(225, 225, 3), macs=0),
        Example({"padding": [[1, 2], 3], "data_format": "channels_first"}, input=(3, 4, 5), output=(3, 7, 11)),
        Example({}, input=(7, 7), breaks="C1", code="MS303"),
    )


class ZeroPadding3D(_ZeroPadding):
    """Zeros around a volume.

    C1  The input has four axes: depth, height, width and channels, or channels first with channels_first.
    C2  The output is as much deeper, higher and wider as padding says, before and after.

    padding is one amount, one for each axis, or a pair for each: [[front, back], [top, bottom], [left, right]].

    Source: keras.layers.ZeroPadding3D.
    """

    takes = _VOLUME
    rank = 3
    spatial = ("depth", "height", "width")

    padding = ((1, 1), (1, 1), (1, 1))

    examples = (
        Example({}, input=(3, 4, 5, 2), output=(5, 6, 7, 2), parameters=0, macs=0),
        Example({"padding": [0, 1, [2, 3]], "data_format": "channels_first"}, input=(2, 3, 4, 5), output=(2, 3, 6, 10)),
        Example({}, input=(4, 5, 2), breaks="C1", code="MS303"),
    )


def _check_cropping(number: str, amounts: str, name: str, amount: int, size: Dim, axis: int) -> Iterator[Broken]:
    """Something of the axis is left. `amounts` says what is cut off, `amount` how much that is together."""
    if isinstance(size, Unknown) or isinstance(amount, Unknown) or amount < size:
        return
    what = "the number of steps" if name == "steps" else f"the {name}"
    message = f"cropping takes {amounts} off, but {what} is only {size}"
    yield Broken(number, message, "cropping", f"take off less than {size} there", "MS306", axis)


class Cropping1D(_Resizing):
    """Steps cut off at the beginning and at the end.

    C1  The input has two axes: steps and features.
    C2  What is cut off, both ends together, is less than the number of steps.
    C3  The output has the steps that are left.

    Source: keras.layers.Cropping1D.
    """

    result = "view"
    takes = _STEPS
    spatial = ("steps",)

    cropping: _Amounts = (1, 1)

    def constrain(self, x: Shape) -> Iterator[Broken]:
        yield from _check_cropping("C2", " + ".join(map(str, self.cropping)), "steps", sum(self.cropping), x[0], 0)

    def _resize(self, at: int, size: Dim) -> Dim:
        return size - sum(self.cropping)

    def _resize_by_hand(self, at: int, size: str) -> str:
        return f"{size} - cropping[0] - cropping[1]"

    examples = (
        Example({}, input=(10, 4), output=(8, 4), parameters=0, macs=0),
        Example({"cropping": [3, 0]}, input=(10, 4), output=(7, 4), parameters=0, macs=0),
        Example({}, input=(10,), breaks="C1", code="MS303"),
        Example({"cropping": [1, 2]}, input=(3, 4), breaks="C2", code="MS306"),
    )


class _Cropping(_Resizing):
    rank: ClassVar[int]
    result = "view"

    cropping: _AmountsPerAxis
    data_format: DataFormat = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        for at, (name, size, pair) in enumerate(zip(self.spatial, self._sizes(x), self.cropping, strict=True)):
            amounts = " + ".join(map(str, pair))
            yield from _check_cropping("C2", amounts, name, sum(pair), size, self._first() + at)

    def _resize(self, at: int, size: Dim) -> Dim:
        return size - sum(self.cropping[at])

    def _resize_by_hand(self, at: int, size: str) -> str:
        return f"{size} - cropping[{at}][0] - cropping[{at}][1]"


class Cropping2D(_Cropping):
    """Rows and columns cut off around an image.

    C1  The input has three axes: height, width and channels, or channels first with channels_first.
    C2  What is cut off, both ends together, is less than the height, or the width.
    C3  The output has the height and the width that are left.

    cropping is one amount, one for height and one for width, or a pair for each: [[top, bottom], [left, right]].

    Source: keras.layers.Cropping2D.
    """

    takes = _IMAGE
    rank = 2
    spatial = ("height", "width")

    cropping = ((0, 0), (0, 0))

    examples = (
        Example({"cropping": 2}, input=(28, 28, 1), output=(24, 24, 1), parameters=0, macs=0),
        Example({"cropping": [[2, 2], [4, 4]]}, input=(28, 28, 3), output=(24, 20, 3), parameters=0, macs=0),
        Example({"cropping": [0, [0, 1]], "data_format": "channels_first"}, input=(3, 8, 8), output=(3, 8, 7)),
        Example({}, input=(7, 7), breaks="C1", code="MS303"),
        Example({"cropping": [0, [3, 2]]}, input=(8, 5, 3), breaks="C2", code="MS306"),
    )


class Cropping3D(_Cropping):
    """Slices, rows and columns cut off around a volume.

    C1  The input has four axes: depth, height, width and channels, or channels first with channels_first.
    C2  What is cut off, both ends together, is less than the depth, the height, or the width.
    C3  The output has the depth, the height and the width that are left.

    cropping is one amount, one for each axis, or a pair for each: [[front, back], [top, bottom], [left, right]].

    Source: keras.layers.Cropping3D.
    """

    takes = _VOLUME
    rank = 3
    spatial = ("depth", "height", "width")

    cropping = ((1, 1), (1, 1), (1, 1))

    examples = (
        Example({}, input=(4, 5, 6, 2), output=(2, 3, 4, 2), parameters=0, macs=0),
        Example({"cropping": [1, 0, [0, 3]], "data_format": "channels_first"}, input=(2, 4, 5, 6), output=(2, 2, 5, 3)),
        Example({}, input=(4, 5, 2), breaks="C1", code="MS303"),
        Example({}, input=(4, 2, 6, 2), breaks="C2", code="MS306"),
    )
