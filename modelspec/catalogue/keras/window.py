"""The arithmetic of windows that slide over the spatial axes, as keras.layers has it."""

from collections.abc import Iterator

from modelspec.layer import Broken
from modelspec.shape import Dim, Shape, Unknown, ceil_div, conv_out

__all__ = ["check_windows", "derive_sizes", "first_spatial_axis", "place_channels", "slide"]


def first_spatial_axis(data_format: str | None) -> int:
    """The first axis of a sample that is not the channels."""
    return 1 if data_format == "channels_first" else 0


def place_channels(data_format: str | None, spatial: Shape, channels: Dim) -> Shape:
    """A sample's shape from its spatial sizes and its channels."""
    return (channels, *spatial) if data_format == "channels_first" else (*spatial, channels)


def slide(size: Dim, window: int, stride: int, padding: str, dilation: int = 1) -> Dim:
    """The output size along one axis: ceil(size / stride), or with `valid` only whole windows.

    Source: keras.ops.operation_utils, compute_conv_output_shape and compute_pooling_output_shape.
    """
    if padding == "valid":
        return conv_out(size, window, stride, 0, dilation)
    return ceil_div(size, stride)


def check_windows(
    number: str,
    field: str,
    names: tuple[str, ...],
    sizes: Shape,
    windows: tuple[int, ...],
    dilations: tuple[int, ...],
    first: int,
) -> Iterator[Broken]:
    """Every window is within its axis. `first` is the place of the first spatial axis in the sample."""
    for at, (name, size, window, dilation) in enumerate(zip(names, sizes, windows, dilations, strict=True)):
        span = dilation * (window - 1) + 1
        if isinstance(span, Unknown) or isinstance(size, Unknown) or span <= size:
            continue
        told = f"{field} is {window}" if len(names) == 1 else f"{field}[{at}] is {window}"
        if dilation != 1:
            told += f", which dilation_rate {dilation} spreads over {span}"
        axis = "the number of steps" if name == "steps" else f"the {name}"
        message = f"{told}, but {axis} is only {size}"
        hint = f"give {field} at most {(size - 1) // dilation + 1} there, or write padding: same"
        yield Broken(number, message, field, hint, "MS306", first + at)


def derive_sizes(
    names: tuple[str, ...], window: str, strides: str, padding: str, dilations: tuple[int, ...], first: int
) -> dict[str, str]:
    """How each spatial size of the result comes about: axis name to expression.

    `window` and `strides` are the names of the arguments that hold them.
    """
    derived = {}
    for at, name in enumerate(names):
        size = f"input[{first + at}]"
        if padding != "valid":
            derived[name] = f"ceil({size} / {strides}[{at}])"
        elif dilations[at] == 1:
            derived[name] = f"floor(({size} - {window}[{at}]) / {strides}[{at}]) + 1"
        else:
            derived[name] = f"floor(({size} - dilation_rate[{at}] * ({window}[{at}] - 1) - 1) / {strides}[{at}]) + 1"
    return derived
