"""MS604: a softmax of what is a softmax already, or of a single number."""

from __future__ import annotations

from collections.abc import Iterator

from modelspec.advice.index import SQUASHING
from modelspec.advice.rule import ModelRule
from modelspec.advice.view import Seat, View
from modelspec.diagnostics import Finding, Related
from modelspec.record import NamedTuple
from modelspec.shape import Shape

__all__ = ["DoubleSoftmax"]


class DoubleSoftmax(ModelRule):
    """A softmax or sigmoid of what is the result of one already, or a softmax over an axis of size 1.

    Both take raw scores (logits). Of probabilities, which lie between 0 and 1, a softmax makes nearly equal ones, and
    what the model has learnt is squeezed into a narrow range. Over a single number a softmax is 1, whatever it is.

    Silent where the two are along different axes, as when a matrix is brought to sums of 1 by rows and by columns;
    nothing is said about the loss, of which a spec knows nothing.
    """

    code = "MS604"

    def find(self, view: View) -> Iterator[Finding]:
        """Links between two such layers, and such layers over an axis of size 1."""
        for link in view.links(None, SQUASHING):
            first, second = _read(link.first), _read(link.second, alone=True)
            if first and second and (not first.axes or not second.axes or first.axes == second.axes):
                related = (Related(link.first.point("activation"), f"the {first.name} before it"),)
                message = f"a {second.name} takes raw scores, but what arrives is the result of a {first.name}"
                hint = "leave one of the two out"
                yield self.tell_at(link.second, "activation", message, hint, related)
        for seat in view.seats(None):
            function = _read(seat)
            if function is not None and function.is_single:
                message = f"a {function.name} over an axis of size 1 is always {function.constant}"
                hint = "a sigmoid makes a probability of one score; or mend the axis"
                yield self.tell_at(seat, function.argument, message, hint)

    VALID = (
        """\
modelspec: 1
input: [16, 16]
layers:
  - {type: Softmax, dim: 1}  # rows, then columns
  - {type: Softmax, dim: 2}
  - {type: Linear, out_features: 1}
  - Sigmoid
""",
        """\
modelspec: 1
dialect: keras
input: [16]
layers:
  - {type: Dense, units: 8, activation: sigmoid}
  - {type: Dense, units: 4, activation: softmax}
""",
    )
    INVALID = (
        """\
modelspec: 1
input: [16]
layers:
  - {type: Softmax, dim: -1}
  - {type: «LogSoftmax», dim: 1}
""",
        """\
modelspec: 1
input: [16]
layers:
  - Sigmoid
  - layers: [«Sigmoid»]
""",
        """\
modelspec: 1
input: [16]
layers:
  - {type: Linear, out_features: 1}
  - {type: Softmax, dim: «-1»}
""",
        """\
modelspec: 1
dialect: keras
input: [16]
layers:
  - {type: Dense, units: 4, activation: softmax}
  - «Softmax»
""",
        """\
modelspec: 1
dialect: keras
input: [16]
layers:
  - {type: Dense, units: 1, activation: «softmax»}
""",
    )


class _Function(NamedTuple):
    """What a layer applies last: its name, the argument that names it or its axes, and the axes (none: elementwise)."""

    name: str
    argument: str | None
    axes: tuple[int, ...]
    is_single: bool

    @property
    def constant(self) -> int:
        return 0 if self.name.startswith("log") else 1


_NAMES = {
    "Softmax": "softmax",
    "Softmin": "softmin",
    "Softmax2d": "softmax",
    "LogSoftmax": "log-softmax",
    "Sigmoid": "sigmoid",
    "Hardsigmoid": "hard sigmoid",
    "LogSigmoid": "log-sigmoid",
}
_ACTIVATIONS = {
    "softmax": "softmax",
    "log_softmax": "log-softmax",
    "sigmoid": "sigmoid",
    "hard_sigmoid": "hard sigmoid",
    "log_sigmoid": "log-sigmoid",
}
_LAST_AXIS = frozenset(
    {"Activation", "Dense", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"}
)
"""Of layers with an activation those whose result is that of the activation, along the last axis."""


def _read(seat: Seat, *, alone: bool = False) -> _Function | None:
    """What a layer applies last, if it is such a function; with `alone`, only if it does nothing else."""
    shape = seat.fitted.output_shape
    if seat.kind in _NAMES:
        name = _NAMES[seat.kind]
        axes = () if "sigmoid" in name else _find_axes(seat, shape)
        argument = next((each for each in ("dim", "axis") if seat.argument(each) is not None), None)
        return _Function(name, argument, axes, _is_single(axes, shape))
    activation = seat.argument("activation")
    if not isinstance(activation, str) or seat.kind not in _LAST_AXIS or (alone and seat.kind != "Activation"):
        return None
    name = _ACTIVATIONS.get(activation, "")
    axes = (len(shape) - 1,) if "softmax" in name else ()
    return _Function(name, "activation", axes, _is_single(axes, shape)) if name else None


def _find_axes(seat: Seat, shape: Shape) -> tuple[int, ...]:
    """The axes of a softmax, counted from 0 without the batch."""
    if seat.kind == "Softmax2d":
        return (0,)
    numbers = seat.argument("axis") if seat.argument("dim") is None else (seat.argument("dim"),)
    return tuple(sorted([number - 1 if number > 0 else number + len(shape) for number in numbers]))


def _is_single(axes: tuple[int, ...], shape: Shape) -> bool:
    return bool(axes) and all(shape[axis] == 1 for axis in axes)
