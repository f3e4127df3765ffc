"""MS609: an argument that would be inferred."""

from __future__ import annotations

from collections.abc import Iterator

from modelspec.advice.rule import ModelRule
from modelspec.advice.view import View
from modelspec.diagnostics import Edit, Finding
from modelspec.layer import fields_of

__all__ = ["SpelledOut"]


class SpelledOut(ModelRule):
    """An argument that is written out, and is what would be inferred without it.

    Whoever changes the layer before has to change it, too. Some write it on purpose, to have the size checked, which is
    why this is advice to be asked for.
    """

    code = "MS609"

    def find(self, view: View) -> Iterator[Finding]:
        """The inferred arguments that are written."""
        for seat in view.seats():
            if not seat.has_own_weights:
                continue
            shapes = tuple([value.shape for value in seat.fitted.inputs])
            for name, field in fields_of(type(seat.fitted.layer)).items():
                if field.way != "inferred" or name not in seat.fitted.given:
                    continue
                where = seat.point(name)
                if where.route[-1] == name and seat.argument(name) == field.from_shapes(shapes):
                    fix = (Edit("remove", where.route, file=where.file),)
                    yield self.tell_at(seat, name, f"{name} would be inferred", "leave it out", fix=fix)

    VALID = (
        """\
modelspec: 1
input: [3, 8, 8]
layers:
  - {type: Conv2d, out_channels: 4, kernel_size: 3}
  - {type: LayerNorm, normalized_shape: [4, 6, 6]}  # all axes; inferred is the last alone
""",
    )
    INVALID = (
        """\
modelspec: 1
input: [8]
layers:
  - {type: Linear, in_features: «8», out_features: 4}
""",
        """\
modelspec: 1
input: [3, 8, 8]
variables: {width: 3}
layers:
  - {type: LayerNorm, normalized_shape: «[8]»}
  - {type: BatchNorm2d}
  - {type: Conv2d, out_channels: 2 * width, kernel_size: 3}
""",
    )
