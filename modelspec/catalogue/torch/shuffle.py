"""torch.nn: channels laid out in the plane, and back."""

from collections.abc import Iterator
from typing import Any

from modelspec.catalogue.torch.window import SPATIAL
from modelspec.layer import Broken, Example, Layer, Size, Takes, no_macs, no_tensors
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
