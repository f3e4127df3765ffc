"""torch.nn: normalisation of each sample on its own."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar

from modelspec.catalogue.torch.grouping import refuse_groups
from modelspec.kinds import Integer, ListOf, Number, Optional
from modelspec.layer import (
    Axis,
    Broken,
    Example,
    Layer,
    Positive,
    Size,
    Takes,
    Tensor,
    axes,
    inferred,
    no_macs,
    same_shape,
)
from modelspec.shape import Shape, differs, show_shape

_Shape = Annotated[tuple[int, ...], ListOf(Integer(1), minimum=1, single=True)]


class _LastAxes(Layer):
    takes = Takes("C2", ("*", "normalized_shape"))
    input_dtype = "float"

    channels_first: ClassVar[bool] = False
    """Whether the sample's first axis counts as its last."""

    normalized_shape: _Shape = inferred(take=lambda x: x[-1:])

    if TYPE_CHECKING:
        elementwise_affine: bool

    count_macs = no_macs

    output_shape = same_shape

    def constrain(self, x: Shape) -> Iterator[Broken]:
        written, order = self.normalized_shape, list(range(len(x)))
        if self.channels_first:
            order.append(order.pop(0))
        field, rank = "normalized_shape", len(written)
        ends, left_out = ("with its channels last ends", "channels") if self.channels_first else ("ends", "last axis")
        hint = f"leave {field} out and it is the {left_out} alone; or mend the layer that makes {show_shape(x)}"
        if rank > len(x):
            message = f"{field} is {show_shape(written)}, but {show_shape(x)} arrives, which has fewer axes"
            yield Broken("C1", message, field, hint, "MS304", -1)
            return
        ending = [x[axis] for axis in order[-rank:]]
        for number, size in enumerate(ending):
            if differs(written[number], size):
                arrives = f"{show_shape(x)} arrives, which {ends} in {show_shape(ending)}"
                message = f"{field} is {show_shape(written)}, but {arrives}"
                yield Broken("C1", message, field, hint, "MS304", order[number - rank])
                return

    def _has_bias(self) -> bool:
        return False

    def list_tensors(self) -> Iterator[Tensor]:
        if not self.elementwise_affine:
            return
        names = self._name_axes()
        shape = tuple([Axis(name, size) for name, size in zip(names, self.normalized_shape, strict=True)])
        yield Tensor("weight", shape)
        if self._has_bias():
            yield Tensor("bias", shape)

    def _name_axes(self) -> list[str]:
        rank = len(self.normalized_shape)
        return ["normalized_shape"] if rank == 1 else [f"normalized_shape[{axis}]" for axis in range(rank)]

    def parameters_by_hand(self) -> str | None:
        if not self.elementwise_affine:
            return None
        each = " * ".join(f"normalized_shape[{axis}]" for axis in range(len(self.normalized_shape)))
        return f"2 * {each}" if self._has_bias() else each


class LayerNorm(_LastAxes):
    """Each sample brought to mean 0 and variance 1 over its last axes, then scaled and shifted.

    C1  normalized_shape is what the input's shape ends in. Left out, it is the last axis alone.
    C2  The input has at least one axis.

    Source: torch.nn.LayerNorm.
    """

    eps: Annotated[float, Number(0)] = 1e-5
    elementwise_affine: bool = True
    bias: bool = True

    def _has_bias(self) -> bool:
        return self.bias

    examples = (
        Example({}, input=(10, 64), output=(10, 64), parameters=128, macs=0),
        Example({"bias": False}, input=(16,), output=(16,), parameters=16, macs=0),
        Example({"normalized_shape": [4, 5], "eps": 1e-6}, input=(3, 4, 5), output=(3, 4, 5), parameters=40, macs=0),
        Example({"normalized_shape": 5, "elementwise_affine": False}, input=(4, 5), output=(4, 5), parameters=0),
        Example({"normalized_shape": 64}, input=(10, 32), breaks="C1", code="MS304"),
        Example({"normalized_shape": [4, 5]}, input=(5, 5), breaks="C1", code="MS304"),
        Example({"normalized_shape": [2, 5]}, input=(5,), breaks="C1", code="MS304"),
        Example({}, input=(), breaks="C2", code="MS303"),
    )


