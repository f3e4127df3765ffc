"""torch: the same elements in another shape."""

from collections.abc import Iterator
from typing import Annotated

from modelspec.catalogue.torch.arguments import AxisIndices, SizesOrRest, refuse_unknown
from modelspec.catalogue.torch.numbering import find, refuse, refuse_new
from modelspec.kinds import Integer, ListOf
from modelspec.layer import AxisIndex, Broken, Example, Layer, no_macs, no_tensors
from modelspec.shape import Count, Dim, Shape, Unknown, numel, show_dim, show_shape, surely_same

_Dims = Annotated[tuple[int, ...], ListOf(Integer(), words="a list of the numbers of all axes")]


class _Reshaping(Layer):
    result = "view"

    list_tensors = no_tensors
    count_macs = no_macs


def _cancel(x: Shape, shape: Shape) -> tuple[int, int, list[Unknown], list[Unknown]]:
    """Divide both numbers of elements by the run-time sizes that they share: the known parts, and the unknown ones."""
    left = [size for size in x if isinstance(size, Unknown)]
    right = []
    for size in shape:
        if isinstance(size, Unknown):
            same = next((other for other in left if surely_same(size, other)), None)
            if same is None:
                right.append(size)
            else:
                left.remove(same)
    mine, theirs = (numel(size for size in each if isinstance(size, int)) for each in (x, shape))
    assert isinstance(mine, int)
    assert isinstance(theirs, int)
    return mine, theirs, left, right


class Reshape(_Reshaping):
    """The elements, in their order, in another shape. `shape` is that of a sample, without the batch.

    C1  Each size is positive, or -1 for the one that follows from the others.
    C2  At most one size is -1.
    C3  The new shape holds as many elements as arrive.

    Source: torch.reshape, of each sample.
    """

    shape: SizesOrRest

    def constrain(self, x: Shape) -> Iterator[Broken]:
        shape = self.shape
        if 0 in shape:
            yield Broken("C1", f"shape is {show_shape(shape)}, with a size of 0", "shape", "each is positive, or -1")
            return
        if shape.count(-1) > 1:
            hint = "one -1, and the size of the other in numbers"
            yield Broken("C2", f"shape is {show_shape(shape)}, with more than one -1", "shape", hint)
            return
        rest = -1 in shape
        # A -1 among the sizes changes the sign of what is wanted, and not what it divides.
        arriving, wanted, left, right = _cancel(x, shape)
        # Some whole number for what is not known would make the two equal, unless one side cannot grow to the other.
        if rest or right:
            possible = bool(left) or arriving % wanted == 0
        else:
            possible = wanted % arriving == 0 if left else wanted == arriving
        if not possible:
            message = f"shape {show_shape(shape)} holds {_say_elements(shape)}, but {show_shape(x)} arrives with "
            hint = "let the sizes multiply to the same number, without the batch; one may be -1"
            yield Broken("C3", message + _say_elements(x), "shape", hint, axis=0)

    def output_shape(self, x: Shape) -> Shape:
        if -1 not in self.shape:
            return self.shape
        at = self.shape.index(-1)
        arriving, wanted, left, right = _cancel(x, (*self.shape[:at], *self.shape[at + 1 :]))
        rest: Dim
        if not left and not right:
            rest = arriving // wanted
        elif len(left) == 1 and not right and arriving == wanted:
            rest = next(iter(left))
        else:
            rest = numel((*left, *right))
        return (*self.shape[:at], rest, *self.shape[at + 1 :])

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        if -1 not in self.shape:
            return {}
        at = self.shape.index(-1)
        wanted = " * ".join(f"shape[{axis}]" for axis in range(len(self.shape)) if axis != at)
        product = " * ".join(f"input[{axis}]" for axis in range(len(x))) or "1"
        return {f"axis {at + 1}": f"{product} // ({wanted})" if wanted else product}

    examples = (
        Example({"shape": [197, 12, 64]}, input=(197, 768), output=(197, 12, 64), parameters=0, macs=0),
        Example({"shape": [-1, 49]}, input=(64, 7, 7), output=(64, 49)),
        Example({"shape": -1}, input=(), output=(1,)),
        Example({"shape": [-1, 12, 64]}, input=(Unknown("seq"), 768), output=(Unknown("seq"), 12, 64)),
        Example({"shape": [4, -1]}, input=(Unknown("seq"), 4), output=(4, Unknown("seq"))),
        Example({"shape": [2, -1]}, input=(Unknown("seq"), 4), output=(2, Unknown(None, frozenset({"seq"})))),
        Example({"shape": [0, 8]}, input=(8,), breaks="C1", code="MS305"),
        Example({"shape": [-1, -1]}, input=(8,), breaks="C2", code="MS305"),
        Example({"shape": [8, 8]}, input=(8, 9), breaks="C3", code="MS305"),
        Example({"shape": [-1, 5]}, input=(8, 9), breaks="C3", code="MS305"),
        Example({"shape": [5]}, input=(Unknown("seq"), 3), breaks="C3", code="MS305"),
    )


