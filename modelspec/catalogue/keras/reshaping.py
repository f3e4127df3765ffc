"""keras.layers: reshaping."""

from collections.abc import Iterator
from typing import Annotated

from modelspec.catalogue.keras.arguments import ActivityRegularizer, DataFormat, TargetShape
from modelspec.kinds import Integer, ListOf
from modelspec.layer import Broken, Example, Layer, Size, Takes, no_macs, no_tensors
from modelspec.shape import UNKNOWN, Dim, Shape, Unknown, differs, numel, show_dim, show_shape, surely_same


class Flatten(Layer):
    """All axes of a sample in one; with channels_first the channels are moved to the end before.

    C1  The output has one axis, as long as the input has elements; 1 for a sample without axes.

    Source: keras.layers.Flatten.
    """

    result = "view"

    data_format: DataFormat = None
    activity_regularizer: ActivityRegularizer = None

    def output_shape(self, x: Shape) -> Shape:
        return (numel(x),)

    list_tensors = no_tensors
    count_macs = no_macs

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        return {"features": " * ".join(f"input[{axis}]" for axis in range(len(x))) or "1"}

    examples = (
        Example({}, input=(7, 7, 32), output=(1568,), parameters=0, macs=0),
        Example({"data_format": "channels_first"}, input=(32, 7, 7), output=(1568,), parameters=0, macs=0),
        Example({}, input=(), output=(1,), parameters=0, macs=0),
    )


def _split(shape: Shape) -> tuple[int, list[Unknown]]:
    """The product of the sizes that are known, and those that are not."""
    known = 1
    unknown = []
    for size in shape:
        if isinstance(size, Unknown):
            unknown.append(size)
        else:
            known *= size
    return known, unknown


def _cancel(ours: list[Unknown], theirs: list[Unknown]) -> tuple[list[Unknown], list[Unknown]]:
    """Both lists without the unknown sizes that surely stand in both."""
    left, rest = [], list(theirs)
    for size in ours:
        same = next((other for other in rest if surely_same(size, other)), None)
        if same is None:
            left.append(size)
        else:
            rest.remove(same)
    return left, rest


def _count(shape: Shape) -> str:
    """The number of elements: `36`, or `seq × 64`."""
    known, unknown = _split(shape)
    return " × ".join([*map(show_dim, unknown), str(known)])


class Reshape(Layer):
    """The elements of a sample in another shape.

    C1  target_shape, which leaves the batch out, holds −1 at most once: the size that is left for that axis.
    C2  target_shape has as many elements as the input; with −1, its other sizes multiplied divide them.
    C3  The output has the target_shape, with −1 replaced.

    Source: keras.layers.Reshape.
    """

    result = "view"

    target_shape: TargetShape
    activity_regularizer: ActivityRegularizer = None

    def _given(self) -> Shape:
        return tuple([size for size in self.target_shape if isinstance(size, Unknown) or size != -1])

    def constrain(self, x: Shape) -> Iterator[Broken]:
        free = len(self.target_shape) - len(self._given())
        if free > 1:
            message = f"target_shape holds -1 {'twice' if free == 2 else f'{free} times'}: what is left is one size"
            yield Broken("C1", message, "target_shape", "write the sizes of all axes but one")
            return
        (arrives, unknown), (asked, unknown_asked) = _split(x), _split(self._given())
        unknown, unknown_asked = _cancel(unknown, unknown_asked)
        if unknown_asked:
            return
        shown, arriving = show_shape(self.target_shape), show_shape(x)
        if not unknown and not free and differs(arrives, asked):
            message = f"target_shape {shown} has {_count(self.target_shape)} elements, but {arriving} has {_count(x)}"
        elif not unknown and free and differs(arrives % asked, 0):
            message = (
                f"target_shape {shown} makes parts of {_count(self._given())}, but {arriving} has {_count(x)} elements"
            )
        elif unknown and not free and differs(asked % arrives, 0):
            message = f"target_shape {shown} has {asked} elements, but {arriving} has a multiple of {arrives}"
        else:
            return
        hint = "write a target_shape of as many elements, or -1 for one of its axes"
        yield Broken("C2", message, "target_shape", hint, axis=-1)

    def _left(self, x: Shape) -> Dim:
        """The size that −1 stands for."""
        (arrives, unknown), (asked, unknown_asked) = _split(x), _split(self._given())
        unknown, unknown_asked = _cancel(unknown, unknown_asked)
        if not unknown and not unknown_asked:
            return arrives // asked
        if len(unknown) == 1 and not unknown_asked and arrives == asked:
            return next(iter(unknown))
        return numel((*x, *self._given()))

    def output_shape(self, x: Shape) -> Shape:
        free = self._left(x)
        return tuple([size if isinstance(size, Unknown) or size != -1 else free for size in self.target_shape])

    list_tensors = no_tensors
    count_macs = no_macs

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        free = next(
            (at for at, size in enumerate(self.target_shape) if not isinstance(size, Unknown) and size == -1), None
        )
        if free is None:
            return {}
        elements = " * ".join(f"input[{axis}]" for axis in range(len(x))) or "1"
        others = " * ".join(f"target_shape[{at}]" for at in range(len(self.target_shape)) if at != free)
        return {f"axis {free + 1}": f"{elements} // ({others})" if others else elements}

    examples = (
        Example({"target_shape": [7, 7, 32]}, input=(1568,), output=(7, 7, 32), parameters=0, macs=0),
        Example({"target_shape": [-1, 4]}, input=(6, 6), output=(9, 4), parameters=0, macs=0),
        Example({"target_shape": [-1]}, input=(3, 4, 5), output=(60,), parameters=0, macs=0),
        Example({"target_shape": [3, -1, 2]}, input=(4, 6), output=(3, 4, 2), dtype="int64"),
        Example({"target_shape": []}, input=(1,), output=(), parameters=0, macs=0),
        Example({"target_shape": [1, 1]}, input=(), output=(1, 1), parameters=0, macs=0),
        Example({"target_shape": [-1, 12, 64]}, input=(Unknown("seq"), 768), output=(Unknown("seq"), 12, 64)),
        Example({"target_shape": [-1, 64]}, input=(Unknown("seq"), 8, 8), output=(Unknown("seq"), 64)),
        Example({"target_shape": [-1, 4, -1]}, input=(6, 6), breaks="C1", code="MS305"),
        Example({"target_shape": [4, 8]}, input=(6, 6), breaks="C2", code="MS305"),
        Example({"target_shape": [-1, 5]}, input=(6, 6), breaks="C2", code="MS305"),
        Example({"target_shape": [4, 8]}, input=(UNKNOWN, 6), breaks="C2", code="MS305"),
        Example({"target_shape": [0, 6]}, input=(6, 6), code="MS206"),
    )