class LayerNorm2d(_LastAxes):
    """The layer normalisation of a plane with channels first: over the channels, in each place on its own.

    C1  normalized_shape is what height, width and channels, in this order, end in. Left out, it is the channels alone.
    C2  The input has three axes: channels, height and width.

    Source: torchvision.models.convnext.LayerNorm2d.
    """

    takes = Takes("C2", ("channels", "height", "width"))
    channels_first = True

    normalized_shape: _Shape = inferred(take=lambda x: x[:1])
    eps: Annotated[float, Number(0)] = 1e-5
    elementwise_affine: bool = True
    bias: bool = True

    def _has_bias(self) -> bool:
        return self.bias

    examples = (
        Example({}, input=(96, 56, 56), output=(96, 56, 56), parameters=192, macs=0),
        Example({"eps": 1e-6, "bias": False}, input=(8, 5, 3), output=(8, 5, 3), parameters=8, macs=0),
        Example({"normalized_shape": [3, 8]}, input=(8, 5, 3), output=(8, 5, 3), parameters=48, macs=0),
        Example({"normalized_shape": 8, "elementwise_affine": False}, input=(8, 5, 3), output=(8, 5, 3), parameters=0),
        Example({"normalized_shape": 3}, input=(8, 5, 3), breaks="C1", code="MS304"),
        Example({"normalized_shape": [8, 5, 3]}, input=(8, 5, 3), breaks="C1", code="MS304"),
        Example({"normalized_shape": [1, 5, 3, 8]}, input=(8, 5, 3), breaks="C1", code="MS304"),
        Example({}, input=(8, 5), breaks="C2", code="MS303"),
    )


class RMSNorm(_LastAxes):
    """Each sample divided by the root of its mean square over its last axes, then scaled.

    C1  normalized_shape is what the input's shape ends in. Left out, it is the last axis alone.
    C2  The input has at least one axis.

    Source: torch.nn.RMSNorm.
    """

    eps: Annotated[float | None, Optional(Number(0))] = None
    elementwise_affine: bool = True

    examples = (
        Example({}, input=(10, 64), output=(10, 64), parameters=64, macs=0),
        Example({"eps": 1e-6, "normalized_shape": [4, 5]}, input=(3, 4, 5), output=(3, 4, 5), parameters=20, macs=0),
        Example({"elementwise_affine": False}, input=(5,), output=(5,), parameters=0, macs=0),
        Example({"normalized_shape": 64}, input=(10, 32), breaks="C1", code="MS304"),
        Example({"normalized_shape": [2, 5]}, input=(5,), breaks="C1", code="MS304"),
        Example({}, input=(), breaks="C2", code="MS303"),
    )


class GroupNorm(Layer):
    """Each group of channels brought to mean 0 and variance 1, then each channel scaled and shifted.

    C1  num_channels is the size of the input's first axis.
    C2  The input has at least one axis: the channels.
    C3  num_groups divides num_channels.

    Source: torch.nn.GroupNorm.
    """

    takes = Takes("C2", ("num_channels", "*"))
    input_dtype = "float"

    num_groups: Size
    num_channels: Size = inferred(axis=0, constraint="C1")
    eps: Positive = 1e-5
    affine: bool = True
    bias: bool = True

    count_macs = no_macs

    output_shape = same_shape

    def constrain(self, x: Shape) -> Iterator[Broken]:
        broken = refuse_groups("C3", "num_groups", self.num_groups, 0, num_channels=self.num_channels)
        if broken:
            yield broken

    def list_tensors(self) -> Iterator[Tensor]:
        if self.affine:
            yield Tensor("weight", axes(num_channels=self.num_channels))
            if self.bias:
                yield Tensor("bias", axes(num_channels=self.num_channels))

    def parameters_by_hand(self) -> str | None:
        if not self.affine:
            return None
        return "2 * num_channels" if self.bias else "num_channels"

    examples = (
        Example({"num_groups": 4}, input=(16, 8, 8), output=(16, 8, 8), parameters=32, macs=0),
        Example({"num_groups": 1, "bias": False, "eps": 1e-6}, input=(6,), output=(6,), parameters=6, macs=0),
        Example({"num_groups": 3, "affine": False}, input=(6, 5), output=(6, 5), parameters=0, macs=0),
        Example({"num_groups": 4, "num_channels": 8}, input=(16, 8, 8), breaks="C1", code="MS304"),
        Example({"num_groups": 4}, input=(), breaks="C2", code="MS303"),
        Example({"num_groups": 5}, input=(16, 8, 8), breaks="C3", code="MS305"),
        Example({"num_groups": 32}, input=(16, 8, 8), breaks="C3", code="MS305"),
    )
