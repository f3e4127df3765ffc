"""MS603: a dropout as the last layer."""

from __future__ import annotations

from collections.abc import Iterator

from modelspec.advice.index import DROPOUTS
from modelspec.advice.rule import ModelRule
from modelspec.advice.view import View
from modelspec.diagnostics import Finding

__all__ = ["DropoutAtEnd"]


class DropoutAtEnd(ModelRule):
    """A dropout that gives a result of the model.

    In training, part of the answer itself is set to 0 at random, and the loss is taken of that; a dropout is to make
    the layers behind it rely on no single input, and here there are none.

    Silent for a dropout of probability 0, and for whole paths that are dropped, as `StochasticDepth` does.
    """

    code = "MS603"

    def find(self, view: View) -> Iterator[Finding]:
        """The layers that give the results."""
        for source in view.graph.outputs:
            seat = view.find_origin(source)
            if seat is not None and seat.kind in DROPOUTS and (seat.argument("p") or seat.argument("rate")):
                message = "drops part of the model's own result in training, for nothing comes behind it"
                hint = "leave it out, or put it before the last layer that learns"
                yield self.tell_at(seat, None, message, hint)

    VALID = (
        """\
modelspec: 1
input: [16]
layers:
  - {type: Dropout, p: 0.2}
  - {type: Linear, out_features: 4}
  - {type: Dropout, p: 0}
""",
        """\
modelspec: 1
input: [16]
layers:
  - {type: Residual, layers: [{type: Linear, out_features: 16}, Dropout]}
""",
    )
    INVALID = (
        """\
modelspec: 1
input: [16]
layers:
  - {type: Linear, out_features: 4}
  - «Dropout»
""",
        """\
modelspec: 1
input: [16]
blocks:
  head:
    layers: [{type: Linear, out_features: 4}, {type: «Dropout», p: 0.1}]
layers:
  - ReLU
  - {block: head, name: head}
  - {type: Linear, name: other, inputs: input, out_features: 2}
outputs: [head, other]
""",
        """\
modelspec: 1
dialect: keras
input: [16]
layers:
  - {type: Dense, units: 4}
  - {type: «Dropout», rate: 0.1}
""",
    )
