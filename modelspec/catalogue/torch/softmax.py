"""torch.nn: activations along an axis."""

from collections.abc import Iterator
from typing import ClassVar

from modelspec.catalogue.torch.numbering import find, refuse
from modelspec.layer import AxisIndex, Broken, Example, Layer, Takes, no_macs, no_tensors, same_shape
from modelspec.shape import Shape, show_shape


class _AlongAxis(Layer):
    input_dtype = "float"

    dim: AxisIndex

    list_tensors = no_tensors
    count_macs = no_macs

    output_shape = same_shape

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = refuse("C1", "dim", self.dim, x)
        if broken:
            yield broken

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"dim": -1}, input=(10,), output=(10,), parameters=0, macs=0),
        Example({"dim": 1}, input=(8, 5), output=(8, 5)),
        Example({"dim": 0}, input=(10,), breaks="C1", code="MS309"),
        Example({"dim": -2}, input=(10,), breaks="C1", code="MS309"),
        Example({"dim": 3}, input=(8, 5), breaks="C1", code="MS309"),
        Example({"dim": -1}, input=(), breaks="C1", code="MS309"),
    )


class Softmax(_AlongAxis):
    """exp(x), divided by its sum along one axis.

    C1  dim is the number of an axis of the sample: from 1, for 0 is the batch, or negative, from the end.

    `dim` must be given: without it torch warns and picks an axis by the number of axes, for some of them the batch.

    Source: torch.nn.Softmax.
    """


class Softmin(_AlongAxis):
    """exp(−x), divided by its sum along one axis.

    C1  dim is the number of an axis of the sample: from 1, for 0 is the batch, or negative, from the end.

    `dim` must be given: without it torch warns and picks an axis by the number of axes, for some of them the batch.

    Source: torch.nn.Softmin.
    """


class LogSoftmax(_AlongAxis):
    """The logarithm of the softmax along one axis.

    C1  dim is the number of an axis of the sample: from 1, for 0 is the batch, or negative, from the end.

    `dim` must be given: without it torch warns and picks an axis by the number of axes, for some of them the batch.

    Source: torch.nn.LogSoftmax.
    """


class Softmax2d(Layer):
    """The softmax over the channels, at each place of a plane.

    C1  The input has three axes: channels, height and width.

    Source: torch.nn.Softmax2d.
    """

    takes = Takes("C1", ("channels", "height", "width"))
    input_dtype = "float"

    list_tensors = no_tensors
    count_macs = no_macs

    output_shape = same_shape

    examples = (
        Example({}, input=(3, 8, 8), output=(3, 8, 8), parameters=0, macs=0),
        Example({}, input=(8, 8), breaks="C1", code="MS303"),
        Example({}, input=(3, 8, 8), dtype="int64", code="MS308"),
    )


class GLU(_AlongAxis):
    """The first half of what arrives times the sigmoid of the second half, halved along one axis.

    C1  dim is the number of an axis of the sample: from 1, for 0 is the batch, or negative, from the end.
    C2  The axis is of an even size.

    Source: torch.nn.GLU.
    """

    dim: AxisIndex = -1

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = tuple(super().constrain(x))
        yield from broken
        if not broken:
            axis = find(self.dim, x)
            size = x[axis]
            if isinstance(size, int) and size % 2:
                message = f"halves {size}, which is odd: {show_shape(x)} arrives"
                yield Broken("C2", message, "dim", "an even size, or another axis", "MS306", axis)

    def output_shape(self, x: Shape) -> Shape:
        axis = find(self.dim, x)
        return (*x[:axis], x[axis] // 2, *x[axis + 1 :])

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        return {"half": f"input[{find(self.dim, x)}] / 2"}

    examples = (
        Example({}, input=(10, 64), output=(10, 32), parameters=0, macs=0),
        Example({"dim": 1}, input=(8, 5), output=(4, 5)),
        Example({"dim": 0}, input=(8, 5), breaks="C1", code="MS309"),
        Example({}, input=(), breaks="C1", code="MS309"),
        Example({}, input=(8, 5), breaks="C2", code="MS306"),
    )
