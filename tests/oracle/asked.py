"""Questions that are asked beside the drawn ones: the rare cases in which the catalogue means to answer otherwise.

With them an exemption is shown by a recorded line whatever is drawn.
"""

from __future__ import annotations

from .outcome import Question

ASKED: dict[str, tuple[Question, ...]] = {
    "torch.SpectralNorm": (Question({"module": {"type": "FrozenBatchNorm2d"}}, ((9,),), ("float32",)),),
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
    "keras.PReLU": (Question({"shared_axes": [-1]}, ((4, 5),), ("float32",)),),
    "keras.CategoryEncoding": (Question({"num_tokens": 4}, ((5, 5),), ("int64",)),),
    "keras.Normalization": (
        Question({"axis": [-1, -1], "mean": [0.5], "variance": [0.25]}, ((8,),), ("float32",)),
        Question({"axis": []}, ((8,),), ("float32",)),
    ),
    "keras.MelSpectrogram": (
        Question({"fft_length": 4, "num_mel_bins": 1}, ((8,),), ("float32",)),
        Question({"fft_length": 4, "sequence_stride": 3}, ((8,),), ("float32",)),
    ),
}
"""By the name of the class."""
