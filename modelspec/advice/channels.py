"""The axis of a result that a convolution or a linear map makes: its channels, or features."""

from __future__ import annotations

from modelspec.advice.index import MAPS
from modelspec.advice.view import Seat

__all__ = ["find_channels", "has_activation", "is_map"]


def is_map(seat: Seat) -> bool:
    """Whether it is a linear map of the last axis; `Conv1D` is one in torch, where GPT-2 has it from."""
    return seat.kind in MAPS and seat.argument("filters") is None


def find_channels(seat: Seat) -> int:
    """The axis of the result, counted from 0, that its channels are along, and its bias."""
    last = len(seat.fitted.output_shape) - 1
    if is_map(seat):
        return last
    is_keras = hasattr(seat.fitted.layer, "data_format")
    return last if is_keras and seat.argument("data_format") != "channels_first" else 0


def has_activation(seat: Seat) -> bool:
    """Whether an activation follows inside of the layer, as in Keras."""
    return seat.argument("activation") not in (None, "linear")
