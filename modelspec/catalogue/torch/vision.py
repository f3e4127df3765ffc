"""torchvision.ops: a convolution with its normalisation and activation."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from modelspec.catalogue.torch.conv import Conv2d, Conv3d
from modelspec.catalogue.torch.window import SPATIAL, describe
from modelspec.kinds import Boolean, Choice, Integer, Optional, PerAxis, Words
from modelspec.layer import Broken, Example, Layer, Size, SizePerAxis, Takes, Tensor, axes, inferred
from modelspec.shape import Count, Shape

# One number as a default stands for one on every spatial axis.
_ONES: Any = 1
_THREES: Any = 3

IN_PLACE = ("ReLU", "ReLU6", "LeakyReLU", "ELU", "CELU", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid")
"""The activations that can work in place."""
OTHERS = ("GELU", "Sigmoid", "Tanh")

_Activation = Annotated[str | None, Optional(Choice(*IN_PLACE, *OTHERS))]
_Padding = Annotated[tuple[int, ...] | str | None, Optional(Words("same", "valid", other=PerAxis(Integer(0))))]
_Flag = Annotated[bool | None, Optional(Boolean())]


class _ConvNormActivation(Layer):
    rank: ClassVar[int]
    convolution: ClassVar[type[Layer]]
    input_dtype = "float"

    in_channels: Size = inferred(axis=0, constraint="C1")
    out_channels: Size
    kernel_size: SizePerAxis = _THREES
    stride: SizePerAxis = _ONES
    padding: _Padding = None
    groups: Size = 1
    norm_layer: Annotated[str | None, Optional(Choice("BatchNorm2d", "BatchNorm3d"))] = "BatchNorm2d"
    activation_layer: _Activation = "ReLU"
    dilation: SizePerAxis = _ONES
    inplace: _Flag = True
    bias: _Flag = None

    def _has_bias(self) -> bool:
        return self.norm_layer is None if self.bias is None else self.bias

    def _convolve(self) -> Any:
        convolution: Any = self.convolution.__new__(self.convolution)
        padding: Any = self.padding
        if padding is None:
            each = zip(self.kernel_size, self.dilation, strict=True)
            padding = tuple([(kernel - 1) // 2 * dilation for kernel, dilation in each])
        settings = {"padding": padding, "bias": self._has_bias(), "padding_mode": "zeros"}
        convolution.__dict__.update(self.__dict__, **settings)
        return convolution

    def constrain(self, x: Shape) -> Iterator[Broken]:
        yield from self._convolve().constrain(x)
        if self.inplace is not None and self.activation_layer in OTHERS:
            told = "true" if self.inplace else "false"
            message = f"inplace is {told}, but {self.activation_layer} has no such argument"
            yield Broken("C6", message, "inplace", "write inplace: null")

    def output_shape(self, x: Shape) -> Shape:
        shape: Shape = self._convolve().output_shape(x)
        return shape

    def list_tensors(self) -> Iterator[Tensor]:
        for tensor in self._convolve().list_tensors():
            yield tensor._replace(name=f"0.{tensor.name}")
        if self.norm_layer is None:
            return
        frozen = self.norm_layer == "FrozenBatchNorm2d"
        sizes = axes(out_channels=self.out_channels)
        for name in ("weight", "bias"):
            yield Tensor(f"1.{name}", sizes, "buffer" if frozen else "parameter")
        for name in ("running_mean", "running_var"):
            yield Tensor(f"1.{name}", sizes, "buffer")
        if not frozen:
            yield Tensor("1.num_batches_tracked", (), "buffer", dtype="int64")

    def count_macs(self, x: Shape, y: Shape) -> Count:
        count: Count = self._convolve().count_macs(x, y)
        return count

    def parameters_by_hand(self) -> str:
        text: str = self._convolve().parameters_by_hand()
        learned = self.norm_layer is not None and self.norm_layer != "FrozenBatchNorm2d"
        return f"{text} + 2 * out_channels" if learned else text

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        text: str = self._convolve().macs_by_hand(x, y)
        return text

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        if self.padding is not None:
            steps: dict[str, str] = self._convolve().output_by_hand(x)
            return steps
        steps = {}
        for axis, name in enumerate(SPATIAL[self.rank]):
            step = describe(axis, 1 + axis, padded=True, dilated=self.dilation[axis] != 1)
            steps[name] = step.replace(f"padding[{axis}]", f"((kernel_size[{axis}] - 1) // 2 * dilation[{axis}])")
        return steps


class Conv2dNormActivation(_ConvNormActivation):
    """A Conv2d, a normalisation and an activation: three modules, called 0, 1 and 2.

    C1  in_channels is the size of the input's first axis.
    C2  The input has three axes: channels, height and width.
    C3  groups divides in_channels and out_channels.
    C4  The window, dilation × (kernel_size − 1) + 1, is at most the padded height and width.
    C5  padding: same is for a stride of 1.
    C6  inplace is for an activation that has such an argument; null leaves it out.

    Without padding, it is (kernel_size − 1) // 2 × dilation. Without bias, there is one where no normalisation follows.
    The norm and the activation are named by their types, and have their own defaults; for others write the three out in
    a Sequential with `numbered: true`.

    Source: torchvision.ops.Conv2dNormActivation.
    """

    rank = 2
    convolution = Conv2d
    takes = Takes("C2", ("in_channels", "height", "width"))

    norm_layer: Annotated[str | None, Optional(Choice("BatchNorm2d", "SyncBatchNorm", "FrozenBatchNorm2d"))] = (
        "BatchNorm2d"
    )

    examples = (
        Example({"out_channels": 16}, input=(3, 32, 32), output=(16, 32, 32), parameters=464, macs=442_368),
        Example(
            {"out_channels": 8, "kernel_size": [3, 4], "stride": 2, "norm_layer": None, "activation_layer": "SiLU"},
            input=(4, 9, 9),
            output=(8, 5, 4),
            parameters=392,
            macs=7_680,
        ),
        Example(
            {"out_channels": 8, "groups": 4, "norm_layer": "FrozenBatchNorm2d", "activation_layer": None, "bias": True},
            input=(4, 9, 9),
            output=(8, 9, 9),
            parameters=80,
        ),
        Example({"in_channels": 4, "out_channels": 16}, input=(3, 32, 32), breaks="C1", code="MS304"),
        Example({"out_channels": 16}, input=(32, 32), breaks="C2", code="MS303"),
        Example({"out_channels": 16, "groups": 2}, input=(3, 32, 32), breaks="C3", code="MS305"),
        Example({"out_channels": 16, "kernel_size": 9, "padding": 0}, input=(3, 8, 8), breaks="C4", code="MS306"),
        Example({"out_channels": 16, "stride": 2, "padding": "same"}, input=(3, 8, 8), breaks="C5", code="MS305"),
        Example({"out_channels": 16, "activation_layer": "GELU"}, input=(3, 8, 8), breaks="C6", code="MS305"),
    )


class Conv3dNormActivation(_ConvNormActivation):
    """A Conv3d, a normalisation and an activation: three modules, called 0, 1 and 2.

    C1  in_channels is the size of the input's first axis.
    C2  The input has four axes: channels, depth, height and width.
    C3  groups divides in_channels and out_channels.
    C4  The window, dilation × (kernel_size − 1) + 1, is at most the padded depth, height and width.
    C5  padding: same is for a stride of 1.
    C6  inplace is for an activation that has such an argument; null leaves it out.

    Without padding, it is (kernel_size − 1) // 2 × dilation. Without bias, there is one where no normalisation follows.
    The norm and the activation are named by their types, and have their own defaults; for others write the three out in
    a Sequential with `numbered: true`.

    Source: torchvision.ops.Conv3dNormActivation.
    """

    rank = 3
    convolution = Conv3d
    takes = Takes("C2", ("in_channels", "depth", "height", "width"))

    norm_layer: Annotated[str | None, Optional(Choice("BatchNorm3d", "SyncBatchNorm"))] = "BatchNorm3d"

    examples = (
        Example({"out_channels": 4}, input=(2, 3, 8, 8), output=(4, 3, 8, 8), parameters=224, macs=41_472),
        Example(
            {
                "out_channels": 4,
                "kernel_size": [1, 3, 3],
                "stride": [1, 2, 2],
                "activation_layer": "Sigmoid",
                "inplace": None,
            },
            input=(2, 3, 8, 8),
            output=(4, 3, 4, 4),
            parameters=80,
        ),
        Example({"in_channels": 4, "out_channels": 4}, input=(2, 3, 8, 8), breaks="C1", code="MS304"),
        Example({"out_channels": 4}, input=(3, 8, 8), breaks="C2", code="MS303"),
        Example({"out_channels": 4, "groups": 4}, input=(2, 3, 8, 8), breaks="C3", code="MS305"),
        Example({"out_channels": 4, "padding": "valid", "dilation": 4}, input=(2, 8, 9, 9), breaks="C4", code="MS306"),
        Example({"out_channels": 4, "stride": 2, "padding": "same"}, input=(2, 8, 8, 8), breaks="C5", code="MS305"),
        Example({"out_channels": 4, "activation_layer": "Tanh"}, input=(2, 8, 8, 8), breaks="C6", code="MS305"),
    )
