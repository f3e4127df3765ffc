"""torch.nn: pooling over as many windows as the result is to have."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from modelspec.kinds import Integer, Optional, PerAxis
from modelspec.layer import Example, Layer, SizePerAxis, Takes, no_macs, no_tensors
from modelspec.shape import Shape

# For some of the axes torch takes None: as many as arrive.
_Sizes = Annotated[tuple[int | None, ...], PerAxis(Optional(Integer(1)))]


class _Adaptive(Layer):
    rank: ClassVar[int]
    input_dtype = "float"

    output_size: _Sizes

    list_tensors = no_tensors
    count_macs = no_macs

    def output_shape(self, x: Shape) -> Shape:
        first = len(x) - self.rank
        sizes = zip(self.output_size, x[first:], strict=True)
        return (*x[:first], *[arriving if size is None else size for size, arriving in sizes])


class _AdaptiveMax(_Adaptive):
    result_dtypes: ClassVar[Mapping[str, str]] = {"indices": "int64"}

    return_indices: bool = False

    def outputs(self, x: Shape) -> dict[str, Shape]:
        y = self.output_shape(x)
        return {"output": y, "indices": y} if self.return_indices else {"output": y}


class AdaptiveAvgPool1d(_Adaptive):
    """Means over as many windows as the result is to have.

    C1  The input has a length, and before it may have channels.

    Source: torch.nn.AdaptiveAvgPool1d.
    """

    rank = 1
    takes = Takes("C1", ("channels", "length"), ("length",))

    output_size: SizePerAxis

    examples = (
        Example({"output_size": 1}, input=(512, 7), output=(512, 1), parameters=0, macs=0),
        Example({"output_size": [6]}, input=(13,), output=(6,)),
        Example({"output_size": 1}, input=(3, 8, 8), breaks="C1", code="MS303"),
    )


class AdaptiveAvgPool2d(_Adaptive):
    """Means over as many windows as the result is to have.

    C1  The input has a height and a width, and before them may have channels.

    Source: torch.nn.AdaptiveAvgPool2d.
    """

    rank = 2
    takes = Takes("C1", ("channels", "height", "width"), ("height", "width"))

    examples = (
        Example({"output_size": 1}, input=(512, 7, 7), output=(512, 1, 1), parameters=0, macs=0),
        Example({"output_size": [6, None]}, input=(8, 13, 11), output=(8, 6, 11)),
        Example({"output_size": [9, 4]}, input=(5, 5), output=(9, 4)),
        Example({"output_size": 1}, input=(512,), breaks="C1", code="MS303"),
    )


class AdaptiveAvgPool3d(_Adaptive):
    """Means over as many windows as the result is to have.

    C1  The input has a depth, a height and a width, and before them may have channels.

    Source: torch.nn.AdaptiveAvgPool3d.
    """

    rank = 3
    takes = Takes("C1", ("channels", "depth", "height", "width"), ("depth", "height", "width"))

    examples = (
        Example({"output_size": 1}, input=(512, 4, 7, 7), output=(512, 1, 1, 1), parameters=0, macs=0),
        Example({"output_size": [2, 6, None]}, input=(5, 13, 11), output=(2, 6, 11)),
        Example({"output_size": 1}, input=(8, 8), breaks="C1", code="MS303"),
    )


class AdaptiveMaxPool1d(_AdaptiveMax):
    """The largest values in as many windows as the result is to have.

    C1  The input has a length, and before it may have channels.

    Source: torch.nn.AdaptiveMaxPool1d.
    """

    rank = 1
    takes = Takes("C1", ("channels", "length"), ("length",))

    output_size: SizePerAxis

    examples = (
        Example({"output_size": 1}, input=(512, 7), output=(512, 1), parameters=0, macs=0),
        Example({"output_size": [6], "return_indices": True}, input=(13,), output=(6,)),
        Example({"output_size": 1}, input=(3, 8, 8), breaks="C1", code="MS303"),
    )


class AdaptiveMaxPool2d(_AdaptiveMax):
    """The largest values in as many windows as the result is to have.

    C1  The input has a height and a width, and before them may have channels.

    Source: torch.nn.AdaptiveMaxPool2d.
    """

    rank = 2
    takes = Takes("C1", ("channels", "height", "width"), ("height", "width"))

    examples = (
        Example({"output_size": 1}, input=(512, 7, 7), output=(512, 1, 1), parameters=0, macs=0),
        Example({"output_size": [6, None], "return_indices": True}, input=(8, 13, 11), output=(8, 6, 11)),
        Example({"output_size": 1}, input=(512,), breaks="C1", code="MS303"),
    )


class AdaptiveMaxPool3d(_AdaptiveMax):
    """The largest values in as many windows as the result is to have.

    C1  The input has a depth, a height and a width, and before them may have channels.

    Source: torch.nn.AdaptiveMaxPool3d.
    """

    rank = 3
    takes = Takes("C1", ("channels", "depth", "height", "width"), ("depth", "height", "width"))

    examples = (
        Example({"output_size": 1}, input=(512, 4, 7, 7), output=(512, 1, 1, 1), parameters=0, macs=0),
        Example({"output_size": [2, 6, None], "return_indices": True}, input=(5, 13, 11), output=(2, 6, 11)),
        Example({"output_size": 1}, input=(8, 8), breaks="C1", code="MS303"),
    )
