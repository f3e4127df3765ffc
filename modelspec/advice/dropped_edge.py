"""MS612: a stride that leaves out the edge of what arrives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from modelspec.advice.index import POOLS, WINDOWS
from modelspec.advice.rule import ModelRule
from modelspec.advice.view import Seat, View
from modelspec.diagnostics import Finding

__all__ = ["DroppedEdge"]

_NAMES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class DroppedEdge(ModelRule):
    """A window that slides in strides, and whose last one ends before the input does: the rest is read by no window.

    Padding that is left over is none of that; what counts is what arrives.

    Silent where the window is smaller than the stride, for then it leaves out elements everywhere, and with
    `ceil_mode` or padding `same`, which reach the end. An odd size that is halved loses a row, and many a well-known
    model does that, which is why this is advice to be asked for.
    """

    code = "MS612"

    def find(self, view: View) -> Iterator[Finding]:
        """Convolutions and pools that do not reach the end of an axis."""
        for seat in view.seats(WINDOWS | POOLS):
            told = [*_list_dropped(seat)]
            if told:
                hint = "pad it, make what arrives fit, or write ceil_mode: true where there is one"
                argument = next((name for name in ("stride", "strides") if seat.argument(name) is not None), None)
                yield self.tell_at(seat, argument, f"no window reaches {', or '.join(told)}", hint)

    VALID = (
        """\
modelspec: 1
input: [3, 224, 224]
layers:
  - {type: Conv2d, out_channels: 8, kernel_size: 7, stride: 2, padding: 3}  # what is left over is padding
  - {type: MaxPool2d, kernel_size: 3, stride: 2, padding: 1}
  - {type: Conv2d, out_channels: 8, kernel_size: 1, stride: 2}
  - {type: MaxPool2d, kernel_size: 3, ceil_mode: true}
""",
        """\
modelspec: 1
dialect: keras
input: [33, 33, 3]
layers:
  - {type: Conv2D, filters: 4, kernel_size: 3, strides: 2, padding: same}
  - {type: Conv2D, filters: 4, kernel_size: 3, strides: 2}
""",
    )
    INVALID = (
        """\
modelspec: 1
input: [3, 225, 224]
layers:
  - {type: Conv2d, out_channels: 8, kernel_size: 16, stride: «16»}
""",
        """\
modelspec: 1
input: [3, 7, 7]
layers:
  - {type: «MaxPool2d», kernel_size: 2}
""",
        """\
modelspec: 1
dialect: keras
input: [8, 3, 1]
layers:
  - {type: Conv2D, filters: 4, kernel_size: [3, 1], strides: «[2, 1]», data_format: channels_last}
""",
    )


def _list_dropped(seat: Seat) -> Iterator[str]:
    """The axes at the end of which something is left out, in words."""
    if seat.argument("ceil_mode") or seat.argument("padding") == "same":
        return
    windows: Sequence[Any] = seat.argument("kernel_size") or seat.argument("pool_size") or ()
    strides = next((seat.argument(name) for name in ("stride", "strides") if seat.argument(name) is not None), windows)
    dilations = next(
        (seat.argument(name) for name in ("dilation", "dilation_rate") if seat.argument(name) is not None), None
    )
    padding = seat.argument("padding")
    rank = len(windows)  # none for torch's Conv1D, which is a linear map
    shape = seat.fitted.inputs[0].shape
    is_keras = hasattr(seat.fitted.layer, "data_format")
    first = 0 if is_keras and seat.argument("data_format") != "channels_first" else len(shape) - rank
    for axis, name in enumerate(_NAMES.get(rank, ())):
        size, stride = shape[first + axis], strides[axis]
        pad = padding[axis] if isinstance(padding, tuple) else 0
        window = (1 if dilations is None else dilations[axis]) * (windows[axis] - 1) + 1
        if not all(isinstance(each, int) for each in (size, stride, pad, window)) or window < stride:
            continue
        dropped = (size + 2 * pad - window) % stride - pad
        if dropped > 0:
            last = f"the last {dropped}" if dropped > 1 else "the last one"
            yield f"{last} of {size} along the {name}"