def _say_elements(shape: Shape) -> str:
    known = tuple(size for size in shape if size != -1)
    number: Count = numel(known)
    if isinstance(number, Unknown):
        return " × ".join(map(show_dim, known)) + " elements"
    several = "a multiple of " if len(known) < len(shape) else ""
    return f"{several}{number} element{'s' * (number != 1 or bool(several))}"


class Permute(_Reshaping):
    """The axes in another order. The batch stays in front: dims begins with its 0, or names the sample's axes alone.

    C1  dims names the axes of the sample: from 1, for 0 is the batch, or negative, from the end.
    C2  dims names every axis once.

    Source: torch.permute, with the batch as the fixed first entry.
    """

    dims: _Dims

    def _own(self, x: Shape) -> tuple[int, ...]:
        """Give dims without the batch."""
        return self.dims[1:] if self.dims and self.dims[0] in (0, -len(x) - 1) else self.dims

    def constrain(self, x: Shape) -> Iterator[Broken]:
        dims: tuple[Dim, ...] = self.dims
        unknown = next((dim for dim in dims if isinstance(dim, Unknown)), None)
        if unknown is not None:
            yield refuse_unknown("dims", unknown)
            return
        own = self._own(x)
        if len(own) != len(x):
            message = (
                f"dims is {show_shape(self.dims)}, but {show_shape(x)} arrives: it names {len(own)} axes of {len(x)}"
            )
            yield Broken("C2", message, "dims", f"name every axis once: 0, then 1 to {len(x)} in their new order")
            return
        for dim in own:
            broken = refuse("C1", "dims", dim, x)
            if broken:
                yield broken
                return
        if len({find(dim, x) for dim in own}) < len(x):
            message = f"dims is {show_shape(self.dims)}, which names an axis twice"
            yield Broken("C2", message, "dims", f"name every axis once: 0, then 1 to {len(x)} in their new order")

    def output_shape(self, x: Shape) -> Shape:
        return tuple([x[find(dim, x)] for dim in self._own(x)])

    examples = (
        Example({"dims": [0, 2, 3, 1]}, input=(96, 56, 48), output=(56, 48, 96), parameters=0, macs=0),
        Example({"dims": [2, 1]}, input=(10, 8), output=(8, 10)),
        Example({"dims": [0, -1, -2]}, input=(10, 8), output=(8, 10)),
        Example({"dims": [0, 1, 3]}, input=(10, 8), breaks="C1", code="MS309"),
        Example({"dims": [1, 0, 2]}, input=(10, 8, 4), breaks="C1", code="MS309"),
        Example({"dims": [0, 1, 1]}, input=(10, 8), breaks="C2", code="MS305"),
        Example({"dims": [0, 2, 1]}, input=(10, 8, 4), breaks="C2", code="MS305"),
    )


class Transpose(_Reshaping):
    """Two axes, exchanged.

    C1  dim0 and dim1 are numbers of axes of the sample: from 1, for 0 is the batch, or negative, from the end.

    Source: torch.transpose.
    """

    dim0: AxisIndex
    dim1: AxisIndex

    def constrain(self, x: Shape) -> Iterator[Broken]:
        for field, dim in (("dim0", self.dim0), ("dim1", self.dim1)):
            broken = refuse("C1", field, dim, x)
            if broken:
                yield broken

    def output_shape(self, x: Shape) -> Shape:
        shape = list(x)
        one, two = find(self.dim0, x), find(self.dim1, x)
        shape[one], shape[two] = shape[two], shape[one]
        return tuple(shape)

    examples = (
        Example({"dim0": 1, "dim1": 2}, input=(196, 768), output=(768, 196), parameters=0, macs=0),
        Example({"dim0": -1, "dim1": 1}, input=(4, 5, 6), output=(6, 5, 4)),
        Example({"dim0": 0, "dim1": 1}, input=(4, 5), breaks="C1", code="MS309"),
        Example({"dim0": 1, "dim1": 3}, input=(4, 5), breaks="C1", code="MS309"),
    )


