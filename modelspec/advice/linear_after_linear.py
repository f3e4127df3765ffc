"""MS602: two linear maps with nothing between."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from modelspec.advice.channels import find_channels, has_activation, is_map
from modelspec.advice.index import LINEAR
from modelspec.advice.rule import ModelRule
from modelspec.advice.view import Link, Seat, View
from modelspec.diagnostics import Finding, Related

__all__ = ["LinearAfterLinear"]


class LinearAfterLinear(ModelRule):
    """A linear map of what a linear map gives: the two are one, with a matrix that is the product of both.

    The same holds for convolutions, if the window of one of them is a single element. They cost more than the one, and
    can compute nothing that it cannot.

    Silent where the middle is narrower than both ends, for that is a factorisation of low rank, which saves parameters
    (LoRA, the embeddings of ALBERT); for convolutions with groups (depthwise, then pointwise); where either has the
    weights of another layer, where only one of them is trained, and where something else reads what is between.
    """

    code = "MS602"

    def find(self, view: View) -> Iterator[Finding]:
        """Links between two such layers."""
        for link in view.links(LINEAR, LINEAR):
            first, second = link.first, link.second
            if _are_one(first, second) and not _is_low_rank(first, second) and self._is_free(view, link):
                again = first == second
                what = "itself, round after round," if again else first.path
                related = () if again else (Related(first.point(None), "this is the first of the two"),)
                message = f"follows {what} with nothing between: two linear maps in a row are one"
                hint = "put an activation between, or leave one of them out"
                yield self.tell_at(second, None, message, hint, related)

    def _is_free(self, view: View, link: Link) -> bool:
        first, second = link.first, link.second
        return (
            first.has_own_weights
            and second.has_own_weights
            and first.fitted.trainable == second.fitted.trainable
            and first.fitted.dtype == second.fitted.dtype
            and view.is_alone(link)
        )

    VALID = (
        """\
modelspec: 1
input: [512]
layers:
  - {type: Linear, out_features: 8, bias: false}  # LoRA: of low rank on purpose
  - {type: Linear, out_features: 512}
  - ReLU
  - {type: Linear, name: fc, out_features: 512}
  - {type: Linear, name: head, out_features: 512}
  - {type: Add, inputs: [fc, head]}
""",
        """\
modelspec: 1
input: [8, 16, 16]
layers:
  - {type: Conv2d, out_channels: 8, kernel_size: 3, groups: 8}  # depthwise separable
  - {type: Conv2d, out_channels: 8, kernel_size: 1}
  - ReLU
  - {type: Conv2d, out_channels: 16, kernel_size: 3}
  - {type: Conv2d, out_channels: 16, kernel_size: 3}
  - ReLU
  - {type: Conv2d, out_channels: 8, kernel_size: 3}  # narrower than what its windows hold
  - {type: Conv2d, out_channels: 32, kernel_size: 1}
""",
        """\
modelspec: 1
input: [16]
layers:
  - {type: Linear, out_features: 16, trainable: false}  # a fixed projection
  - {type: Linear, name: fc, out_features: 16}
  - ReLU
  - {share: fc}
  - {type: Linear, out_features: 16}
""",
        """\
modelspec: 1
dialect: keras
input: [16]
layers:
  - {type: Dense, units: 32, activation: relu}
  - {type: Dense, units: 4}
""",
    )
    INVALID = (
        """\
modelspec: 1
input: [16]
layers:
  - {type: Linear, out_features: 32}
  - {type: «Linear», out_features: 4}
""",
        """\
modelspec: 1
input: [16]
layers:
  - {type: «Linear», out_features: 16, repeat: 3}
""",
        """\
modelspec: 1
input: [8, 16, 16]
layers:
  - {type: Conv2d, out_channels: 32, kernel_size: 3}
  - type: Sequential
    layers: [{type: «Conv2d», out_channels: 16, kernel_size: 1}]
""",
        """\
modelspec: 1
dialect: keras
input: [16]
layers:
  - {type: Dense, units: 16}
  - {type: «Dense», units: 4, activation: softmax}
""",
    )


def _are_one(first: Seat, second: Seat) -> bool:
    """Whether the two are one map, or one convolution."""
    if has_activation(first) or is_map(first) != is_map(second):
        return False
    if is_map(first):
        return True
    alone = any(all(size == 1 for size in seat.argument("kernel_size")) for seat in (first, second))
    grouped = any(seat.argument("groups") != 1 for seat in (first, second))
    return alone and not grouped and find_channels(first) == find_channels(second)


def _is_low_rank(first: Seat, second: Seat) -> bool:
    """Whether the middle is narrower than both ends, or that is not known."""
    axis = find_channels(first)
    widths = [
        first.fitted.inputs[0].shape[axis],
        first.fitted.output_shape[axis],
        second.fitted.output_shape[find_channels(second)],
    ]
    before, middle, behind = [width if isinstance(width, int) else None for width in widths]
    if before is None or middle is None or behind is None:
        return True
    seen = [1 if is_map(seat) else prod(seat.argument("kernel_size")) for seat in (first, second)]
    return middle < min(before * seen[0], behind * seen[1])
