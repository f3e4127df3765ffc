"""torch.nn: channels laid out in the plane, and back."""

from collections.abc import Iterator
from typing import Any

from modelspec.catalogue.torch.grouping import refuse_groups
from modelspec.catalogue.torch.window import SPATIAL
from modelspec.layer import Broken, Example, Layer, Size, Takes, no_macs, no_tensors, same_shape
from modelspec.shape import Shape, show_shape


class _Shuffle(Layer):
    takes = Takes("C1", ("*", "channels", "height", "width"))

    list_tensors = no_tensors
    count_macs = no_macs


class PixelShuffle(_Shuffle):
    """A plane upscale_factor times as high and wide, from upscale_factor² times as many channels.

    C1  The input has channels, height and width, after any other axes.
    C2  upscale_factor² divides the channels.

    Source: torch.nn.PixelShuffle.
    """

    upscale_factor: Size

    def constrain(self, x: Shape) -> Iterator[Broken]:
        channels: Any = x[-3]
        square: Any = self.upscale_factor**2
        if isinstance(channels, int) and isinstance(square, int) and channels % square:
            message = f"upscale_factor² is {square}, which does not divide the {channels} channels of {show_shape(x)}"
            hint = f"{square} times as many channels as are to come out"
            yield Broken("C2", message, "upscale_factor", hint, "MS305", len(x) - 3)

    def output_shape(self, x: Shape) -> Shape:
        factor = self.upscale_factor
        return (*x[:-3], x[-3] // factor**2, x[-2] * factor, x[-1] * factor)

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        first = len(x) - 3
        steps = {"channels": f"input[{first}] / upscale_factor ** 2"}
        for axis, name in enumerate(SPATIAL[2], first + 1):
            steps[name] = f"input[{axis}] * upscale_factor"
        return steps

    examples = (
        Example({"upscale_factor": 3}, input=(9, 4, 4), output=(1, 12, 12), parameters=0, macs=0),
        Example({"upscale_factor": 2}, input=(5, 8, 4, 3), output=(5, 2, 8, 6), dtype="int64"),
        Example({"upscale_factor": 2}, input=(8, 8), breaks="C1", code="MS303"),
        Example({"upscale_factor": 2}, input=(6, 8, 8), breaks="C2", code="MS305"),
    )


class PixelUnshuffle(_Shuffle):
    """downscale_factor² times as many channels, from a plane that becomes downscale_factor times less high and wide.

    C1  The input has channels, height and width, after any other axes.
    C2  downscale_factor divides the height and the width.

    Source: torch.nn.PixelUnshuffle.
    """

    downscale_factor: Size

    def constrain(self, x: Shape) -> Iterator[Broken]:
        factor: Any = self.downscale_factor
        for axis, name in enumerate(SPATIAL[2], len(x) - 2):
            size: Any = x[axis]
            if isinstance(size, int) and isinstance(factor, int) and size % factor:
                message = f"downscale_factor is {factor}, which does not divide the {name} of {show_shape(x)}"
                hint = f"a {name} that is a multiple of {factor}, or another factor"
                yield Broken("C2", message, "downscale_factor", hint, "MS305", axis)
                return

    def output_shape(self, x: Shape) -> Shape:
        factor = self.downscale_factor
        return (*x[:-3], x[-3] * factor**2, x[-2] // factor, x[-1] // factor)

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        first = len(x) - 3
        steps = {"channels": f"input[{first}] * downscale_factor ** 2"}
        for axis, name in enumerate(SPATIAL[2], first + 1):
            steps[name] = f"input[{axis}] / downscale_factor"
        return steps

    examples = (
        Example({"downscale_factor": 3}, input=(1, 12, 12), output=(9, 4, 4), parameters=0, macs=0),
        Example({"downscale_factor": 2}, input=(5, 2, 8, 6), output=(5, 8, 4, 3), dtype="int64"),
        Example({"downscale_factor": 2}, input=(8, 8), breaks="C1", code="MS303"),
        Example({"downscale_factor": 2}, input=(6, 8, 7), breaks="C2", code="MS305"),
    )


class ChannelShuffle(Layer):
    """The channels, in as many groups, dealt out in turn: the first of each group, then the second of each.

    C1  The input has channels and at least one axis behind them.
    C2  groups divides the channels.

    Source: torch.nn.ChannelShuffle.
    """

    takes = Takes("C1", ("channels", "length", "*"))

    groups: Size

    list_tensors = no_tensors
    count_macs = no_macs

    output_shape = same_shape

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = refuse_groups("C2", "groups", self.groups, 0, channels=x[0])
        if broken:
            yield broken

    examples = (
        Example({"groups": 2}, input=(4, 8, 8), output=(4, 8, 8), parameters=0, macs=0),
        Example({"groups": 3}, input=(6, 5), output=(6, 5), dtype="int64"),
        Example({"groups": 2}, input=(4,), breaks="C1", code="MS303"),
        Example({"groups": 3}, input=(4, 8, 8), breaks="C2", code="MS305"),
    )
