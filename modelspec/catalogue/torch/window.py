"""Windows that slide over the spatial axes: how the result comes about, and where a window does not fit."""

from modelspec.layer import Broken
from modelspec.shape import Dim, Shape

__all__ = ["SPATIAL", "describe", "exceeds", "refuse"]

SPATIAL = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""The names of the spatial axes, by how many there are."""


def exceeds(a: Dim, b: Dim) -> bool:
    """Say whether the one size is known to be larger than the other."""
    return isinstance(a, int) and isinstance(b, int) and a > b


def describe(
    axis: int, arriving: int, *, padded: bool, dilated: bool, stride: str = "stride", rounding: str = "floor"
) -> str:
    """Write the size of the result along the spatial axis `axis` (`arriving` in the input) as one works it out by hand.

    Source: torch.nn.Conv2d and torch.nn.MaxPool2d, "Shape"; without dilation, (W − F + 2P) / S + 1.
    """
    padding = f" + 2 * padding[{axis}]" if padded else ""
    if dilated:
        reach = f"input[{arriving}]{padding} - dilation[{axis}] * (kernel_size[{axis}] - 1) - 1"
    else:
        reach = f"input[{arriving}] - kernel_size[{axis}]{padding}"
    return f"{rounding}(({reach}) / {stride}[{axis}]) + 1"


def refuse(
    constraint: str, x: Shape, at: int, name: str, kernel: Dim, padding: Dim, dilation: Dim, hint: str
) -> Broken:
    """Say that a window does not fit on the axis `at` of the input, which is called `name`."""
    window = dilation * (kernel - 1) + 1
    message = (
        f"a window of {window} does not fit on a {name} of {x[at]} (kernel_size {kernel}, padding {padding} on each "
        f"side, dilation {dilation})"
    )
    return Broken(constraint, message, "kernel_size", hint, "MS306", at)
