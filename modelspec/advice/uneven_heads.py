"""MS613: heads that do not divide the width evenly."""

from __future__ import annotations

from collections.abc import Iterator

from modelspec.advice.channels import is_map
from modelspec.advice.index import ATTENTION
from modelspec.advice.rule import ModelRule
from modelspec.advice.view import Seat, View
from modelspec.diagnostics import Finding
from modelspec.graph import Leaf

__all__ = ["UnevenHeads"]


class UnevenHeads(ModelRule):
    """Attention whose heads have the size of the width divided by their number, with a remainder that is left out.

    A width of 100 and 8 heads make heads of 12, and 96 features to attend with: the division was rounded, which nothing
    says. The framework refuses it only where it divides itself.

    Silent where the size of a head is another number altogether, which is then meant.
    """

    code = "MS613"

    def find(self, view: View) -> Iterator[Finding]:
        """Attention layers, each with the width that its queries are made of."""
        for seat in view.seats(ATTENTION):
            name = "num_query_heads" if seat.argument("num_query_heads") else "num_heads"
            heads, width, size = seat.argument(name), *_measure(seat)
            if not all(isinstance(each, int) for each in (heads, width, size)) or not width % heads:
                continue
            if size in (width // heads, width // heads + 1):
                message = f"{heads} heads of {size} are {heads * size}, but what they are made of has {width} features"
                hint = f"write a number of heads that divides {width}"
                yield self.tell_at(seat, name, message, hint)

    VALID = (
        """\
modelspec: 1
dialect: keras
input: [10, 100]
layers:
  - {type: MultiHeadAttention, num_heads: 4, key_dim: 25, inputs: [input, input], name: narrow}
  - {type: MultiHeadAttention, num_heads: 8, key_dim: 64, inputs: [input, input], name: wide}
outputs: [narrow, wide]
""",
    )
    INVALID = (
        """\
modelspec: 1
dialect: keras
input: [10, 100]
layers:
  - {type: MultiHeadAttention, num_heads: «8», key_dim: 12, inputs: [input, input]}
""",
        """\
modelspec: 1
input: [10, 100]
layers:
  - type: Parallel
    branches:
      - {type: Linear, out_features: 8 * (100 // 8)}
      - {type: Linear, out_features: 96}
      - {type: Linear, out_features: 96}
    merge: {type: ScaledDotProductAttention, num_heads: «8»}
""",
    )


def _measure(seat: Seat) -> tuple[object, object]:
    """The width that the queries are made of, and the size of a head."""
    size = seat.argument("key_dim") or seat.argument("head_dim")
    if size is not None:
        return seat.fitted.inputs[0].shape[-1], size
    heads = seat.argument("num_heads")
    item = seat.spot.item if seat.step < 0 else seat.spot.part.steps[seat.step]
    if not isinstance(heads, int) or not isinstance(item, Leaf) or seat.step < 0:
        return None, None
    query = seat.view.find_layer(seat.spot, item.reads[0])
    if query is None or not is_map(query) or not isinstance(query.fitted.output_shape[-1], int):
        return None, None
    return query.fitted.inputs[0].shape[-1], query.fitted.output_shape[-1] // heads
