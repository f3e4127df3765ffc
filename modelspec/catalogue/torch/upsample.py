"""torch.nn: upsampling."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from modelspec.catalogue.torch.arguments import one_or_each
from modelspec.catalogue.torch.interpolation import Interpolate
from modelspec.kinds import Boolean, Choice, Integer, Number, Optional
from modelspec.layer import Broken, Example, Layer, Takes, no_macs, no_tensors
from modelspec.shape import Shape

_Sizes = Annotated[int | tuple[int, ...] | None, Optional(one_or_each(Integer(1)))]
_Factors = Annotated[float | tuple[float, ...] | None, Optional(one_or_each(Number(above=0)))]
_Flag = Annotated[bool | None, Optional(Boolean())]


class Upsample(Layer):
    """The spatial axes, stretched or shrunk to a size, or by a factor: the layer that interpolates.

    C1  The input is [channels, …], with one to three spatial axes.
    C2  Either size or scale_factor is given.
    C3  A list holds one value for each spatial axis.
    C4  mode is one for so many spatial axes.
    C5  align_corners is for linear, bilinear, bicubic and trilinear.
    C6  recompute_scale_factor is for scale_factor.
    C7  The output's spatial axes are size, or the input's times scale_factor, rounded down.

    Source: torch.nn.Upsample.
    """

    takes = Interpolate.takes
    input_dtype = "float"

    size: _Sizes = None
    scale_factor: _Factors = None
    mode: Annotated[str, Choice("nearest", "linear", "bilinear", "bicubic", "trilinear", "area", "nearest-exact")] = (
        "nearest"
    )
    align_corners: _Flag = None
    recompute_scale_factor: _Flag = None

    list_tensors = no_tensors
    count_macs = no_macs

    def _operation(self) -> Interpolate:
        operation = Interpolate.__new__(Interpolate)
        operation.__dict__.update(self.__dict__, antialias=False)
        return operation

    def constrain(self, x: Shape) -> Iterator[Broken]:
        yield from self._operation().constrain(x)

    def output_shape(self, x: Shape) -> Shape:
        return self._operation().output_shape(x)

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        return self._operation().output_by_hand(x)

    examples = (
        Example({"scale_factor": 2}, input=(64, 16, 16), output=(64, 32, 32), parameters=0, macs=0),
        Example({"size": [7, 9], "mode": "bilinear", "align_corners": True}, input=(3, 8, 8), output=(3, 7, 9)),
        Example({"scale_factor": 0.3, "mode": "linear"}, input=(3, 10), output=(3, 3)),
        Example({"scale_factor": 2}, input=(64,), breaks="C1", code="MS303"),
        Example({}, input=(3, 8, 8), breaks="C2", code="MS305"),
        Example({"size": [4, 4]}, input=(3, 8), breaks="C3", code="MS305"),
        Example({"size": 4, "mode": "bilinear"}, input=(3, 8), breaks="C4", code="MS305"),
        Example({"size": 4, "align_corners": True}, input=(3, 8), breaks="C5", code="MS305"),
        Example({"size": 4, "recompute_scale_factor": True}, input=(3, 8), breaks="C6", code="MS305"),
    )


class _Upsampling(Layer):
    takes = Takes("C1", ("channels", "height", "width"))
    input_dtype = "float"
    mode: ClassVar[str]

    size: _Sizes = None
    scale_factor: _Factors = None

    list_tensors = no_tensors
    count_macs = no_macs

    def _operation(self) -> Interpolate:
        operation = Interpolate.__new__(Interpolate)
        settings = {"mode": self.mode, "align_corners": None, "recompute_scale_factor": None}
        operation.__dict__.update(self.__dict__, antialias=False, **settings)
        return operation

    def constrain(self, x: Shape) -> Iterator[Broken]:
        yield from self._operation().constrain(x)

    def output_shape(self, x: Shape) -> Shape:
        return self._operation().output_shape(x)

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        return self._operation().output_by_hand(x)

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"scale_factor": 2}, input=(64, 16, 16), output=(64, 32, 32), parameters=0, macs=0),
        Example({"size": [7, 9]}, input=(3, 8, 8), output=(3, 7, 9)),
        Example({"scale_factor": 2}, input=(64,), breaks="C1", code="MS303"),
        Example({}, input=(3, 8, 8), breaks="C2", code="MS305"),
        Example({"size": [4, 4, 4]}, input=(3, 8, 8), breaks="C3", code="MS305"),
    )


class UpsamplingNearest2d(_Upsampling):
    """The spatial axes, stretched or shrunk to a size, or by a factor: each value is the nearest one.

    C1  The input is [channels, …], with one to three spatial axes: torch does not hold it to two.
    C2  Either size or scale_factor is given.
    C3  A list holds one value for each spatial axis.
    C4  The output's spatial axes are size, or the input's times scale_factor, rounded down.

    Source: torch.nn.UpsamplingNearest2d.
    """

    takes = Interpolate.takes
    mode = "nearest"


class UpsamplingBilinear2d(_Upsampling):
    """A plane, stretched or shrunk to a size, or by a factor: each value is a mean of the four around it.

    C1  The input has three axes: channels, height and width.
    C2  Either size or scale_factor is given.
    C3  A list holds two values: of height and width.
    C4  The output's height and width are size, or the input's times scale_factor, rounded down.

    Source: torch.nn.UpsamplingBilinear2d.
    """

    mode = "bilinear"
