"""torch.nn: normalisation."""

from collections.abc import Iterator
from typing import Annotated

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


class _BatchNorm(Layer):
    input_dtype = "float"

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
        return ("the running statistics of batch normalisation are buffers, not parameters, as in torch",)


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


class LayerNorm(Layer):
    """Each sample brought to mean 0 and variance 1 over its last axes, then scaled and shifted.

    C1  normalized_shape is what the input's shape ends in. Left out, it is the last axis alone.
    C2  The input has at least one axis.

    Source: torch.nn.LayerNorm.
    """

    takes = Takes("C2", ("*", "normalized_shape"))
    input_dtype = "float"

    normalized_shape: Annotated[tuple[int, ...], ListOf(Integer(1), minimum=1, single=True)] = inferred(
        take=lambda x: x[-1:]
    )
    eps: Annotated[float, Number(0)] = 1e-5
    elementwise_affine: bool = True
    bias: bool = True

    count_macs = no_macs

    def constrain(self, x: Shape) -> Iterator[Broken]:
        written = self.normalized_shape
        field, rank = "normalized_shape", len(written)
        hint = f"leave {field} out and it is the last axis; or mend the layer that makes {show_shape(x)}"
        if rank > len(x):
            message = f"{field} is {show_shape(written)}, but {show_shape(x)} arrives, which has fewer axes"
            yield Broken("C1", message, field, hint, "MS304", -1)
            return
        for axis in range(rank):
            if differs(written[axis], x[axis - rank]):
                ending = show_shape(x[-rank:])
                message = f"{field} is {show_shape(written)}, but {show_shape(x)} arrives, which ends in {ending}"
                yield Broken("C1", message, field, hint, "MS304", axis - rank)
                return

    output_shape = same_shape

    def list_tensors(self) -> Iterator[Tensor]:
        if not self.elementwise_affine:
            return
        names = self._name_axes()
        shape = tuple([Axis(name, size) for name, size in zip(names, self.normalized_shape, strict=True)])
        yield Tensor("weight", shape)
        if self.bias:
            yield Tensor("bias", shape)

    def _name_axes(self) -> list[str]:
        rank = len(self.normalized_shape)
        return ["normalized_shape"] if rank == 1 else [f"normalized_shape[{axis}]" for axis in range(rank)]

    def parameters_by_hand(self) -> str | None:
        if not self.elementwise_affine:
            return None
        each = " * ".join(f"normalized_shape[{axis}]" for axis in range(len(self.normalized_shape)))
        return f"2 * {each}" if self.bias else each

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
