"""What is counted, in a few words: the same for every model."""

from __future__ import annotations

__all__ = ["COUNTED", "NOTES"]

COUNTED = "MACs (multiply-accumulates for one sample; 1 MAC = 2 FLOPs)"
NOTES = (
    (
        "Activations are the tensors that layers newly make in evaluation, for one sample. At the peak nothing works "
        "in place; gates, attention scores and caches are not counted."
    ),
)
