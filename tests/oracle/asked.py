"""Questions that are asked beside the drawn ones: the rare cases in which the catalogue means to answer otherwise.

With them an exemption is shown by a recorded line whatever is drawn.
"""

from __future__ import annotations

from .outcome import Question

ASKED: dict[str, tuple[Question, ...]] = {
    "keras.SimpleRNN": (Question({"units": 2, "activity_regularizer": "nonsense"}, ((3, 4),), ("float32",)),),
    "keras.LSTMCell": (Question({"units": 1}, ((4,), (1,), (2,)), ("float32",) * 3),),
    "keras.Bidirectional": (
        Question(
            {
                "layer": {"type": "GRU", "units": 4},
                "backward_layer": {"type": "GRU", "units": 1, "go_backwards": True},
                "merge_mode": "sum",
            },
            ((3, 4),),
            ("float32",),
        ),
    ),
}
"""By the name of the class."""
