"""torch.nn: pooling by windows that stand at random places."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from modelspec.catalogue.torch.window import SPATIAL, exceeds
from modelspec.kinds import Number, Optional, PerAxis
from modelspec.layer import (
    Broken,
    Example,
    Layer,
    OptionalSizePerAxis,
    SizePerAxis,
    Takes,
    no_macs,
    no_tensors,
)
from modelspec.shape import Dim, Shape, Unknown, show_shape

_Ratios = Annotated[tuple[float, ...] | None, Optional(PerAxis(Number(above=0)))]


class _FractionalMax(Layer):
    rank: ClassVar[int]
    input_dtype = "float"
    spared: ClassVar[int] = 0
    """How many places of an axis no window may begin in, beside those that the last window covers."""
    result_dtypes: ClassVar[Mapping[str, str]] = {"indices": "int64"}

    kernel_size: SizePerAxis
    output_size: OptionalSizePerAxis = None
    output_ratio: _Ratios = None
    return_indices: bool = False

    list_tensors = no_tensors
    count_macs = no_macs

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if (self.output_size is None) == (self.output_ratio is None):
            given = "neither output_size nor output_ratio is"
            if self.output_size is not None:
                given = "both output_size and output_ratio are"
            hint = "give one of them: `output_size: 8` or `output_ratio: 0.5`"
            yield Broken("C2", f"{given} given", None if self.output_size is None else "output_ratio", hint)
            return
        if self.output_ratio is not None and max(self.output_ratio) >= 1:
            message = f"output_ratio is {max(self.output_ratio):g}, which is not less than 1"
            yield Broken("C3", message, "output_ratio", "a fraction, such as 0.5")
            return
        for axis, name in enumerate(SPATIAL[self.rank], 1):
            window, size = self.kernel_size[axis - 1], self._draw_in(x[axis], axis - 1)
            if exceeds(size + window - 1 + self.spared, x[axis]):
                message = f"{size} windows of {window} do not fit on a {name} of {x[axis]}: {show_shape(x)} arrives"
                hint = "fewer or smaller windows: each begins in a place of its own"
                yield Broken("C4", message, "kernel_size", hint, "MS306", axis)
                return

    def _draw_in(self, size: Dim, axis: int) -> Dim:
        if self.output_size is not None:
            return self.output_size[axis]
        assert self.output_ratio is not None
        # As torch does: the product of two floating-point numbers, rounded down.
        product = size * float(self.output_ratio[axis])
        return product if isinstance(product, Unknown) else int(product)

    def output_shape(self, x: Shape) -> Shape:
        return (x[0], *[self._draw_in(size, axis) for axis, size in enumerate(x[1:])])

    def outputs(self, x: Shape) -> dict[str, Shape]:
        y = self.output_shape(x)
        return {"output": y, "indices": y} if self.return_indices else {"output": y}

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        if self.output_ratio is None:
            return {}
        names = enumerate(SPATIAL[self.rank])
        return {name: f"floor(input[{axis + 1}] * output_ratio[{axis}])" for axis, name in names}


class FractionalMaxPool2d(_FractionalMax):
    """The largest values in as many windows as the result is to have, which stand at random places of a plane.

    C1  The input has three axes: channels, height and width.
    C2  Either output_size or output_ratio is given.
    C3  output_ratio is less than 1.
    C4  Windows begin in different places: output_size + kernel_size − 1 is at most the height and the width.

    Source: torch.nn.FractionalMaxPool2d.
    """

    rank = 2
    takes = Takes("C1", ("channels", "height", "width"))

    examples = (
        Example(
            {"kernel_size": 3, "output_size": [13, 12]}, input=(16, 50, 32), output=(16, 13, 12), parameters=0, macs=0
        ),
        Example(
            {"kernel_size": [2, 3], "output_ratio": [0.5, 0.7], "return_indices": True},
            input=(3, 9, 10),
            output=(3, 4, 7),
        ),
        Example({"kernel_size": 2, "output_size": 2}, input=(9, 10), breaks="C1", code="MS303"),
        Example({"kernel_size": 2}, input=(3, 9, 10), breaks="C2", code="MS305"),
        Example({"kernel_size": 2, "output_size": 2, "output_ratio": 0.5}, input=(3, 9, 10), breaks="C2", code="MS305"),
        Example({"kernel_size": 2, "output_ratio": [0.5, 1]}, input=(3, 9, 10), breaks="C3", code="MS305"),
        Example({"kernel_size": 3, "output_size": [2, 9]}, input=(3, 9, 10), breaks="C4", code="MS306"),
    )


class FractionalMaxPool3d(_FractionalMax):
    """The largest values in as many windows as the result is to have, which stand at random places of a volume.

    C1  The input has four axes: channels, depth, height and width.
    C2  Either output_size or output_ratio is given.
    C3  output_ratio is less than 1.
    C4  Windows begin in different places: output_size + kernel_size − 1 is less than the depth, height and width.

    Source: torch.nn.FractionalMaxPool3d.
    """

    rank = 3
    takes = Takes("C1", ("channels", "depth", "height", "width"))
    # Source: torch, aten/src/ATen/native/FractionalMaxPool3d.cpp.
    spared = 1

    examples = (
        Example({"kernel_size": 3, "output_size": 4}, input=(2, 9, 8, 7), output=(2, 4, 4, 4), parameters=0, macs=0),
        Example({"kernel_size": [1, 2, 3], "output_ratio": 0.5}, input=(3, 9, 10, 11), output=(3, 4, 5, 5)),
        Example({"kernel_size": 2, "output_size": 2}, input=(3, 9, 10), breaks="C1", code="MS303"),
        Example({"kernel_size": 2}, input=(3, 9, 9, 9), breaks="C2", code="MS305"),
        Example({"kernel_size": 2, "output_ratio": 1.5}, input=(3, 9, 9, 9), breaks="C3", code="MS305"),
        Example({"kernel_size": 3, "output_size": [2, 2, 7]}, input=(3, 9, 9, 9), breaks="C4", code="MS306"),
    )
