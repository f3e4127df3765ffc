"""torch.nn: how far apart two inputs are."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from modelspec.catalogue.torch.broadcasting import broadcast, refuse
from modelspec.catalogue.torch.numbering import find
from modelspec.catalogue.torch.numbering import refuse as refuse_axis
from modelspec.kinds import Number
from modelspec.layer import AxisIndex, Broken, Example, Layer, Takes, no_macs, no_tensors
from modelspec.shape import Shape


class _Distance(Layer):
    arity = (2, 2)
    input_names = ("x1", "x2")

    list_tensors = no_tensors
    count_macs = no_macs


class CosineSimilarity(_Distance):
    """The cosine of the angle between two vectors along one axis.

    C1  dim is the number of an axis of the longer sample: from 1, for 0 is the batch, or negative, from the end.
    C2  Counted from the last, the axes of the inputs are equal or one of them is 1.
    C3  The output has the axes of both, without that one.

    Source: torch.nn.CosineSimilarity.
    """

    input_dtype = "float"
    promotes = True

    dim: AxisIndex = 1
    eps: Annotated[float, Number(0)] = 1e-8

    def constrain(self, x: Shape, z: Shape) -> Iterator[Broken]:
        broken = refuse_axis("C1", "dim", self.dim, broadcast(x, z)) or refuse("C2", self.input_name_at, (x, z))
        if broken:
            yield broken

    def output_shape(self, x: Shape, z: Shape) -> Shape:
        shape = broadcast(x, z)
        axis = find(self.dim, shape)
        return (*shape[:axis], *shape[axis + 1 :])

    examples = (
        Example({}, inputs=((64,), (64,)), output=(), parameters=0, macs=0),
        Example({"dim": -1, "eps": 1e-6}, inputs=((10, 64), (1, 64)), output=(10,)),
        Example({"dim": 2}, inputs=((10, 64, 3), (10, 64, 3)), output=(10, 3)),
        Example({"dim": 1}, inputs=((64,), (64,)), dtypes=("float32", "float64"), output=()),
        Example({"dim": 0}, inputs=((64,), (64,)), breaks="C1", code="MS309"),
        Example({"dim": 3}, inputs=((10, 64), (10, 64)), breaks="C1", code="MS309"),
        Example({}, inputs=((64,), (32,)), breaks="C2", code="MS313"),
    )


class PairwiseDistance(_Distance):
    """The p-norm of the difference of two vectors along the last axis.

    C1  The inputs have at least one axis.
    C2  Counted from the last, the axes of the inputs are equal or one of them is 1.
    C3  The output has the axes of both, without the last; with keepdim that is 1.

    Source: torch.nn.PairwiseDistance.
    """

    takes = Takes("C1", ("*", "features"))
    promotes = True
    result_dtypes: ClassVar[Mapping[str, str]] = {"output": "float"}

    p: Annotated[float, Number()] = 2.0
    eps: Annotated[float, Number()] = 1e-6
    keepdim: bool = False

    def constrain(self, x: Shape, z: Shape) -> Iterator[Broken]:
        broken = refuse("C2", self.input_name_at, (x, z))
        if broken:
            yield broken

    def output_shape(self, x: Shape, z: Shape) -> Shape:
        shape = broadcast(x, z)
        return (*shape[:-1], 1) if self.keepdim else shape[:-1]

    examples = (
        Example({}, inputs=((64,), (64,)), output=(), parameters=0, macs=0),
        Example({}, inputs=((64,), (64,)), dtypes=("float32", "float64"), output=()),
        Example({"p": 1, "keepdim": True}, inputs=((10, 64), (1, 64)), output=(10, 1)),
        Example({}, inputs=((), (64,)), breaks="C1", code="MS303"),
        Example({}, inputs=((64,), (32,)), breaks="C2", code="MS313"),
    )
