"""Questions that are asked beside the drawn ones, for they are rarely or never drawn: limits, and what is odd.

Among them are those in which the catalogue means to answer otherwise: with them an exemption is shown by a recorded
line whatever is drawn.
"""

from __future__ import annotations

from .outcome import Question

ASKED: dict[str, tuple[Question, ...]] = {
    "torch.SpectralNorm": (
        Question({"module": {"type": "FrozenBatchNorm2d"}}, ((9,),), ("float32",)),
        Question({"module": {"type": "BatchNorm1d"}}, ((9,),), ("float32",)),
    ),
    "torch.Slice": (
        Question({"dim": 1, "start": -1}, ((5, 3),), ("float32",)),
        Question({"dim": 1, "start": 0, "end": -1}, ((5, 3),), ("float32",)),
    ),
    "torch.Pad": (Question({"pad": [1] * 6, "mode": "replicate"}, ((2, 3, 4, 5),), ("float32",)),),
    "torch.ScaledDotProductAttention": tuple(
        Question({}, ((8, 10, 64), (8, 12, 64), (8, 12, 64), mask), ("float32",) * 4) for mask in ((2, 12), (4, 10, 12))
    ),
    "torch.GRUCell": (Question({"hidden_size": 2}, ((3,), (2,), (2,)), ("float32",) * 3),),
    "torch.Interpolate": (
        Question({"scale_factor": []}, ((2, 4),), ("float32",)),
        Question({"scale_factor": [0, 2.0], "mode": "area"}, ((4, 3, 3),), ("float32",)),
    ),
    "torch.DeformConv2d": (
        Question({"out_channels": 2, "kernel_size": 1}, ((4, 5, 6), (2, 4, 6)), ("float32",) * 2),
        Question({"out_channels": 2, "kernel_size": 1}, ((4, 5, 6), (2, 5, 7)), ("float32",) * 2),
    ),
    "keras.SimpleRNN": (Question({"units": 2, "activity_regularizer": "nonsense"}, ((3, 4),), ("float32",)),),
    "keras.LSTMCell": (Question({"units": 1}, ((4,), (1,), (2,)), ("float32",) * 3),),
    "keras.Bidirectional": (
        Question(
            {"layer": {"type": "LSTM", "units": 2, "return_state": True, "stateful": True}}, ((3, 4),), ("float32",)
        ),
        *(
            Question(
                {
                    "layer": {"type": "LSTM", "units": 2, "return_state": True},
                    "backward_layer": {"type": backward, "units": 2, "return_state": True, "go_backwards": True},
                },
                ((3, 4),),
                ("float32",),
            )
            for backward in ("LSTM", "GRU")
        ),
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
        Question({"axis": None, "mean": [0.5], "variance": [0.25]}, ((8,),), ("float32",)),
        Question({"axis": [1, 2], "mean": [0.5] * 3, "variance": [0.25] * 3}, ((4, 3),), ("float32",)),
    ),
    "keras.Attention": (Question({}, ((5, 4), (7, 4)), ("int64", "float32")),),
    "keras.TimeDistributed": (
        Question({"layer": {"type": "SimpleRNN", "units": 2, "return_state": True}}, ((4, 7, 3),), ("float32",)),
    ),
    "keras.Dot": (Question({"axes": 3}, ((2, 3, 4), (4, 5)), ("float32",) * 2),),
    "keras.Conv1D": (
        Question(
            {"filters": 4, "kernel_size": 1, "groups": 4, "data_format": "channels_first"}, ((6, 4),), ("float32",)
        ),
    ),
    "keras.GaussianNoise": tuple(
        Question({"stddev": 0.5, "seed": seed}, ((4,),), ("float32",)) for seed in (2**32, -(2**31))
    ),
    "keras.BatchNormalization": tuple(
        Question({"renorm": True, "renorm_clipping": clipping}, ((4,),), ("float32",))
        for clipping in ({"rmax": 1, "rmin": 1}, {"rmax": 1, "rmin": 2}, {"dmax": -0.5}, {"dmax": 0})
    ),
    "keras.EinsumDense": tuple(
        Question({"equation": equation, "output_shape": asked, **more}, (shape,), ("float32",))
        for equation, asked, shape, more in (
            ("...ab...,bc->...ac...", [3, 5], (3, 4), {}),
            ("a...,ab->b...", 5, (3, 4), {}),
            ("ab...,bc->ac...", 5, (4, 3), {}),
            ("...ab,bc->ac", 5, (3, 4), {}),
            ("...ab,bc->...ac", [3, 5], (2, 3, 4), {}),
            ("...ab,bc->...ac", [4, 5], (2, 3, 4), {}),
            ("abc,cd->abd", [4, 5], (3, 4), {}),
            ("abc,cd->abd", [3, 5], (3, 4), {"kernel_regularizer": "orthogonal_regularizer"}),
            ("abc,cde->abde", [3, 5, 6], (3, 4), {"kernel_regularizer": "orthogonal_regularizer"}),
        )
    ),
    "keras.MelSpectrogram": (
        Question({"fft_length": 4, "num_mel_bins": 1}, ((8,),), ("float32",)),
        Question({"fft_length": 4, "sequence_stride": 3}, ((8,),), ("float32",)),
    ),
    "keras.MultiHeadAttention": (
        Question({"num_heads": 2, "key_dim": 3, "attention_axes": 2}, ((5, 6, 7), (1, 3, 7)), ("float32",) * 2),
    ),
}
"""By the name of the class."""
