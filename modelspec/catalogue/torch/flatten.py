"""torch.nn: layers that change the shape alone."""

from collections.abc import Iterator
from typing import Annotated

from modelspec.catalogue.torch.numbering import find, refuse
from modelspec.kinds import Integer, ListOf
from modelspec.layer import AxisIndex, Broken, Example, Layer, Takes, no_macs, no_tensors
from modelspec.shape import Count, Shape, Unknown, numel, show_shape

_Sizes = Annotated[
    tuple[int, ...],
    ListOf(Integer(-1, words="a positive integer or -1"), minimum=1, words="a list of sizes, of which one may be -1"),
]


class Flatten(Layer):
    """The axes from start_dim to end_dim, joined into one.

    C1  The input has at least one axis.
    C2  start_dim and end_dim are numbers of axes of the sample: from 1, for 0 is the batch, or negative, from the end.
    C3  start_dim does not come after end_dim.

    Source: torch.nn.Flatten.
    """

    takes = Takes("C1", ("*", "size"))
    result = "view"

    start_dim: AxisIndex = 1
    end_dim: AxisIndex = -1

    list_tensors = no_tensors
    count_macs = no_macs

    def constrain(self, x: Shape) -> Iterator[Broken]:
        dims = (("start_dim", self.start_dim), ("end_dim", self.end_dim))
        broken = [problem for problem in (refuse("C2", field, dim, x) for field, dim in dims) if problem]
        if not broken and find(self.start_dim, x) > find(self.end_dim, x):
            message = f"start_dim {self.start_dim} comes after end_dim {self.end_dim}, for a sample of {len(x)} axes"
            broken.append(Broken("C3", message, "start_dim", "let start_dim be the earlier of the two axes"))
        yield from broken

    def output_shape(self, x: Shape) -> Shape:
        first, last = find(self.start_dim, x), find(self.end_dim, x)
        return (*x[:first], numel(x[first : last + 1]), *x[last + 1 :])

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        first, last = find(self.start_dim, x), find(self.end_dim, x)
        return {"size": " * ".join(f"input[{axis}]" for axis in range(first, last + 1))}

    examples = (
        Example({}, input=(32, 7, 7), output=(1568,), parameters=0, macs=0),
        Example({}, input=(5,), output=(5,), dtype="int64"),
        Example({"start_dim": 2}, input=(32, 7, 7), output=(32, 49)),
        Example({"start_dim": -3, "end_dim": 2}, input=(32, 7, 5), output=(224, 5)),
        Example({}, input=(), breaks="C1", code="MS303"),
        Example({"start_dim": 0}, input=(32, 7, 7), breaks="C2", code="MS309"),
        Example({"end_dim": 4}, input=(32, 7, 7), breaks="C2", code="MS309"),
        Example({"start_dim": 3, "end_dim": 1}, input=(32, 7, 7), breaks="C3", code="MS305"),
    )


class Unflatten(Layer):
    """One axis, taken apart into several.

    C1  dim is the number of an axis of the sample: from 1, for 0 is the batch, or negative, from the end.
    C2  The sizes are positive; one may be -1, for what follows from the others.
    C3  The sizes multiply to that of the axis.

    Source: torch.nn.Unflatten. Its named axes are not taken.
    """

    result = "view"

    dim: AxisIndex
    unflattened_size: _Sizes

    list_tensors = no_tensors
    count_macs = no_macs

    def _written(self) -> Count:
        return numel(size for size in self.unflattened_size if size != -1)

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = refuse("C1", "dim", self.dim, x)
        if broken:
            yield broken
            return
        field, sizes = "unflattened_size", self.unflattened_size
        if 0 in sizes or sizes.count(-1) > 1:
            what = "a size of 0" if 0 in sizes else "more than one -1"
            yield Broken(
                "C2", f"{field} is {show_shape(sizes)}, with {what}", field, "positive sizes, and one -1 at most"
            )
            return
        axis = find(self.dim, x)
        size, written = x[axis], self._written()
        if isinstance(size, Unknown) or isinstance(written, Unknown):
            return
        if size % written if -1 in sizes else size != written:
            verb = "do not divide" if -1 in sizes else "do not multiply to"
            message = f"the sizes {show_shape(sizes)} {verb} {size}, axis {self.dim} of {show_shape(x)}"
            yield Broken("C3", message, field, "or mend what gives this axis", "MS306", axis)

    def output_shape(self, x: Shape) -> Shape:
        axis = find(self.dim, x)
        rest = x[axis] // self._written()
        return (*x[:axis], *[rest if size == -1 else size for size in self.unflattened_size], *x[axis + 1 :])

    examples = (
        Example({"dim": 1, "unflattened_size": [8, 4]}, input=(32, 5), output=(8, 4, 5), parameters=0, macs=0),
        Example({"dim": -1, "unflattened_size": [2, -1, 2]}, input=(3, 12), output=(3, 2, 3, 2), dtype="int64"),
        Example({"dim": 0, "unflattened_size": [8, 4]}, input=(32, 5), breaks="C1", code="MS309"),
        Example({"dim": 1, "unflattened_size": [-1, -1]}, input=(32, 5), breaks="C2", code="MS305"),
        Example({"dim": 1, "unflattened_size": [0, -1]}, input=(32, 5), breaks="C2", code="MS305"),
        Example({"dim": 1, "unflattened_size": [8, 5]}, input=(32, 5), breaks="C3", code="MS306"),
        Example({"dim": 1, "unflattened_size": [5, -1]}, input=(32, 5), breaks="C3", code="MS306"),
    )
