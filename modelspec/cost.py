"""From the graph to what it costs: exact integers, or unknown.

A layer is counted once for each way in which it stands in the graph, and a part once for all rounds that are the same.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from modelspec.dtype import size_in_bytes
from modelspec.fitting import Fitted, Value
from modelspec.graph import Graph, Group, Leaf, Part
from modelspec.layer import Tensor
from modelspec.record import NamedTuple
from modelspec.shape import Count, numel

if TYPE_CHECKING:
    from modelspec.rows import Node

__all__ = [
    "Cost",
    "Parts",
    "add_up",
    "count",
    "count_layer",
    "count_node",
    "count_parts",
    "count_rounds",
    "count_tensor",
    "dtype_of",
    "is_trainable",
    "size_of",
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
    """What one layer costs, all of its tensors its own."""
    known: Cost | None = fitted.cost
    if known is None:
        known = fitted.cost = _count(fitted, fitted.tensors)
    return known


def _count(fitted: Fitted, tensors: tuple[Tensor, ...]) -> Cost:
    trainable: Count = 0
    frozen: Count = 0
    buffers: Count = 0
    weight_bytes: Count = 0
    for tensor in tensors:
        elements = count_tensor(tensor)
        weight_bytes = weight_bytes + size_in_bytes(elements, dtype_of(tensor, fitted))
        if tensor.kind == "buffer":
            buffers = buffers + elements
        elif is_trainable(tensor, fitted):
            trainable = trainable + elements
        else:
            frozen = frozen + elements
    parameters = trainable + frozen
    return Cost(
        parameters=parameters,
        trainable_parameters=trainable,
        non_trainable_parameters=frozen,
        # Which of its copies a token passes is the business of the group that it stands in.
        active_parameters=parameters,
        buffers=buffers,
        macs=fitted.macs,
        flops=2 * fitted.macs,
        weight_bytes=weight_bytes,
        activation_bytes=_made(fitted),
    )


def _made(fitted: Fitted) -> Count:
    """The bytes of the tensors that a layer newly makes: none where it passes on a view, or what it holds."""
    if fitted.layer.result != "new":
        return 0
    made: Count = 0
    for value in fitted.outputs.values():
        made = made + size_of(value)
    return made


def size_of(value: Value) -> Count:
    """The bytes of what flows."""
    return size_in_bytes(numel(value.shape), value.dtype)


def _count_leaf(leaf: Leaf) -> Cost:
    """What a layer in its place costs: a tensor that is another layer's is counted there."""
    if not leaf.owners:
        return count_layer(leaf.fitted)
    return _count(leaf.fitted, tuple([tensor for tensor in leaf.fitted.tensors if tensor.name not in leaf.owners]))


def _scale(cost: Cost, copies: int, active: int, times: int) -> Cost:
    """The cost of so many layers, `active` of which a token touches, that a sample passes so many times in all."""
    return Cost(
        copies * cost.parameters,
        copies * cost.trainable_parameters,
        copies * cost.non_trainable_parameters,
        active * cost.active_parameters,
        copies * cost.buffers,
        times * cost.macs,
        times * cost.flops,
        copies * cost.weight_bytes,
        times * cost.activation_bytes,
    )


def count_node(node: Node) -> Cost:
    """What a row of the model costs: all rounds of a layer that are the same."""
    return count_rounds(node, node.copies, node.active, node.times)


def count_rounds(node: Node, copies: int, active: int, times: int) -> Cost:
    """What some rounds of a row cost: with so many copies, of which so many are touched, passed so many times."""
    owned = {tensor.name for tensor in node.fitted.tensors if tensor.name in node.owners}
    cost = count_layer(node.fitted)
    if owned:
        cost = _count(node.fitted, tuple([tensor for tensor in node.fitted.tensors if tensor.name not in owned]))
    return cost if copies == active == times == 1 else _scale(cost, copies, active, times)


Parts = list[tuple[Cost, int]]
"""Costs, each so many times."""


def add_up(parts: Parts, metric: str) -> Count:
    """One metric of all parts together."""
    at = Cost._fields.index(metric)
    sum_: Count = 0
    for cost, times in parts:
        sum_ = sum_ + times * cost[at]
    return sum_


def count_parts(graph: Graph) -> Parts:
    """What the layers and containers of a sound graph cost, equal ones together."""
    return [] if graph.part is None else _list_parts(graph.part, {})


def count(graph: Graph) -> Cost:
    """What the whole model costs: the sum over its layers. The graph must be sound."""
    return _add(count_parts(graph))


def _add(parts: Parts) -> Cost:
    return Cost(*[add_up(parts, metric) for metric in Cost._fields])


def _list_parts(part: Part, known: dict[int, Cost]) -> Parts:
    parts: Parts = []
    for done, times in Counter(part.steps).items():
        if done.__class__ is Fitted:
            parts.append((done.cost or count_layer(done), times))
        elif isinstance(done, Leaf):
            parts.append((_count_leaf(done), times))
        elif isinstance(done, Group):
            parts += [(_count_group(done, number, known), times) for number in range(len(done.runs))]
    return parts


def _count_part(part: Part, known: dict[int, Cost]) -> Cost:
    found = known.get(id(part))
    if found is None:
        found = known[id(part)] = _add(_list_parts(part, known))
    return found


def _count_group(group: Group, number: int, known: dict[int, Cost]) -> Cost:
    run = group.runs[number]
    cost = _count_leaf(run.item) if isinstance(run.item, Leaf) else _count_part(run.item, known)
    copies = 0 if group.share is not None or (group.shared and number) else 1 if group.shared else run.length
    active = min(copies, run.active)
    return _scale(cost, copies, active, run.active)
