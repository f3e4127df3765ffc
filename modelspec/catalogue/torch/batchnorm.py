"""torch.nn: normalisation over a batch, or by statistics that were kept of batches."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from modelspec.kinds import Number, Optional
from modelspec.layer import (
    Anything,
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
from modelspec.shape import Shape, numel, show_shape


class _Norm(Layer):
    input_dtype = "float"
    named: ClassVar[str]
    """What the normalisation is called where it is told how its statistics are counted."""

    num_features: Size = inferred(axis=0, constraint="C1")
    eps: Positive = 1e-5
    momentum: Annotated[float | None, Optional(Number(0, 1))] = 0.1
    affine: bool = True
    track_running_stats: bool = True
    bias: bool = True

    count_macs = no_macs

    output_shape = same_shape

    def list_tensors(self) -> Iterator[Tensor]:
        features = axes(num_features=self.num_features)
        if self.affine:
            yield Tensor("weight", features)
            if self.bias:
                yield Tensor("bias", features)
        if self.track_running_stats:
            yield Tensor("running_mean", features, "buffer")
            yield Tensor("running_var", features, "buffer")
            yield Tensor("num_batches_tracked", (), "buffer", dtype="int64")

    def parameters_by_hand(self) -> str | None:
        if not self.affine:
            return None
        return "2 * num_features" if self.bias else "num_features"

    def conventions(self) -> tuple[str, ...]:
        if not self.track_running_stats:
            return ()
        return (f"the running statistics of {self.named} are buffers, not parameters, as in torch",)


class _BatchNorm(_Norm):
    named = "batch normalisation"


class BatchNorm1d(_BatchNorm):
    """Each feature brought to mean 0 and variance 1 over the batch (and the length), then scaled and shifted.

    C1  num_features is the size of the input's first axis.
    C2  The input is features alone, or features and length.

    Source: torch.nn.BatchNorm1d.
    """

    takes = Takes("C2", ("num_features",), ("num_features", "length"))

    examples = (
        Example({}, input=(32,), output=(32,), parameters=64, macs=0),
        Example({"momentum": None, "bias": False}, input=(16, 10), output=(16, 10), parameters=16, macs=0),
        Example({"affine": False, "track_running_stats": False}, input=(16,), output=(16,), parameters=0, macs=0),
        Example({"num_features": 64}, input=(32,), breaks="C1", code="MS304"),
        Example({}, input=(16, 8, 8), breaks="C2", code="MS303"),
    )


class BatchNorm2d(_BatchNorm):
    """Each channel brought to mean 0 and variance 1 over the batch and the plane, then scaled and shifted.

    C1  num_features is the size of the input's first axis.
    C2  The input has three axes: features (channels), height and width.

    Source: torch.nn.BatchNorm2d.
    """

    takes = Takes("C2", ("num_features", "height", "width"))

    examples = (
        Example({}, input=(16, 8, 8), output=(16, 8, 8), parameters=32, macs=0),
        Example({"affine": False, "eps": 0.001}, input=(16, 8, 8), output=(16, 8, 8), parameters=0, macs=0),
        Example({"num_features": 3}, input=(16, 8, 8), breaks="C1", code="MS304"),
        Example({}, input=(16,), breaks="C2", code="MS303"),
    )


class BatchNorm3d(_BatchNorm):
    """Each channel brought to mean 0 and variance 1 over the batch and the volume, then scaled and shifted.

    C1  num_features is the size of the input's first axis.
    C2  The input has four axes: features (channels), depth, height and width.

    Source: torch.nn.BatchNorm3d.
    """

    takes = Takes("C2", ("num_features", "depth", "height", "width"))

    examples = (
        Example({}, input=(16, 4, 8, 8), output=(16, 4, 8, 8), parameters=32, macs=0),
        Example({"bias": False, "momentum": 0.01}, input=(3, 4, 5, 6), output=(3, 4, 5, 6), parameters=3, macs=0),
        Example({"num_features": 3}, input=(16, 4, 8, 8), breaks="C1", code="MS304"),
        Example({}, input=(16, 8, 8), breaks="C2", code="MS303"),
    )


class SyncBatchNorm(_BatchNorm):
    """A batch normalisation whose statistics in training are those of the batches of all processes together.

    C1  num_features is the size of the input's first axis.
    C2  The input has at least one axis: features (channels).

    process_group says which processes; it changes nothing of what is held.

    Source: torch.nn.SyncBatchNorm.
    """

    takes = Takes("C2", ("num_features", "*"))

    process_group: Anything = None

    examples = (
        Example({}, input=(16, 8, 8), output=(16, 8, 8), parameters=32, macs=0),
        Example({"affine": False, "momentum": None}, input=(16,), output=(16,), parameters=0, macs=0),
        Example({"num_features": 3}, input=(16, 8, 8), breaks="C1", code="MS304"),
        Example({}, input=(), breaks="C2", code="MS303"),
    )


class FrozenBatchNorm2d(Layer):
    """A batch normalisation of which nothing is learned any more: its scale and shift are buffers, too.

    C1  num_features is the size of the input's first axis.
    C2  The input has three axes: features (channels), height and width.

    Source: torchvision.ops.FrozenBatchNorm2d.
    """

    takes = Takes("C2", ("num_features", "height", "width"))
    input_dtype = "float"

    num_features: Size = inferred(axis=0, constraint="C1")
    eps: Annotated[float, Number(0)] = 1e-5

    count_macs = no_macs

    output_shape = same_shape

    def list_tensors(self) -> Iterator[Tensor]:
        for name in ("weight", "bias", "running_mean", "running_var"):
            yield Tensor(name, axes(num_features=self.num_features), "buffer")

    def conventions(self) -> tuple[str, ...]:
        return ("all that a frozen batch normalisation holds are buffers, not parameters, as in torchvision",)

    examples = (
        Example({}, input=(16, 8, 8), output=(16, 8, 8), parameters=0, macs=0),
        Example({"eps": 0}, input=(3, 5, 4), output=(3, 5, 4), parameters=0, macs=0),
        Example({"num_features": 3}, input=(16, 8, 8), breaks="C1", code="MS304"),
        Example({}, input=(16, 8), breaks="C2", code="MS303"),
    )


class _InstanceNorm(_Norm):
    named = "instance normalisation"

    affine: bool = False
    track_running_stats: bool = False

    def constrain(self, x: Shape) -> Iterator[Broken]:
        if not self.track_running_stats and numel(x[1:]) == 1:
            message = f"each channel is brought to mean 0 on its own, and has but one value: {show_shape(x)} arrives"
            hint = "a BatchNorm, a GroupNorm, or less shrinking before"
            yield Broken("C3", message, None, hint, "MS306", -1)


class InstanceNorm1d(_InstanceNorm):
    """Each channel of each sample brought to mean 0 and variance 1 over its length.

    C1  num_features is the size of the input's first axis.
    C2  The input has two axes: features (channels) and length.
    C3  The length is more than 1, but for statistics that are kept.

    Source: torch.nn.InstanceNorm1d.
    """

    takes = Takes("C2", ("num_features", "length"))

    examples = (
        Example({}, input=(16, 10), output=(16, 10), parameters=0, macs=0),
        Example({"affine": True}, input=(16, 10), output=(16, 10), parameters=32, macs=0),
        Example({"track_running_stats": True}, input=(16, 1), output=(16, 1), parameters=0, macs=0),
        Example({"num_features": 3}, input=(16, 10), breaks="C1", code="MS304"),
        Example({}, input=(16,), breaks="C2", code="MS303"),
        Example({}, input=(16, 1), breaks="C3", code="MS306"),
    )


class InstanceNorm2d(_InstanceNorm):
    """Each channel of each sample brought to mean 0 and variance 1 over its plane.

    C1  num_features is the size of the input's first axis.
    C2  The input has three axes: features (channels), height and width.
    C3  The plane has more than one place, but for statistics that are kept.

    Source: torch.nn.InstanceNorm2d.
    """

    takes = Takes("C2", ("num_features", "height", "width"))

    examples = (
        Example({}, input=(16, 8, 8), output=(16, 8, 8), parameters=0, macs=0),
        Example({"affine": True, "bias": False}, input=(16, 8, 1), output=(16, 8, 1), parameters=16, macs=0),
        Example({"num_features": 3, "affine": True}, input=(16, 8, 8), breaks="C1", code="MS304"),
        Example({}, input=(16, 8), breaks="C2", code="MS303"),
        Example({}, input=(16, 1, 1), breaks="C3", code="MS306"),
    )


class InstanceNorm3d(_InstanceNorm):
    """Each channel of each sample brought to mean 0 and variance 1 over its volume.

    C1  num_features is the size of the input's first axis.
    C2  The input has four axes: features (channels), depth, height and width.
    C3  The volume has more than one place, but for statistics that are kept.

    Source: torch.nn.InstanceNorm3d.
    """

    takes = Takes("C2", ("num_features", "depth", "height", "width"))

    examples = (
        Example({}, input=(16, 4, 8, 8), output=(16, 4, 8, 8), parameters=0, macs=0),
        Example({"affine": True}, input=(16, 1, 1, 2), output=(16, 1, 1, 2), parameters=32, macs=0),
        Example({"num_features": 3}, input=(16, 4, 8, 8), breaks="C1", code="MS304"),
        Example({}, input=(16, 8, 8), breaks="C2", code="MS303"),
        Example({}, input=(16, 1, 1, 1), breaks="C3", code="MS306"),
    )
