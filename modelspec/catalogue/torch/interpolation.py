"""torch: spatial axes made longer or shorter."""

from collections.abc import Iterator
from typing import Annotated

from modelspec.catalogue.torch.arguments import one_or_each
from modelspec.expressions import MAX_VALUE
from modelspec.kinds import Boolean, Choice, Integer, Number, Optional
from modelspec.layer import Broken, Example, Layer, Takes, no_macs, no_tensors
from modelspec.shape import Dim, Shape, Unknown, numel, show_shape

_MODES = {
    "nearest": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "trilinear": (3,),
    "area": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
}
"""The number of spatial axes that each mode is for."""

_ALIGNED = ("linear", "bilinear", "bicubic", "trilinear")
_SMOOTHED = ("bilinear", "bicubic")

_BEYOND = 10.0 * MAX_VALUE

_Sizes = Annotated[int | tuple[int, ...] | None, Optional(one_or_each(Integer(1)))]
_Factors = Annotated[float | tuple[float, ...] | None, Optional(one_or_each(Number(above=0)))]
_Mode = Annotated[str, Choice(*_MODES)]
_Flag = Annotated[bool | None, Optional(Boolean())]


class Interpolate(Layer):
    """The spatial axes, stretched or shrunk to a size, or by a factor.

    C1  The input is [channels, …], with one to three spatial axes.
    C2  Either size or scale_factor is given.
    C3  A list holds one value for each spatial axis.
    C4  mode is one for so many spatial axes.
    C5  align_corners is for linear, bilinear, bicubic and trilinear; antialias for bilinear and bicubic.
    C6  recompute_scale_factor is for scale_factor.
    C7  The output's spatial axes are size, or the input's times scale_factor, rounded down.

    Source: torch.nn.functional.interpolate.
    """

    takes = Takes(
        "C1",
        ("channels", "length"),
        ("channels", "height", "width"),
        ("channels", "depth", "height", "width"),
    )
    input_dtype = "float"

    size: _Sizes = None
    scale_factor: _Factors = None
    mode: _Mode = "nearest"
    align_corners: _Flag = None
    recompute_scale_factor: _Flag = None
    antialias: bool = False

    list_tensors = no_tensors
    count_macs = no_macs

    def constrain(self, x: Shape) -> Iterator[Broken]:
        rank = len(x) - 1
        if (self.size is None) == (self.scale_factor is None):
            given = "neither size nor scale_factor is" if self.size is None else "both size and scale_factor are"
            hint = "give one of them: `size: [32, 32]` or `scale_factor: 2`"
            yield Broken("C2", f"{given} given", None if self.size is None else "scale_factor", hint)
            return
        field = "size" if self.scale_factor is None else "scale_factor"
        values = self.size if self.scale_factor is None else self.scale_factor
        if isinstance(values, tuple) and len(values) != rank:
            message = f"{field} holds {len(values)} values, but {show_shape(x)} has {_say_axes(rank)}"
            yield Broken("C3", message, field, "one value" if rank == 1 else f"one value, or {rank}")
        if rank not in _MODES[self.mode]:
            fitting = [mode for mode, ranks in _MODES.items() if rank in ranks]
            message = f"mode {self.mode} is for {_say_axes(_MODES[self.mode][0])}, but {show_shape(x)} has {rank}"
            yield Broken("C4", message, "mode", f"for {_say_axes(rank)}: {', '.join(fitting)}")
        elif self.align_corners is not None and self.mode not in _ALIGNED:
            message = f"align_corners is for {', '.join(_ALIGNED)}, not for {self.mode}"
            yield Broken("C5", message, "align_corners", "leave align_corners out")
        elif self.antialias and self.mode not in _SMOOTHED:
            message = f"antialias is for {', '.join(_SMOOTHED)}, not for {self.mode}"
            yield Broken("C5", message, "antialias", "leave antialias out")
        if self.recompute_scale_factor and self.size is not None:
            message = "recompute_scale_factor is for scale_factor, but size is given"
            yield Broken("C6", message, "recompute_scale_factor", "leave recompute_scale_factor out")

    def output_shape(self, x: Shape) -> Shape:
        return (x[0], *[self._stretch(size, axis) for axis, size in enumerate(x[1:])])

    def _stretch(self, size: Dim, axis: int) -> Dim:
        if self.size is not None:
            return self.size[axis] if isinstance(self.size, tuple) else self.size
        factor = self.scale_factor[axis] if isinstance(self.scale_factor, tuple) else self.scale_factor
        if isinstance(size, Unknown):
            return size if factor == 1 else numel((size,))  # some size that depends on it
        assert factor is not None
        # As torch does: the product of two floating-point numbers, rounded down. What is beyond all bounds stays so.
        return int(min(float(size) * float(min(factor, _BEYOND)), _BEYOND))

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        if self.scale_factor is None:
            return {}
        each = isinstance(self.scale_factor, tuple)
        names = {2: ("length",), 3: ("height", "width"), 4: ("depth", "height", "width")}[len(x)]
        return {name: f"floor(input[{axis + 1}] * scale_factor{f'[{axis}]' * each})" for axis, name in enumerate(names)}

    examples = (
        Example({"scale_factor": 2}, input=(64, 16, 16), output=(64, 32, 32), parameters=0, macs=0),
        Example({"size": [7, 9], "mode": "bilinear", "align_corners": False}, input=(3, 8, 8), output=(3, 7, 9)),
        Example({"scale_factor": 0.3, "mode": "linear"}, input=(3, 10), output=(3, 3)),
        Example({"scale_factor": 1}, input=(3, Unknown("length")), output=(3, Unknown("length"))),
        Example({"scale_factor": 2}, input=(64,), breaks="C1", code="MS303"),
        Example({}, input=(3, 8, 8), breaks="C2", code="MS305"),
        Example({"size": 4, "scale_factor": 2}, input=(3, 8, 8), breaks="C2", code="MS305"),
        Example({"size": [4, 4]}, input=(3, 8), breaks="C3", code="MS305"),
        Example({"size": 4, "mode": "bilinear"}, input=(3, 8), breaks="C4", code="MS305"),
        Example({"size": 4, "align_corners": True}, input=(3, 8), breaks="C5", code="MS305"),
        Example({"size": 4, "antialias": True}, input=(3, 8), breaks="C5", code="MS305"),
        Example({"size": 4, "recompute_scale_factor": True}, input=(3, 8), breaks="C6", code="MS305"),
    )


def _say_axes(rank: int) -> str:
    return "one spatial axis" if rank == 1 else f"{rank} spatial axes"
