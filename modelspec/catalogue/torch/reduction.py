"""torch: axes that are summed up or averaged."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from modelspec.catalogue.torch.arguments import AxisIndices
from modelspec.catalogue.torch.numbering import find
from modelspec.catalogue.torch.reshaping import refuse_axes
from modelspec.layer import Broken, Example, Layer, no_macs, no_tensors
from modelspec.shape import Shape


class _Reduction(Layer):
    dim: AxisIndices
    keepdim: bool = False

    list_tensors = no_tensors
    count_macs = no_macs

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = refuse_axes(x, self.dim)
        if broken:
            yield broken

    def output_shape(self, x: Shape) -> Shape:
        gone = {find(dim, x) for dim in self.dim}
        if self.keepdim:
            return tuple([1 if axis in gone else size for axis, size in enumerate(x)])
        return tuple([size for axis, size in enumerate(x) if axis not in gone])


class Mean(_Reduction):
    """The mean along one axis or several.

    C1  dim holds numbers of axes of the sample: from 1, for 0 is the batch, or negative, from the end.
    C2  dim names no axis twice.

    `dim` must be given: without it torch averages over the batch too.

    Source: torch.mean.
    """

    input_dtype = "float"

    examples = (
        Example({"dim": 1}, input=(196, 768), output=(768,), parameters=0, macs=0),
        Example({"dim": [-2, -1], "keepdim": True}, input=(64, 7, 7), output=(64, 1, 1)),
        Example({"dim": 0}, input=(196, 768), breaks="C1", code="MS309"),
        Example({"dim": [1, -2]}, input=(196, 768), breaks="C2", code="MS305"),
    )


class Sum(_Reduction):
    """The sum along one axis or several; of integers as int64.

    C1  dim holds numbers of axes of the sample: from 1, for 0 is the batch, or negative, from the end.
    C2  dim names no axis twice.

    `dim` must be given: without it torch sums over the batch too.

    Source: torch.sum.
    """

    result_dtypes: ClassVar[Mapping[str, str]] = {"output": "wide"}

    examples = (
        Example({"dim": -1}, input=(10, 8), output=(10,), parameters=0, macs=0),
        Example({"dim": [1, 2], "keepdim": True}, input=(10, 8), output=(1, 1), dtype="int64"),
        Example({"dim": 3}, input=(10, 8), breaks="C1", code="MS309"),
        Example({"dim": [2, 2]}, input=(10, 8), breaks="C2", code="MS305"),
    )
