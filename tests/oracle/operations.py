"""The operations of a forward: what torch has as functions, on tensors with the batch in front.

Each is written with torch's own function. Its keyword arguments are those of the layer, with torch's defaults. Samples
of different rank are aligned at their last axes, as tensors without a batch (a learned table) are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def level(tensors: Sequence[Tensor]) -> list[Tensor]:
    """The tensors with axes of 1 behind the batch, so that all have one rank."""
    rank = max(tensor.ndim for tensor in tensors)
    return [t.reshape(t.shape[0], *(1,) * (rank - t.ndim), *t.shape[1:]) for t in tensors]


def listed(value: Any) -> tuple[Any, ...]:
    """A list of values, for which one may stand alone."""
    return value if isinstance(value, tuple) else (value,)


def fold(operation: Callable[[Any, Any], Tensor], tensors: Sequence[Tensor], other: float | None) -> Tensor:
    """The operation over all the tensors, or over the one and the number. Raises TypeError for anything else."""
    if (len(tensors) == 1) != (other is not None):
        raise TypeError(f"{len(tensors)} tensors, and other is {other}")
    return reduce(operation, level(tensors)) if other is None else operation(tensors[0], other)


def add(*tensors: Tensor, other: float | None = None) -> Tensor:
    return fold(torch.add, tensors, other)


def mul(*tensors: Tensor, other: float | None = None) -> Tensor:
    return fold(torch.mul, tensors, other)


def sub(tensor: Tensor, *rest: Tensor, other: float | None = None) -> Tensor:
    return fold(torch.sub, (tensor, *rest), other) if len(rest) < 2 else torch.sub(tensor, *rest)


def div(tensor: Tensor, *rest: Tensor, other: float | None = None) -> Tensor:
    return fold(torch.div, (tensor, *rest), other) if len(rest) < 2 else torch.div(tensor, *rest)


def matmul(first: Tensor, second: Tensor) -> Tensor:
    # Each sample is multiplied as if there were no batch: a vector gets an axis of 1 for the time of the product.
    if first.ndim < 2 or second.ndim < 2:
        raise ValueError("a sample has at least one axis")
    one, two = first.ndim == 2, second.ndim == 2
    first = first.unsqueeze(1) if one else first
    second = second.unsqueeze(2) if two else second
    result = torch.matmul(*level((first, second)))
    result = result.squeeze(-1) if two else result
    return result.squeeze(-1 if two else -2) if one else result


def concat(*tensors: Tensor, dim: int = 0) -> Tensor:
    return torch.cat(tensors, dim)


def stack(*tensors: Tensor, dim: int = 0) -> Tensor:
    return torch.stack(tensors, dim)


def split(tensor: Tensor, *, split_size_or_sections: Any, dim: int = 0) -> Sequence[Tensor]:
    sections = split_size_or_sections
    return torch.split(tensor, list(sections) if isinstance(sections, tuple) else sections, dim)


def chunk(tensor: Tensor, *, chunks: int, dim: int = 0) -> Sequence[Tensor]:
    return torch.chunk(tensor, chunks, dim)


def unbind(tensor: Tensor, *, dim: int = 0) -> Sequence[Tensor]:
    return torch.unbind(tensor, dim)


def slice_axis(tensor: Tensor, *, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Tensor:
    return torch.ops.aten.slice.Tensor(tensor, dim, start, end, step)


def select(tensor: Tensor, *, dim: int, index: int) -> Tensor:
    return torch.select(tensor, dim, index)


def gather(tensor: Tensor, index: Tensor, *, dim: int) -> Tensor:
    return torch.gather(tensor, dim, index)


def reshape(tensor: Tensor, *, shape: Any) -> Tensor:
    return torch.reshape(tensor, (tensor.shape[0], *listed(shape)))


def permute(tensor: Tensor, *, dims: Any) -> Tensor:
    # The fixed first entry, which is the batch, may be left out.
    return torch.permute(tensor, dims if len(dims) == tensor.ndim else (0, *dims))


def transpose(tensor: Tensor, *, dim0: int, dim1: int) -> Tensor:
    return torch.transpose(tensor, dim0, dim1)


def squeeze(tensor: Tensor, *, dim: Any) -> Tensor:
    return torch.squeeze(tensor, dim)


def unsqueeze(tensor: Tensor, *, dim: int) -> Tensor:
    return torch.unsqueeze(tensor, dim)


def expand(tensor: Tensor, *, shape: Any) -> Tensor:
    # New axes stand behind the batch; what one sample cannot be expanded to is refused.
    sample = tensor[0].expand(listed(shape))
    new = sample.ndim - tensor.ndim + 1
    return tensor.reshape(tensor.shape[0], *(1,) * new, *tensor.shape[1:]).expand(-1, *sample.shape)


def mean(tensor: Tensor, *, dim: Any, keepdim: bool = False) -> Tensor:
    return torch.mean(tensor, dim, keepdim)


def total(tensor: Tensor, *, dim: Any, keepdim: bool = False) -> Tensor:
    return torch.sum(tensor, dim, keepdim)


def pad(tensor: Tensor, *, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    return functional.pad(tensor, pad, mode, value)


def interpolate(
    tensor: Tensor,
    *,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    return functional.interpolate(tensor, size, scale_factor, mode, align_corners, recompute_scale_factor, antialias)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    *,
    num_heads: int | None = None,
    num_kv_heads: int | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    if num_heads is None and num_kv_heads is not None:
        raise TypeError("num_kv_heads is given without num_heads")
    if num_heads is not None:
        if {query.ndim, key.ndim, value.ndim} != {3}:
            raise ValueError("with num_heads, each sample is [length, heads x size]")
        kv_heads = num_heads if num_kv_heads is None else num_kv_heads
        heads = (num_heads, kv_heads, kv_heads)
        query, key, value = (
            tensor.unflatten(2, (number, tensor.shape[2] // number)).transpose(1, 2)
            for tensor, number in zip((query, key, value), heads, strict=True)
        )
        enable_gqa = enable_gqa or heads[0] != heads[1]
    if attn_mask is not None:
        attn_mask = level((query, attn_mask))[1]
    result = functional.scaled_dot_product_attention(
        query, key, value, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa
    )
    return result if num_heads is None else result.transpose(1, 2).flatten(2)


OPERATIONS: dict[str, Callable[..., Any]] = {
    "Add": add,
    "Chunk": chunk,
    "Concat": concat,
    "Div": div,
    "Expand": expand,
    "Gather": gather,
    "Interpolate": interpolate,
    "MatMul": matmul,
    "Mean": mean,
    "Mul": mul,
    "Pad": pad,
    "Permute": permute,
    "Reshape": reshape,
    "ScaledDotProductAttention": scaled_dot_product_attention,
    "Select": select,
    "Slice": slice_axis,
    "Split": split,
    "Squeeze": squeeze,
    "Stack": stack,
    "Sub": sub,
    "Sum": total,
    "Transpose": transpose,
    "Unbind": unbind,
    "Unsqueeze": unsqueeze,
}
"""By the name of the layer."""


class Operation(torch.nn.Module):
    """A function with its arguments."""

    def __init__(self, function: Callable[..., Any], arguments: dict[str, Any]) -> None:
        super().__init__()
        self.function = function
        self.arguments = arguments

    def forward(self, *tensors: Tensor) -> Any:
        """The function's result."""
        return self.function(*tensors, **self.arguments)


