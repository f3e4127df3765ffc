"""torch: what joins several inputs into one."""

from collections.abc import Iterator
from functools import reduce

from modelspec.catalogue.torch.broadcasting import agree, name_input, refuse_clash
from modelspec.catalogue.torch.numbering import find, refuse, refuse_new
from modelspec.layer import AxisIndex, Broken, Example, Layer, no_macs, no_tensors
from modelspec.shape import Shape, Unknown, differs, show_shape, total


class _Joining(Layer):
    arity = (1, None)
    input_names = ("input", "other")
    promotes = True

    dim: AxisIndex = 1

    list_tensors = no_tensors
    count_macs = no_macs

    def _hold_alike(self, shapes: tuple[Shape, ...], free: int | None) -> Broken | None:
        """Say which two samples are not alike on all axes but `free`."""
        first = shapes[0]
        for number, shape in enumerate(shapes):
            if len(shape) != len(first):
                message = (
                    f"{name_input(0)} {show_shape(first)} and {name_input(number)} {show_shape(shape)} do not go "
                    f"together: the one has {len(first)} axes, the other {len(shape)}"
                )
                hint = "give both as many axes: by an Unsqueeze, a Flatten or a Reshape before"
                return Broken("C2", message, None, hint, "MS313")
        for number, shape in enumerate(shapes):
            # Against any that comes before: a size that the first one leaves open may be known from another.
            for earlier in range(number):
                for axis, size in enumerate(shape):
                    if axis != free and differs(size, shapes[earlier][axis]):
                        hint = self._hint(axis, free)
                        return refuse_clash("C3", name_input, shapes, (number, axis), (earlier, axis), hint)
        return None

    def _hint(self, axis: int, free: int | None) -> str:
        raise NotImplementedError

    def _common(self, shapes: tuple[Shape, ...]) -> Shape:
        """Give the sample with every size that one of them tells."""
        return tuple([reduce(agree, sizes) for sizes in zip(*shapes, strict=True)])


class Concat(_Joining):
    """The inputs one after the other along one axis.

    C1  dim is the number of an axis of the sample: from 1, for 0 is the batch, or negative, from the end.
    C2  All samples have as many axes.
    C3  On every other axis the samples have one size.

    Source: torch.cat. There `dim` is 0 by default, the batch; here it is 1.
    """

    def constrain(self, *shapes: Shape) -> Iterator[Broken]:
        # What is wrong with dim is told of the first sample; where the samples differ, that is what is wrong.
        broken = self._hold_alike(shapes, None) if len({len(shape) for shape in shapes}) > 1 else None
        first, *_ = shapes
        broken = broken or refuse("C1", "dim", self.dim, first)
        broken = broken or self._hold_alike(shapes, find(self.dim, first))
        if broken:
            yield broken

    def _hint(self, axis: int, free: int | None) -> str:
        return f"dim is {self.dim}: on every other axis the sizes are equal; mend one of the two, or dim"

    def output_shape(self, *shapes: Shape) -> Shape:
        first, *_ = shapes
        at = find(self.dim, first)
        common = self._common(shapes)
        return (*common[:at], total(shape[at] for shape in shapes), *common[at + 1 :])

    def output_by_hand(self, *shapes: Shape) -> dict[str, str]:
        first, *_ = shapes
        at = find(self.dim, first)
        return {"size": f"input[{at}] + other[{at}]"} if len(shapes) == 2 else {}

    examples = (
        Example({}, inputs=((64, 32, 32), (128, 32, 32)), output=(192, 32, 32), parameters=0, macs=0),
        Example({"dim": -1}, inputs=((10, 4), (10, 5), (10, 6)), output=(10, 15)),
        Example({}, input=(3, 8), output=(3, 8)),
        Example({"dim": 0}, inputs=((3, 8), (3, 8)), breaks="C1", code="MS309"),
        Example({"dim": 3}, inputs=((3, 8), (3, 8)), breaks="C1", code="MS309"),
        Example({}, inputs=((3, 8), (8,)), breaks="C2", code="MS313"),
        Example({"dim": 3}, inputs=((3, 8), (3, 8, 4)), breaks="C2", code="MS313"),
        Example({}, inputs=((64, 32, 32), (128, 31, 31)), breaks="C3", code="MS313"),
    )


class Stack(_Joining):
    """The inputs along a new axis, which stands at dim in the result.

    C1  dim is the number that the new axis has: from 1, for 0 is the batch, or negative, from the end.
    C2  All samples have as many axes.
    C3  All samples have one shape.

    Source: torch.stack. There `dim` is 0 by default, before the batch; here it is 1.
    """

    def constrain(self, *shapes: Shape) -> Iterator[Broken]:
        broken = self._hold_alike(shapes, None) or refuse_new("C1", "dim", self.dim, shapes[0])
        if broken:
            yield broken

    def _hint(self, axis: int, free: int | None) -> str:
        return "Stack takes samples of one shape; Concat joins along an axis on which they differ"

    def output_shape(self, *shapes: Shape) -> Shape:
        first, *_ = shapes
        at = find(self.dim, (len(shapes), *first))
        common = self._common(shapes)
        return (*common[:at], len(shapes), *common[at:])

    examples = (
        Example({}, inputs=((10, 8), (10, 8)), output=(2, 10, 8), parameters=0, macs=0),
        Example({"dim": -1}, inputs=((10,), (10,), (10,)), output=(10, 3)),
        Example({}, inputs=((Unknown("rows"), 8), (Unknown("more"), 8)), output=(2, Unknown("rows"), 8)),
        Example({"dim": 0}, inputs=((10,), (10,)), breaks="C1", code="MS309"),
        Example({"dim": 3}, inputs=((10,), (10,)), breaks="C1", code="MS309"),
        Example({}, inputs=((10, 8), (8,)), breaks="C2", code="MS313"),
        Example({}, inputs=((10, 8), (10, 9)), breaks="C3", code="MS313"),
    )
