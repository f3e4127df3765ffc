"""MS608: a result that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator

from modelspec.advice.rule import ModelRule
from modelspec.advice.view import View
from modelspec.diagnostics import Finding, Where
from modelspec.graph import GONE, Group
from modelspec.spot import Spot

__all__ = ["UnreadResult"]


class UnreadResult(ModelRule):
    """A layer or container whose result nothing reads, and which is no output of the model.

    It costs what it costs, and bears on nothing: most likely an `inputs` further down should name it, or `outputs`.

    A layer is read, too, where another one uses its weights. Silent about the further results of a layer that has
    several, and about rounds of a repeat.
    """

    code = "MS608"

    def find(self, view: View) -> Iterator[Finding]:
        """The steps of each part that no other step reads."""
        for spot in view.spots:
            part = spot.part
            counts = view.count_readers(part)
            for step, done in enumerate(part.steps):
                if done is GONE or done is None or counts[step] or (id(part), step) in view.outside:
                    continue
                yield self._tell(view, spot, step, isinstance(done, Group))

    def _tell(self, view: View, spot: Spot, step: int, is_group: bool) -> Finding:
        where = spot.part.where(step)
        written = view.find_written(where)
        keys = ("name", "block", "type") if is_group else ("type",)
        key = next((key for key in keys if isinstance(written, dict) and key in written), None)
        there = where if key is None else Where((*where.route, key), file=where.file)
        path = spot.path(step) if not is_group or spot.label(step) is not None else None
        message = "nothing reads its result, and it is no output of the model"
        if path is None:
            message = "nothing reads what this gives, and it is no output of the model"
        return self.tell(there, message, "read it with `inputs`, name it in `outputs`, or remove it", path)

    VALID = (
        """\
modelspec: 1
input: [8]
layers:
  - {type: Linear, name: first, out_features: 8}
  - {type: Linear, name: second, inputs: input, out_features: 8}
  - {type: Add, inputs: [first, second]}
  - {name: body, layers: [{type: ReLU, name: act}, {type: Linear, name: owner, out_features: 8}]}
  - {share: body.owner, name: again, inputs: body.act}
outputs: [body, again]
""",
        """\
modelspec: 1
input: [8]
layers:
  - {type: Linear, name: owner, out_features: 8}  # only its weights are used
  - {share: owner, name: user, inputs: input}
  - name: body
    layers:
      - {type: Tanh, name: act}  # read from outside alone
      - {type: Linear, inputs: input, out_features: 8}
  - {type: Add, inputs: [body, body.act]}
""",
    )
    INVALID = (
        """\
modelspec: 1
input: [8]
layers:
  - {type: «Linear», out_features: 4}
  - {type: Linear, inputs: input, out_features: 2}
""",
        """\
modelspec: 1
input: [8]
layers:
  - {name: head, type: Linear, out_features: 4}
  - {name: «extra», layers: [ReLU, Tanh]}
outputs: head
""",
    )