class Held(torch.nn.Module):
    """A tensor that is held: it flows as it is, or without its first axis of 1 where that stands for the batch."""

    held: Tensor

    def __init__(self, batch: int, shape: Any, batch_axis: bool = False) -> None:
        super().__init__()
        self.batch = batch
        self.batch_axis = batch_axis
        self.hold(torch.zeros(shape))

    def hold(self, tensor: Tensor) -> None:
        """Take the tensor in."""
        raise NotImplementedError

    def forward(self) -> Tensor:
        """The tensor for every sample of the batch."""
        if self.batch_axis and not self.held.ndim:
            raise ValueError("a tensor without axes has none for the batch")
        stored = self.held.detach() if self.batch_axis else self.held.detach().unsqueeze(0)
        return stored.expand(self.batch, *stored.shape[1:])


class HeldParameter(Held):
    """A parameter of its own."""

    def hold(self, tensor: Tensor) -> None:
        """Take the tensor in."""
        self.held = torch.nn.Parameter(tensor)


class HeldBuffer(Held):
    """A buffer of its own."""

    def hold(self, tensor: Tensor) -> None:
        """Take the tensor in."""
        self.register_buffer("held", tensor)


HELD: dict[str, type[Held]] = {"Buffer": HeldBuffer, "Parameter": HeldParameter}
"""By the name of the layer."""


def name_own(name: str) -> str:
    """A tensor's name within its layer: one that is all that the layer holds has none of its own."""
    return "" if name == "held" else name
