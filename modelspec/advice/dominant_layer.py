"""MS611: one layer that holds more than half."""

from __future__ import annotations

from collections.abc import Iterator

from modelspec.advice.rule import ModelRule
from modelspec.advice.view import Seat, View
from modelspec.cost import count_node
from modelspec.diagnostics import Finding
from modelspec.rows import list_rows

__all__ = ["DominantLayer"]

ENOUGH = 4
"""Layers with parameters, from which on one of them is one of many."""


class DominantLayer(ModelRule):
    """A single layer with more than half of the model's parameters.

    Most often it is the first `Linear` behind a `Flatten`, whose input is far larger than anyone had in mind: pooling
    before it, or a convolution with a stride, makes it small.

    Silent in models with fewer than four layers that have parameters. An embedding of many words is large because it
    has to be, which is why this is advice to be asked for.
    """

    code = "MS611"

    def find(self, view: View) -> Iterator[Finding]:
        """The layer that outweighs all others together."""
        counts = [(node, count_node(node).parameters) for node in list_rows(view.graph)]
        known = [(node, count) for node, count in counts if isinstance(count, int)]
        whole = sum(count for _, count in known)
        if len(known) < len(counts) or sum(node.repeat for node, count in known if count) < ENOUGH:
            return
        for node, count in known:
            if 2 * count > whole and node.repeat == 1:
                seat = Seat(view, node.spot, node.step, node.fitted)
                message = f"holds {count:,} of the model's {whole:,} parameters, more than half"
                yield self.tell_at(seat, None, message, "make what arrives smaller, or the layer")

    VALID = (
        """\
modelspec: 1
input: [100]
layers:
  - {type: Linear, out_features: 100}
  - ReLU
  - {type: Linear, out_features: 10}
""",
    )
    INVALID = (
        """\
modelspec: 1
input: [1, 28, 28]
layers:
  - {type: Conv2d, out_channels: 8, kernel_size: 3}
  - {type: Conv2d, out_channels: 8, kernel_size: 3, groups: 8}
  - Flatten
  - {type: «Linear», out_features: 100}
  - {type: Linear, out_features: 10}
""",
    )
