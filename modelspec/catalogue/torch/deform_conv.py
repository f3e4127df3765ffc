"""torchvision.ops: a convolution whose windows are bent."""

from collections.abc import Iterator
from typing import Any

from modelspec.catalogue.torch.conv import Conv2d
from modelspec.layer import Broken, Example, Layer, NonNegativePerAxis, Size, SizePerAxis, Takes, Tensor, inferred
from modelspec.shape import Count, Shape, Unknown, differs, numel, show_shape

# One number as a default stands for one on every spatial axis.
_ONES: Any = 1
_ZEROS: Any = 0


class DeformConv2d(Layer):
    """A convolution over two axes that takes each value of a window from where an offset says, and by a mask.

    C1  in_channels is the size of the input's first axis.
    C2  The inputs have three axes: channels, height and width.
    C3  groups divides in_channels and out_channels.
    C4  The window, dilation × (kernel_size − 1) + 1, is at most the padded height and width.
    C5  The offset is as high and wide as the result, and has 2 × the window's places channels, once or for each of
        several groups of the input's channels, which it divides.
    C6  The mask is as high and wide as the result, and has half as many channels as the offset.

    Its MACs are those of a convolution: what it takes to bend the windows is no matrix product.

    Source: torchvision.ops.DeformConv2d.
    """

    rank = 2
    arity = (2, 3)
    input_names = ("input", "offset", "mask")
    takes = (
        Takes("C2", ("in_channels", "height", "width")),
        Takes("C2", ("offsets", "height", "width")),
        Takes("C2", ("weights", "height", "width")),
    )
    input_dtype = "float"

    in_channels: Size = inferred(axis=0, constraint="C1")
    out_channels: Size
    kernel_size: SizePerAxis
    stride: SizePerAxis = _ONES
    padding: NonNegativePerAxis = _ZEROS
    dilation: SizePerAxis = _ONES
    groups: Size = 1
    bias: bool = True

    def _convolve(self) -> Any:
        convolution: Any = Conv2d.__new__(Conv2d)
        convolution.__dict__.update(self.__dict__, padding_mode="zeros")
        return convolution

    def constrain(self, x: Shape, offset: Shape, *mask: Shape) -> Iterator[Broken]:
        broken = tuple(self._convolve().constrain(x))
        yield from broken
        if broken:
            return
        size = self.output_shape(x, offset)[1:]
        for number, constraint, shape in ((1, "C5", offset), *[(2, "C6", each) for each in mask]):
            for axis in (0, 1):
                if differs(shape[1 + axis], size[axis]):
                    name = self.input_names[number]
                    message = f"{name} is {show_shape(shape)}, but the result is {show_shape(size)} high and wide"
                    hint = "the convolution that makes it has the same kernel_size, stride, padding and dilation"
                    yield Broken(constraint, message, None, hint, "MS313", 1 + axis, number)
                    return
        yield from self._hold_channels(offset, *mask)

    def _hold_channels(self, offset: Shape, *mask: Shape) -> Iterator[Broken]:
        places, channels = numel(self.kernel_size), offset[0]
        known = not any(isinstance(value, Unknown) for value in (places, channels, self.in_channels))
        if known and (channels % (2 * places) or self.in_channels % (channels // (2 * places))):
            message = f"offset has {channels} channels, but a window has {places} places: 2 × {places} for each of "
            message += f"some groups that divide the {self.in_channels} channels"
            yield Broken("C5", message, None, f"let {2 * places} channels arrive as offset", "MS313", 0, 1)
            return
        for factors in mask:
            if differs(factors[0], channels // 2):
                message = f"mask has {factors[0]} channels, and offset {channels}: {show_shape(factors)} arrives"
                yield Broken("C6", message, None, f"let {channels // 2} channels arrive as mask", "MS313", 0, 2, (1, 0))

    def output_shape(self, x: Shape, offset: Shape, *mask: Shape) -> Shape:
        shape: Shape = self._convolve().output_shape(x)
        return shape

    def list_tensors(self) -> Iterator[Tensor]:
        yield from self._convolve().list_tensors()

    def count_macs(self, *shapes: Shape) -> Count:
        x, *_, y = shapes
        count: Count = self._convolve().count_macs(x, y)
        return count

    def parameters_by_hand(self) -> str:
        text: str = self._convolve().parameters_by_hand()
        return text

    def macs_by_hand(self, *shapes: Shape) -> str:
        x, *_, y = shapes
        text: str = self._convolve().macs_by_hand(x, y)
        return text

    def output_by_hand(self, x: Shape, offset: Shape, *mask: Shape) -> dict[str, str]:
        steps: dict[str, str] = self._convolve().output_by_hand(x)
        return steps

    examples = (
        Example(
            {"out_channels": 8, "kernel_size": 3, "padding": 1},
            inputs=((4, 9, 9), (18, 9, 9)),
            output=(8, 9, 9),
            parameters=296,
            macs=23_328,
        ),
        Example(
            {"out_channels": 8, "kernel_size": [1, 3], "stride": 2, "groups": 2, "bias": False},
            inputs=((4, 9, 9), (12, 5, 4), (6, 5, 4)),
            output=(8, 5, 4),
            parameters=48,
            macs=960,
        ),
        Example({"out_channels": 4, "kernel_size": 1}, inputs=((6, 5, 4), (2, 5, 4)), output=(4, 5, 4), parameters=28),
        Example(
            {"out_channels": 3, "kernel_size": [2, 1], "dilation": 2, "padding": [1, 0], "groups": 3},
            inputs=((6, 5, 4), (8, 5, 4), (4, 5, 4)),
            output=(3, 5, 4),
            parameters=15,
        ),
        *[
            Example({"out_channels": 8, "kernel_size": 3, **arguments}, inputs=inputs, breaks=breaks, code=code)
            for arguments, inputs, breaks, code in (
                ({"in_channels": 8}, ((4, 9, 9), (18, 7, 7)), "C1", "MS304"),
                ({}, ((9, 9), (18, 7, 7)), "C2", "MS303"),
                ({"groups": 3}, ((4, 9, 9), (18, 7, 7)), "C3", "MS305"),
                ({}, ((4, 2, 9), (18, 7, 7)), "C4", "MS306"),
                ({}, ((4, 9, 9), (18, 9, 9)), "C5", "MS313"),
                ({}, ((4, 9, 9), (9, 7, 7)), "C5", "MS313"),
                ({}, ((4, 9, 9), (18, 7, 7), (9, 7, 6)), "C6", "MS313"),
                ({}, ((4, 9, 9), (18, 7, 7), (18, 7, 7)), "C6", "MS313"),
            )
        ],
    )
