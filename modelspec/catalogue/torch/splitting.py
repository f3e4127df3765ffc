"""torch: parts of what arrives."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from modelspec.catalogue.torch.arguments import one_or_each, refuse_unknown
from modelspec.catalogue.torch.broadcasting import refuse_clash
from modelspec.catalogue.torch.numbering import find, refuse
from modelspec.kinds import Integer, Optional
from modelspec.layer import AxisIndex, Broken, Example, Layer, Size, no_macs, no_tensors
from modelspec.shape import Dim, Shape, Unknown, ceil_div, differs, show_dim, show_shape, total

MAX_RESULTS = 256
"""Parts that one layer may give: each is a result of its own, so that a number alone could ask for no end."""

_SizeOrSections = Annotated[int | tuple[int, ...], one_or_each(Integer(1))]
_Position = Annotated[int | None, Optional(Integer())]


def _refuse_unknown_size(dim: int, x: Shape) -> Broken:
    size = x[find(dim, x)]
    cause = ", ".join(sorted(size.causes)) if isinstance(size, Unknown) else ""
    hint = f"give {cause} a value in `variables`" if cause else "give every axis a size in `input`"
    message = f"how many results there are depends on axis {dim} of {show_shape(x)}, which is not known"
    return Broken(None, message, None, hint, "MS307", find(dim, x))


def _refuse_many(constraint: str, field: str, number: int, at: int) -> Broken:
    message = f"gives {number} results, and at most {MAX_RESULTS} are taken"
    return Broken(constraint, message, field, "a Reshape or a Slice, where no result needs a name of its own", axis=at)


class _Parts(Layer):
    result = "view"
    chooses = True

    list_tensors = no_tensors
    count_macs = no_macs

    if TYPE_CHECKING:
        dim: AxisIndex

    def _sizes(self, x: Shape) -> list[Dim]:
        """Give the size of each part along dim."""
        raise NotImplementedError

    def outputs(self, x: Shape) -> dict[str, Shape]:
        at = find(self.dim, x)
        return {str(number): (*x[:at], size, *x[at + 1 :]) for number, size in enumerate(self._sizes(x))}

    def output_shape(self, x: Shape) -> Shape:
        return self.outputs(x)["0"]


class Split(_Parts):
    """Parts along one axis: each of one size, the last of what is left; or of the sizes that are written.

    C1  dim is the number of an axis of the sample: from 1, for 0 is the batch, or negative, from the end.
    C2  Written sizes add up to the size of the axis.
    C3  There are at most 256 parts.

    Source: torch.split. There `dim` is 0 by default, the batch; here it is 1.
    """

    split_size_or_sections: _SizeOrSections
    dim: AxisIndex = 1

    def constrain(self, x: Shape) -> Iterator[Broken]:
        wanted = self.split_size_or_sections
        broken = refuse("C1", "dim", self.dim, x)
        if broken:
            yield broken
            return
        at = find(self.dim, x)
        if isinstance(wanted, tuple):
            if differs(total(wanted), x[at]):
                sizes = " + ".join(map(show_dim, wanted))
                message = (
                    f"split_size_or_sections is {sizes} = {total(wanted)}, but axis {self.dim} of {show_shape(x)} is "
                )
                hint = "let the sizes add up to that of the axis; one number alone is the size of every part"
                yield Broken("C2", message + show_dim(x[at]), "split_size_or_sections", hint, axis=at)
            elif len(wanted) > MAX_RESULTS:
                yield _refuse_many("C3", "split_size_or_sections", len(wanted), at)
        elif isinstance(wanted, Unknown):
            yield refuse_unknown("split_size_or_sections", wanted)
        elif isinstance(x[at], Unknown):
            yield _refuse_unknown_size(self.dim, x)
        elif _count(x[at], wanted) > MAX_RESULTS:
            yield _refuse_many("C3", "split_size_or_sections", _count(x[at], wanted), at)

    def _sizes(self, x: Shape) -> list[Dim]:
        wanted = self.split_size_or_sections
        return list(wanted) if isinstance(wanted, tuple) else _divide(x[find(self.dim, x)], wanted)

    examples = (
        Example({"split_size_or_sections": [768, 256, 256], "dim": -1}, input=(10, 1280), output=(10, 768)),
        Example({"split_size_or_sections": 4}, input=(10, 8), output=(4, 8), parameters=0, macs=0),
        Example({"split_size_or_sections": 4, "dim": 0}, input=(10, 8), breaks="C1", code="MS309"),
        Example({"split_size_or_sections": [4, 4]}, input=(10, 8), breaks="C2", code="MS305"),
        Example({"split_size_or_sections": 1}, input=(256,), output=(1,)),
        Example({"split_size_or_sections": [1] * 256}, input=(256,), output=(1,)),
        Example({"split_size_or_sections": 1}, input=(257,), breaks="C3", code="MS305"),
        Example({"split_size_or_sections": [1] * 257}, input=(257,), breaks="C3", code="MS305"),
    )


def _count(size: Dim, each: int) -> int:
    number = ceil_div(size, each)
    assert isinstance(number, int)
    return number


def _divide(size: Dim, each: int) -> list[Dim]:
    assert isinstance(size, int)
    return [min(each, size - start) for start in range(0, size, each)]


class Chunk(_Parts):
    """So many parts along one axis, each but the last of one size; fewer where the axis does not have so many.

    C1  dim is the number of an axis of the sample: from 1, for 0 is the batch, or negative, from the end.
    C2  There are at most 256 parts.

    A part's size is that of the axis, divided by `chunks` and rounded up: 5 in 4 chunks are 2, 2 and 1.

    Source: torch.chunk. There `dim` is 0 by default, the batch; here it is 1.
    """

    chunks: Size
    dim: AxisIndex = 1

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = refuse("C1", "dim", self.dim, x)
        if broken:
            yield broken
        elif isinstance(self.chunks, Unknown):
            yield refuse_unknown("chunks", self.chunks)
        elif isinstance(x[find(self.dim, x)], Unknown):
            yield _refuse_unknown_size(self.dim, x)
        else:
            size = x[find(self.dim, x)]
            number = _count(size, self._each(size))
            if number > MAX_RESULTS:
                yield _refuse_many("C2", "chunks", number, find(self.dim, x))

    def _each(self, size: Dim) -> int:
        each = ceil_div(size, self.chunks)
        assert isinstance(each, int)
        return each

    def _sizes(self, x: Shape) -> list[Dim]:
        size = x[find(self.dim, x)]
        return _divide(size, self._each(size))

    examples = (
        Example({"chunks": 3, "dim": -1}, input=(10, 96), output=(10, 32), parameters=0, macs=0),
        Example({"chunks": 4}, input=(5,), output=(2,)),
        Example({"chunks": 2, "dim": 0}, input=(10, 8), breaks="C1", code="MS309"),
        Example({"chunks": 256}, input=(256,), output=(1,)),
        Example({"chunks": 257}, input=(257,), breaks="C2", code="MS305"),
    )


class Unbind(_Parts):
    """The slices along one axis, each without it.

    C1  dim is the number of an axis of the sample: from 1, for 0 is the batch, or negative, from the end.
    C2  There are at most 256 slices.

    Source: torch.unbind. There `dim` is 0 by default, the batch; here it is 1.
    """

    dim: AxisIndex = 1

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = refuse("C1", "dim", self.dim, x)
        if broken:
            yield broken
            return
        size = x[find(self.dim, x)]
        if isinstance(size, Unknown):
            yield _refuse_unknown_size(self.dim, x)
        elif size > MAX_RESULTS:
            yield _refuse_many("C2", "dim", size, find(self.dim, x))

    def outputs(self, x: Shape) -> dict[str, Shape]:
        at = find(self.dim, x)
        size = x[at]
        assert isinstance(size, int)
        return {str(number): (*x[:at], *x[at + 1 :]) for number in range(size)}

    examples = (
        Example({}, input=(3, 8, 10, 64), output=(8, 10, 64), parameters=0, macs=0),
        Example({"dim": -1}, input=(4, 2), output=(4,)),
        Example({"dim": 0}, input=(3, 8), breaks="C1", code="MS309"),
        Example({}, input=(256,), output=()),
        Example({"dim": 1}, input=(257,), breaks="C2", code="MS305"),
    )


class Slice(Layer):
    """What stands from start to end along one axis, every step-th of it. Negative positions count from the end.

    C1  dim is the number of an axis of the sample: from 1, for 0 is the batch, or negative, from the end.
    C2  start and end lie within the axis: torch would silently give less than what is asked for.
    C3  start comes before end.

    Source: torch.ops.aten.slice, which is what `x[:, start:end:step]` calls.
    """

    result = "view"

    dim: AxisIndex
    start: _Position = None
    end: _Position = None
    step: Size = 1

    list_tensors = no_tensors
    count_macs = no_macs

    def _bounds(self, x: Shape) -> tuple[Dim, Dim]:
        size = x[find(self.dim, x)]
        start = 0 if self.start is None else self.start
        if _is_from_end(start) and (self.end is None or _is_from_end(self.end)):
            # Two that count from the end are as far apart, whatever the size is.
            return start, 0 if self.end is None else self.end
        return _from_front(start, size), size if self.end is None else _from_front(self.end, size)

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = refuse("C1", "dim", self.dim, x)
        if broken:
            yield broken
            return
        at = find(self.dim, x)
        size = x[at]
        for field, position in (("start", self.start), ("end", self.end)):
            if isinstance(size, int) and isinstance(position, int) and not -size <= position <= size:
                message = f"{field} is {position}, but axis {self.dim} of {show_shape(x)} ends at {size}"
                yield Broken("C2", message, field, f"from {-size} to {size}", axis=at)
                return
        start, end = self._bounds(x)
        if isinstance(start, int) and isinstance(end, int) and start >= end:
            message = f"nothing lies from {show_dim(start)} to {show_dim(end)} on axis {self.dim} of {show_shape(x)}"
            yield Broken("C3", message, "end" if self.end is not None else "start", "let start be before end", axis=at)

    def output_shape(self, x: Shape) -> Shape:
        at = find(self.dim, x)
        start, end = self._bounds(x)
        length = end if start == 0 else end - start
        return (*x[:at], length if self.step == 1 else ceil_div(length, self.step), *x[at + 1 :])

    examples = (
        Example({"dim": 1, "end": 1}, input=(197, 768), output=(1, 768), parameters=0, macs=0),
        Example({"dim": -1, "start": -3, "end": -1}, input=(10, 8), output=(10, 2)),
        Example({"dim": 2, "start": 1, "step": 2}, input=(10, 8), output=(10, 4)),
        Example({"dim": 1}, input=(Unknown("seq"), 8), output=(Unknown("seq"), 8)),
        Example({"dim": 0, "end": 1}, input=(10, 8), breaks="C1", code="MS309"),
        Example({"dim": 1, "end": 12}, input=(10, 8), breaks="C2", code="MS305"),
        Example({"dim": 1, "start": -11}, input=(10, 8), breaks="C2", code="MS305"),
        Example({"dim": 1, "start": 4, "end": -6}, input=(10, 8), breaks="C3", code="MS305"),
        Example({"dim": 1, "start": 10}, input=(10, 8), breaks="C3", code="MS305"),
    )


def _is_from_end(position: Dim) -> bool:
    return isinstance(position, int) and position < 0


def _from_front(position: Dim, size: Dim) -> Dim:
    return size + position if _is_from_end(position) else position


class Select(Layer):
    """What stands at one index along one axis, without that axis.

    C1  dim is the number of an axis of the sample: from 1, for 0 is the batch, or negative, from the end.
    C2  index lies within the axis; negative ones count from the end.

    Source: torch.select.
    """

    result = "view"

    dim: AxisIndex
    index: Annotated[int, Integer()]

    list_tensors = no_tensors
    count_macs = no_macs

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = refuse("C1", "dim", self.dim, x)
        if broken:
            yield broken
            return
        at, index = find(self.dim, x), self.index
        size = x[at]
        if isinstance(size, int) and isinstance(index, int) and not -size <= index < size:
            message = f"index is {index}, but axis {self.dim} of {show_shape(x)} is {size} long"
            yield Broken("C2", message, "index", f"from {-size} to {size - 1}", axis=at)

    def output_shape(self, x: Shape) -> Shape:
        at = find(self.dim, x)
        return (*x[:at], *x[at + 1 :])

    examples = (
        Example({"dim": 1, "index": 0}, input=(197, 768), output=(768,), parameters=0, macs=0),
        Example({"dim": -1, "index": -1}, input=(10, 8), output=(10,)),
        Example({"dim": 0, "index": 0}, input=(10, 8), breaks="C1", code="MS309"),
        Example({"dim": 1, "index": 10}, input=(10, 8), breaks="C2", code="MS305"),
    )


class Gather(Layer):
    """The elements of the first input that stand at the indices, along one axis; the result is shaped as the indices.

    C1  dim is the number of an axis of the sample: from 1, for 0 is the batch, or negative, from the end.
    C2  The index has as many axes as the first input.
    C3  On every other axis the index is no longer than the first input.

    Rows of a table (`table[index]`) are an index that is stretched over the rows by `Unsqueeze` and `Expand`; where
    the table is learned and nothing else, an `Embedding`.

    Source: torch.gather.
    """

    arity = (2, 2)
    input_names = ("input", "index")
    input_dtype = ("any", "integer")

    dim: AxisIndex

    list_tensors = no_tensors
    count_macs = no_macs

    def constrain(self, x: Shape, index: Shape) -> Iterator[Broken]:
        if len(x) != len(index):
            message = (
                f"input {show_shape(x)} and index {show_shape(index)} do not go together: the one has {len(x)} axes, "
                f"the other {len(index)}"
            )
            hint = "an Unsqueeze and an Expand of the index, so that each element has its index"
            yield Broken("C2", message, None, hint, "MS313")
            return
        broken = refuse("C1", "dim", self.dim, x)
        if broken:
            yield broken
            return
        for axis, (size, length) in enumerate(zip(x, index, strict=True)):
            if axis != find(self.dim, x) and isinstance(size, int) and isinstance(length, int) and length > size:
                hint = f"dim is {self.dim}: on every other axis the index is at most as long as the input"
                yield refuse_clash("C3", self.input_name_at, (x, index), (1, axis), (0, axis), hint)
                return

    def output_shape(self, x: Shape, index: Shape) -> Shape:
        return index

    examples = (
        Example(
            {"dim": 1},
            inputs=((169, 3), (2401, 3)),
            dtypes=("float32", "int64"),
            output=(2401, 3),
            parameters=0,
            macs=0,
        ),
        Example({"dim": -1}, inputs=((5, 8), (4, 2)), dtypes=("int64", "int64"), output=(4, 2)),
        Example({"dim": 0}, inputs=((5, 8), (5, 8)), dtypes=("float32", "int64"), breaks="C1", code="MS309"),
        Example({"dim": 1}, inputs=((5, 8), (5,)), dtypes=("float32", "int64"), breaks="C2", code="MS313"),
        Example({"dim": 1}, inputs=((5, 8), (5, 9)), dtypes=("float32", "int64"), breaks="C3", code="MS313"),
    )
