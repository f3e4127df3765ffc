"""From the graph to what it costs: exact integers, or unknown.

A layer is counted once for each way in which it stands in the graph, however often it stands there.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from modelspec.dtype import size_in_bytes
from modelspec.fitting import Fitted, Value
from modelspec.layer import Tensor
from modelspec.resolve import Graph
from modelspec.shape import Count, Unknown, numel

__all__ = [
    "Cost",
    "Parts",
    "Peak",
    "add_up",
    "count",
    "count_layer",
    "count_parts",
    "count_tensor",
    "dtype_of",
    "is_trainable",
    "peak",
]


class Cost(NamedTuple):
    """What a layer costs, or a model. Elements, operations and bytes for one sample."""

    parameters: Count
    trainable_parameters: Count
    non_trainable_parameters: Count
    active_parameters: Count
    buffers: Count
    macs: Count
    flops: Count
    weight_bytes: Count
    activation_bytes: Count


def count_tensor(tensor: Tensor) -> Count:
    """The number of elements of a tensor."""
    return numel([size for _, size in tensor.axes])


def dtype_of(tensor: Tensor, fitted: Fitted) -> str:
    """A tensor's dtype: its own, or that of the layer's weights."""
    return tensor.dtype or fitted.dtype


def is_trainable(tensor: Tensor, fitted: Fitted) -> bool:
    """Whether training changes a tensor."""
    return tensor.kind == "parameter" and tensor.trainable and fitted.trainable


def count_layer(fitted: Fitted) -> Cost:
    """What one layer costs."""
    known: Cost | None = fitted.cost
    if known is not None:
        return known
    trainable: Count = 0
    frozen: Count = 0
    buffers: Count = 0
    weight_bytes: Count = 0
    for tensor in fitted.tensors:
        elements = count_tensor(tensor)
        weight_bytes = weight_bytes + size_in_bytes(elements, dtype_of(tensor, fitted))
        if tensor.kind == "buffer":
            buffers = buffers + elements
        elif is_trainable(tensor, fitted):
            trainable = trainable + elements
        else:
            frozen = frozen + elements
    parameters = trainable + frozen
    cost = Cost(
        parameters=parameters,
        trainable_parameters=trainable,
        non_trainable_parameters=frozen,
        # Without experts, every parameter is one that a token touches.
        active_parameters=parameters,
        buffers=buffers,
        macs=fitted.macs,
        flops=2 * fitted.macs,
        weight_bytes=weight_bytes,
        activation_bytes=_made(fitted),
    )
    fitted.cost = cost
    return cost


def _made(fitted: Fitted) -> Count:
    """The bytes of the tensors that a layer newly makes: none where it passes on a view of what arrives."""
    if fitted.layer.result == "view":
        return 0
    made: Count = 0
    for value in fitted.outputs.values():
        made = made + _bytes(value)
    return made


def _bytes(value: Value) -> Count:
    return size_in_bytes(numel(value.shape), value.dtype)


Parts = list[tuple[Cost, int]]
"""What the layers of a model cost, each with how often it stands there."""


def count_parts(graph: Graph) -> Parts:
    """What the layers of a sound graph cost, equal ones together."""
    return [(count_layer(fitted), times) for fitted, times in Counter(graph.fitted).items() if fitted is not None]


def add_up(parts: Parts, metric: str) -> Count:
    """One metric of the whole model."""
    at = Cost._fields.index(metric)
    sum_: Count = 0
    for cost, times in parts:
        sum_ = sum_ + times * cost[at]
    return sum_


def count(graph: Graph) -> Cost:
    """What the whole model costs: the sum over its layers. The graph must be sound."""
    parts = count_parts(graph)
    return Cost(*[add_up(parts, metric) for metric in Cost._fields])


class Peak(NamedTuple):
    """The most bytes of activations alive at once, and where.

    `at` is the index of the layer where they are, None where the input alone is the most, or nothing is known; `held`
    is what is alive before it, `made` what it newly makes.
    """

    bytes: Count
    at: int | None
    held: Count
    made: Count


def peak(graph: Graph) -> Peak:
    """The most bytes of activations alive at once: a layer's inputs and outputs, and what a later one still reads.

    Nothing works in place; a view keeps its source alive; the model's input counts while it is read.
    """
    alive: Count = 0
    for value in graph.inputs.values():
        alive = alive + _bytes(value)
    highest = Peak(alive, None, alive, 0)
    for index, fitted in enumerate(graph.fitted):
        assert fitted is not None
        if fitted.layer.result == "view":
            continue
        made = _made(fitted)
        now = alive + made
        if isinstance(now, Unknown) or isinstance(highest.bytes, Unknown):
            return Peak(now + highest.bytes, None, alive, made)
        if now > highest.bytes:
            highest = Peak(now, index, alive, made)
        # In a chain only the main result is read again.
        alive = _bytes(fitted.output)
    return highest