class Squeeze(_Reshaping):
    """One axis or several, each of size 1, left out.

    C1  dim holds numbers of axes of the sample: from 1, for 0 is the batch, or negative, from the end.
    C2  dim names no axis twice.
    C3  The axis has the size 1: torch would silently leave any other as it is.

    `dim` must be given: without it torch leaves out every axis of 1, a batch of 1 too.

    Source: torch.squeeze.
    """

    dim: AxisIndices

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = refuse_axes(x, self.dim)
        if broken:
            yield broken
            return
        for dim in self.dim:
            at = find(dim, x)
            size = x[at]
            if isinstance(size, Unknown):
                cause = ", ".join(sorted(size.causes)) or "it"
                message = f"axis {dim} of {show_shape(x)} is left out, but its size is not known"
                yield Broken("C3", message, "dim", f"give {cause} the value 1, or Select one of it", "MS307", at)
                return
            if size != 1:
                message = f"axis {dim} of {show_shape(x)} has the size {size}, and only an axis of 1 can be left out"
                yield Broken("C3", message, "dim", "name an axis of 1; Select takes one of several", axis=at)
                return

    def output_shape(self, x: Shape) -> Shape:
        gone = {find(dim, x) for dim in self.dim}
        return tuple([size for axis, size in enumerate(x) if axis not in gone])

    examples = (
        Example({"dim": -1}, input=(10, 1), output=(10,), parameters=0, macs=0),
        Example({"dim": [2, 3]}, input=(512, 1, 1), output=(512,)),
        Example({"dim": 0}, input=(10, 1), breaks="C1", code="MS309"),
        Example({"dim": [2, -1]}, input=(10, 1), breaks="C2", code="MS305"),
        Example({"dim": 1}, input=(10, 1), breaks="C3", code="MS305"),
        Example({"dim": 1}, input=(Unknown("length"), 1), breaks="C3", code="MS307"),
    )


def refuse_axes(x: Shape, dims: tuple[int, ...]) -> Broken | None:
    """Say what is wrong with `dim`, a list of axes: C1 and C2 of the layers that take one. None if nothing is."""
    for dim in dims:
        broken = refuse("C1", "dim", dim, x)
        if broken:
            return broken
    if len({find(dim, x) for dim in dims}) < len(dims):
        return Broken("C2", f"dim is {show_shape(dims)}, which names an axis twice", "dim", "name every axis once")
    return None


class Unsqueeze(_Reshaping):
    """A new axis of size 1, which stands at dim in the result.

    C1  dim is the number that the new axis has: from 1, for 0 is the batch, or negative, from the end.

    Source: torch.unsqueeze.
    """

    dim: AxisIndex

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = refuse_new("C1", "dim", self.dim, x)
        if broken:
            yield broken

    def output_shape(self, x: Shape) -> Shape:
        at = find(self.dim, (1, *x))
        return (*x[:at], 1, *x[at:])

    examples = (
        Example({"dim": 1}, input=(10, 8), output=(1, 10, 8), parameters=0, macs=0),
        Example({"dim": -1}, input=(10,), output=(10, 1)),
        Example({"dim": 0}, input=(10,), breaks="C1", code="MS309"),
        Example({"dim": 3}, input=(10,), breaks="C1", code="MS309"),
    )


class Expand(_Reshaping):
    """Axes of size 1, stretched to the sizes of `shape`, that of a sample, without the batch; -1 keeps an axis.

    C1  Each size is positive, or -1 for an axis that stays.
    C2  shape has at least as many axes as the sample; what it has more stands in front and is not -1.
    C3  An axis that is not 1 keeps its size.

    Source: torch.Tensor.expand, of each sample.
    """

    shape: SizesOrRest

    def constrain(self, x: Shape) -> Iterator[Broken]:
        shape = self.shape
        new = len(shape) - len(x)
        if 0 in shape:
            hint = "each is positive, or -1 to keep an axis"
            yield Broken("C1", f"shape is {show_shape(shape)}, with a size of 0", "shape", hint)
        elif new < 0:
            message = f"shape {show_shape(shape)} has fewer axes than {show_shape(x)}, which arrives"
            yield Broken("C2", message, "shape", "one size for every axis, without the batch; -1 keeps an axis")
        elif -1 in shape[:new]:
            message = f"shape {show_shape(shape)} has {new} more than {show_shape(x)}, and a new axis needs a size"
            yield Broken("C2", message, "shape", "-1 keeps an axis of what arrives")
        else:
            for axis, (size, wanted) in enumerate(zip(x, shape[new:], strict=True)):
                if isinstance(size, int) and isinstance(wanted, int) and size != 1 and wanted not in (-1, size):
                    message = (
                        f"shape {show_shape(shape)} wants {wanted} of axis {axis + 1} of {show_shape(x)}, which is "
                        f"{size}, and only an axis of 1 is stretched"
                    )
                    yield Broken("C3", message, "shape", "-1 keeps the axis", axis=axis)
                    return

    def output_shape(self, x: Shape) -> Shape:
        new = len(self.shape) - len(x)
        return (
            *self.shape[:new],
            *[size if wanted == -1 else wanted for size, wanted in zip(x, self.shape[new:], strict=True)],
        )

    examples = (
        Example({"shape": [-1, 8]}, input=(10, 1), output=(10, 8), parameters=0, macs=0),
        Example({"shape": [4, -1, -1]}, input=(10, 8), output=(4, 10, 8)),
        Example({"shape": [0, 8]}, input=(1, 8), breaks="C1", code="MS305"),
        Example({"shape": [8]}, input=(10, 8), breaks="C2", code="MS305"),
        Example({"shape": [-1, 10, 8]}, input=(10, 8), breaks="C2", code="MS305"),
        Example({"shape": [10, 16]}, input=(10, 8), breaks="C3", code="MS305"),
    )
