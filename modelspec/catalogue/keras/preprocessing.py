"""keras.layers: numbers made ready: scaled, normalized, put into bins, encoded."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from modelspec.catalogue.keras.arguments import ActivityRegularizer, NonNegativeNumber, OptionalSize, one_or_more
from modelspec.catalogue.keras.numbering import check_axes, place_of, size_of
from modelspec.kinds import Choice, Integer, ListOf, Number, Optional
from modelspec.layer import Axis, Broken, Example, Layer, Sizes, Tensor, built, no_macs, no_tensors, same_shape
from modelspec.shape import UNKNOWN, Dim, Shape, Unknown, differs, show_dim, show_shape

_Values = Annotated[Any, one_or_more(Number())]
_OptionalValues = Annotated[Any, Optional(one_or_more(Number()))]
_OptionalAxes = Annotated[
    tuple[int, ...] | None, Optional(ListOf(Integer(words="the number of an axis"), single=True, minimum=1))
]


class Rescaling(Layer):
    """y = x × scale + offset, with fixed numbers.

    C1  A list in scale or offset has an entry for each along the last axis, or a single one.

    Source: keras.layers.Rescaling.
    """

    input_dtype = "float"

    scale: _Values
    offset: _Values = 0.0
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        for name in ("scale", "offset"):
            value = getattr(self, name)
            if not isinstance(value, tuple) or len(value) == 1 or (x and not differs(len(value), x[-1])):
                continue
            message = (
                f"{name} has {len(value)} entries, but {show_shape(x)} has {show_dim(x[-1]) if x else 'none'} to scale"
            )
            yield Broken(
                "C1", message, name, "write one number, or one for each of the last axis", axis=-1 if x else None
            )

    output_shape = same_shape

    list_tensors = no_tensors
    count_macs = no_macs

    examples = (
        Example({"scale": 0.5}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"scale": [0.1, 0.2, 0.3], "offset": -1}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({"scale": [0.1, 0.2]}, input=(8, 9, 3), breaks="C1", code="MS305"),
    )


class Normalization(Layer):
    """Less the mean and divided by the deviation, of data that it saw before training, or as given.

    C1  Each number in axis, in which 0 is the batch, is an axis of the sample: those that have a mean each.
    C2  The axes in axis are different ones.
    C3  mean and variance are given both, or neither; of one length.
    C4  A list of them has an entry for each along the last of those axes, or a single one; without axes they are one
        number each.

    Unless they are given, mean and variance are parameters that are not trained, and so is the count of what was seen,
    an int32.

    Source: keras.layers.Normalization.
    """

    input_dtype = "float"

    normalized_shape: Sizes = built(take=lambda layer, x: tuple([size_of(axis, x) for axis in layer.order_axes(x)]))
    axis: _OptionalAxes = (-1,)
    mean: _OptionalValues = None
    variance: _OptionalValues = None
    invert: bool = False
    activity_regularizer: ActivityRegularizer = None

    def order_axes(self, x: Shape) -> tuple[int, ...]:
        """The axes by their places in the sample."""
        axes = self.axis or ()
        if any(isinstance(axis, Unknown) for axis in axes):
            return axes
        return tuple(sorted(axes, key=lambda axis: place_of(axis, x)))

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = list(check_axes("C1", "C2", self.axis or (), x, "which has no mean for each sample"))
        yield from broken
        if (self.mean is None) != (self.variance is None):
            lacking = "mean" if self.mean is None else "variance"
            yield Broken("C3", f"{lacking} is not given, but its other half is", lacking, "give both, or neither")
            return
        length, other = [len(value) if isinstance(value, tuple) else 0 for value in (self.mean, self.variance)]
        if length != other:
            message = f"mean has {length or 'no'} entries, but variance {other or 'none'}"
            yield Broken("C3", message, "variance", "give both for the same axis")
        elif length and not broken:
            last: Dim = self.normalized_shape[-1] if self.normalized_shape else 0
            if last == 0 or (length != 1 and differs(length, last)):
                message = f"mean has {length} entries, but the last of the axes in axis {show_dim(last)}"
                yield Broken("C4", message, "mean", "write one number, or one for each along that axis")

    output_shape = same_shape

    def list_tensors(self) -> Iterator[Tensor]:
        if self.mean is not None:
            return
        axes = tuple([Axis(f"normalized_shape[{at}]", size) for at, size in enumerate(self.normalized_shape)])
        yield Tensor("mean", axes, trainable=False)
        yield Tensor("variance", axes, trainable=False)
        yield Tensor("count", (), trainable=False, dtype="int32")

    count_macs = no_macs

    def parameters_by_hand(self) -> str | None:
        if self.mean is not None:
            return None
        return " * ".join(["2", *(f"normalized_shape[{at}]" for at in range(len(self.normalized_shape)))]) + " + 1"

    def conventions(self) -> Iterator[str]:
        if self.mean is None:
            yield "Normalization (Keras): mean, variance and count are parameters, not trainable"

    examples = (
        Example({}, input=(10,), output=(10,), parameters=21, macs=0),
        Example({"axis": None}, input=(8, 9, 3), output=(8, 9, 3), parameters=3, macs=0),
        Example({"axis": [1, -1]}, input=(8, 9, 3), output=(8, 9, 3), parameters=49, macs=0),
        Example({"mean": 0.5, "variance": 0.25}, input=(8, 9, 3), output=(8, 9, 3), parameters=0, macs=0),
        Example({}, input=(UNKNOWN, 3), parameters=7, macs=0),
        Example({"axis": 0}, input=(10,), breaks="C1", code="MS309"),
        Example({"axis": [1, -1]}, input=(10,), breaks="C2", code="MS305"),
        Example({"mean": 0.5}, input=(10,), breaks="C3", code="MS305"),
        Example({"mean": [0.5, 0.5], "variance": [0.25]}, input=(2,), breaks="C3", code="MS305"),
        Example({"mean": [1, 2], "variance": [1, 2]}, input=(8, 9, 3), breaks="C4", code="MS305"),
        Example({"axis": None, "mean": [0.5], "variance": [0.25]}, input=(8,), breaks="C4", code="MS305"),
    )


class _Encoded(Layer):
    """What can give, in place of numbers of categories, an axis with a place for each category."""

    def _encode(self, x: Shape, depth: Dim) -> Shape:
        """One place for each number; an axis of 1 at the end gives way."""
        return (*x[:-1], depth) if x and x[-1] == 1 else (*x, depth)

    def _check_last(self, number: str, mode: str, x: Shape) -> Iterator[Broken]:
        if mode == "one_hot" and x and isinstance(x[-1], Unknown):
            message = f"the last axis of {show_shape(x)} is not known: one of 1 gives way, any other stays"
            yield Broken(number, message, None, "give the last axis a size in `input`", "MS307", axis=-1)


class CategoryEncoding(_Encoded):
    """Numbers of categories, each as a place in an axis of num_tokens.

    C1  num_tokens is given.
    C2  With multi_hot and count, the input has one axis, the categories of one sample.
    C3  With one_hot, the size of the last axis is known: one of 1 is left out.
    C4  The output is, with one_hot, the input with an axis of num_tokens added; else that axis alone.

    binary is an older name of multi_hot.

    Source: keras.layers.CategoryEncoding.
    """

    input_dtype = "integer"

    num_tokens: OptionalSize = None
    output_mode: Annotated[str, Choice("multi_hot", "count", "one_hot", "binary")] = "multi_hot"
    sparse: bool = False
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if self.num_tokens is None:
            yield Broken("C1", "num_tokens is not given", "num_tokens", "write the number of categories")
        if self.output_mode != "one_hot" and len(x) != 1:
            message = f"{self.output_mode} takes the categories of a sample in one axis, but {show_shape(x)} arrives"
            yield Broken("C2", message, "output_mode", "write one_hot, or put a Flatten before it", "MS303")
        yield from self._check_last("C3", self.output_mode, x)

    def output_shape(self, x: Shape) -> Shape:
        depth: Dim = UNKNOWN if self.num_tokens is None else self.num_tokens
        return self._encode(x, depth) if self.output_mode == "one_hot" else (depth,)

    list_tensors = no_tensors
    count_macs = no_macs

    examples = (
        Example({"num_tokens": 5}, input=(3,), output=(5,), parameters=0, macs=0, dtype="int64"),
        Example(
            {"num_tokens": 5, "output_mode": "one_hot"}, input=(3,), output=(3, 5), parameters=0, macs=0, dtype="int64"
        ),
        Example({"num_tokens": 5, "output_mode": "one_hot"}, input=(4, 1), output=(4, 5), dtype="int64"),
        Example({}, input=(3,), breaks="C1", code="MS305", dtype="int64"),
        Example({"num_tokens": 5}, input=(4, 3), breaks="C2", code="MS303", dtype="int64"),
        Example(
            {"num_tokens": 5, "output_mode": "one_hot"}, input=(UNKNOWN,), breaks="C3", code="MS307", dtype="int64"
        ),
    )


class Discretization(_Encoded):
    """Numbers as the bins that they fall into: the bin's number, or a place in an axis of the bins.

    C1  One of bin_boundaries and num_bins is given, and not the other.
    C2  sparse is for an output_mode other than int.
    C3  With multi_hot and count, the input has at least one axis.
    C4  With one_hot, the size of the last axis is known: one of 1 is left out.
    C5  The output is, with int, as the input, of int32; with one_hot, the input with an axis of the bins added; else
        that axis in place of the first.

    Of n boundaries there are n + 1 bins. With num_bins the boundaries come from data that the layer sees before
    training.

    Source: keras.layers.Discretization.
    """

    bin_boundaries: Annotated[tuple[float, ...] | None, Optional(ListOf(Number()))] = None
    num_bins: OptionalSize = None
    epsilon: NonNegativeNumber = 0.01
    output_mode: Annotated[str, Choice("int", "one_hot", "multi_hot", "count")] = "int"
    sparse: bool = False

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if (self.bin_boundaries is None) == (self.num_bins is None):
            given = "neither of them is" if self.num_bins is None else "both are"
            message = f"either bin_boundaries or num_bins makes the bins, but {given} given"
            yield Broken("C1", message, "num_bins", "give the boundaries, or the number of bins")
        if self.sparse and self.output_mode == "int":
            yield Broken("C2", "sparse is for an output_mode other than int", "sparse", "leave sparse out")
        if self.output_mode in ("multi_hot", "count") and not x:
            message = f"{self.output_mode} goes over the first axis of a sample, but [] arrives, which has none"
            yield Broken("C3", message, "output_mode", "give the input an axis", "MS303")
        yield from self._check_last("C4", self.output_mode, x)

    def output_shape(self, x: Shape) -> Shape:
        bins = self.bin_boundaries
        depth: Dim = len(bins) + 1 if bins is not None else UNKNOWN if self.num_bins is None else self.num_bins
        if self.output_mode == "int":
            return x
        return self._encode(x, depth) if self.output_mode == "one_hot" else (*x[1:], depth)

    def dtypes_of_results(self) -> Mapping[str, str]:
        return {"output": "int32" if self.output_mode == "int" else "float"}

    list_tensors = no_tensors
    count_macs = no_macs

    examples = (
        Example({"bin_boundaries": [0, 1, 2]}, input=(3,), output=(3,), parameters=0, macs=0),
        Example(
            {"bin_boundaries": [0, 1, 2], "output_mode": "one_hot"}, input=(3,), output=(3, 4), parameters=0, macs=0
        ),
        Example({"bin_boundaries": [0, 1, 2], "output_mode": "count"}, input=(5, 3), output=(3, 4)),
        Example({"num_bins": 7, "output_mode": "multi_hot"}, input=(5,), output=(7,), parameters=0, macs=0),
        Example({}, input=(3,), breaks="C1", code="MS305"),
        Example({"bin_boundaries": [0], "num_bins": 2}, input=(3,), breaks="C1", code="MS305"),
        Example({"bin_boundaries": [0], "sparse": True}, input=(3,), breaks="C2", code="MS305"),
        Example({"bin_boundaries": [0], "output_mode": "count"}, input=(), breaks="C3", code="MS303"),
        Example({"bin_boundaries": [0], "output_mode": "one_hot"}, input=(UNKNOWN,), breaks="C4", code="MS307"),
    )