class Permute(Layer):
    """The axes of a sample in another order.

    C1  dims names each axis of the sample once, counted from 1: the batch has no number here.
    C2  The input has as many axes as dims names.
    C3  The output has, as each axis, the axis of the input with the number that stands there in dims.

    Source: keras.layers.Permute.
    """

    result = "view"

    dims: Annotated[tuple[int, ...], ListOf(Integer(words="the number of an axis"), minimum=1)]
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        rank = len(self.dims)
        if any(isinstance(axis, Unknown) for axis in self.dims):
            message = "dims must be known before the model runs"
            yield Broken("C1", message, "dims", "write the numbers of the axes", "MS307")
        elif sorted(self.dims) != list(range(1, rank + 1)):
            message = f"dims is [{', '.join(map(str, self.dims))}], which is no order of the axes 1 to {rank}"
            hint = f"name each number from 1 to {rank} once"
            if 0 in self.dims:
                hint = "leave out the batch, which stays in front: axes of a sample count from 1"
            yield Broken("C1", message, "dims", hint, "MS309")
        elif len(x) != rank:
            told = "one axis" if rank == 1 else f"{rank} axes"
            message = f"dims orders {told}, but {show_shape(x)} arrives, with {len(x)}"
            yield Broken(
                "C2", message, "dims", "name each axis of the sample once, from 1; the batch is left out", "MS303"
            )

    def output_shape(self, x: Shape) -> Shape:
        return tuple([x[axis - 1] for axis in self.dims])

    list_tensors = no_tensors
    count_macs = no_macs

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        return {f"axis {at + 1}": f"input[dims[{at}] - 1]" for at in range(len(self.dims))}

    examples = (
        Example({"dims": [2, 1]}, input=(10, 64), output=(64, 10), parameters=0, macs=0),
        Example({"dims": [3, 1, 2]}, input=(4, 5, 6), output=(6, 4, 5), parameters=0, macs=0),
        Example({"dims": [2, 3, 1]}, input=(4, 5, 6), output=(5, 6, 4), dtype="int64"),
        Example({"dims": [1]}, input=(4,), output=(4,)),
        Example({"dims": [0, 2, 1]}, input=(10, 64), breaks="C1", code="MS309"),
        Example({"dims": [1, 3]}, input=(10, 64), breaks="C1", code="MS309"),
        Example({"dims": [2, 1]}, input=(4, 5, 6), breaks="C2", code="MS303"),
    )


class RepeatVector(Layer):
    """A vector as n equal steps.

    C1  The input has one axis.
    C2  The output has n steps, each of them the input.

    Source: keras.layers.RepeatVector.
    """

    takes = Takes("C1", ("features",))

    n: Size
    activity_regularizer: ActivityRegularizer = None

    def output_shape(self, x: Shape) -> Shape:
        return (self.n, *x)

    list_tensors = no_tensors
    count_macs = no_macs

    examples = (
        Example({"n": 3}, input=(32,), output=(3, 32), parameters=0, macs=0),
        Example({"n": 3}, input=(4, 32), breaks="C1", code="MS303"),
    )
