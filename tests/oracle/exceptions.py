"""Where the catalogue means to answer otherwise than the framework, and why.

Each holds for some classes and some questions only, and is used by at least one recorded line: one that is not any
more has to go.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from modelspec.layer import Layer

from .outcome import Outcome, Question


class Exemption(NamedTuple):
    """A deliberate difference. `classes` are names with their dialect; `torch.*` is all of a dialect."""

    reason: str
    classes: tuple[str, ...]
    holds: Callable[[Question, Outcome, Outcome], bool]

    def covers(self, layer: type[Layer], question: Question, ours: Outcome, theirs: Outcome) -> bool:
        """Whether the two outcomes may differ on this question."""
        names = (f"{layer.dialect}.{layer.type_name()}", f"{layer.dialect}.*")
        return any(name in self.classes for name in names) and self.holds(question, ours, theirs)


def _only_ours(pattern: str) -> Callable[[Question, Outcome, Outcome], bool]:
    """That the catalogue refuses in words that match, and the framework accepts."""
    match = re.compile(pattern).match
    return lambda _, ours, theirs: theirs.refused is None and ours.refused is not None and bool(match(ours.refused))


EXEMPTIONS: tuple[Exemption, ...] = (
    Exemption(
        "a truth value is no number: the frameworks take true for 1",
        ("torch.*", "keras.*"),
        _only_ours(r"MS205 \w+: .*got true"),
    ),
    Exemption(
        "a size of 0 is surely not meant: torch makes an empty tensor",
        ("torch.*",),
        _only_ours(r"MS206 (out_features|output_size|embedding_dim|hidden_size): .*got 0"),
    ),
    Exemption(
        "a setting outside of its range: torch holds these against nothing, or not before a step of training",
        ("torch.*",),
        _only_ours(r"MS206 (eps|momentum|norm_type|max_norm): "),
    ),
    Exemption(
        "one average of everything: torch computes it without a look at the number of axes",
        ("torch.AdaptiveAvgPool2d",),
        lambda question, ours, theirs: (
            question.arguments["output_size"] in (1, [1, 1]) and _only_ours("MS303 ")(question, ours, theirs)
        ),
    ),
    Exemption(
        "a setting outside of its range: Keras cuts it, or does not look at it",
        ("keras.*",),
        _only_ours(r"MS20[56] (epsilon|momentum|dropout|recurrent_dropout|renorm_momentum|lora_rank|input_length): "),
    ),
    Exemption(
        "an object that Keras does not know, or that cannot be, in an argument without effect",
        ("keras.*",),
        _only_ours(r"MS206 (bias_initializer|bias_regularizer|activity_regularizer): "),
    ),
    Exemption(
        "a noise_shape that does not fit: Keras finds out in the first step of training",
        ("keras.Dropout",),
        _only_ours("MS305 noise_shape: "),
    ),
    Exemption(
        "floating-point numbers as indices: Keras cuts them to integers",
        ("keras.Embedding", "keras.TimeDistributed"),
        _only_ours("MS308 .*indices"),
    ),
    Exemption(
        "integers in a floating-point layer: Keras promises floats, but not every backend has a kernel",
        ("keras.*",),
        lambda question, ours, theirs: (
            question.dtype == "int64"
            and ours.refused is None
            and bool(
                re.match("NotImplementedError|RuntimeError: (result type Float|expected scalar)", theirs.refused or "")
            )
        ),
    ),
    Exemption(
        "integers in a Dropout: Keras promises floats, and passes the integers on",
        ("keras.Dropout",),
        lambda question, ours, theirs: (
            question.dtype == "int64" and ours.outputs == tuple((shape, "int64") for shape, _ in theirs.outputs)
        ),
    ),
    Exemption(
        "stateful layers that return their states, in both directions: Keras 3.15 trips over a generator of its own",
        ("keras.Bidirectional",),
        lambda _, ours, theirs: ours.refused is None and "'generator'" in (theirs.refused or ""),
    ),
    Exemption(
        "a list of no axes: a LayerNormalization that normalizes nothing",
        ("keras.LayerNormalization",),
        _only_ours("MS206 axis: .*got an empty list"),
    ),
    Exemption(
        "a layer inside that does not fit: Keras calls it without the checks that it makes on its own",
        ("keras.TimeDistributed",),
        _only_ours(r"MS30[35] layer(\.noise_shape)?: "),
    ),
    Exemption(
        "what only another backend, another device or an installed scipy has",
        ("keras.*",),
        lambda _, ours, theirs: (
            ours.refused is None
            and bool(re.search("synchronized=True|use_cudnn=True|scipy|Given normalized_shape", theirs.refused or ""))
        ),
    ),
    Exemption(
        "num_features that contradicts what arrives: with neither weights nor statistics torch does not look at it",
        ("torch.BatchNorm1d", "torch.BatchNorm2d"),
        lambda question, ours, theirs: (
            _only_ours("MS304 num_features: ")(question, ours, theirs) and not theirs.parameters and not theirs.buffers
        ),
    ),
    Exemption(
        "a layer along the batch mixes samples, or does nothing",
        ("torch.Flatten", "torch.Softmax", "keras.Activation", "keras.BatchNormalization", "keras.LayerNormalization"),
        _only_ours(r"MS30[39] \w+: .*(is the batch|but \[\] arrives)"),
    ),
    Exemption(
        "integers in a floating-point layer: torch has kernels for some arguments on some devices",
        ("torch.MaxPool1d",),
        _only_ours("MS308 "),
    ),
)


def is_exempt(layer: type[Layer], question: Question, ours: Outcome, theirs: Outcome) -> bool:
    """Whether the two outcomes differ on purpose."""
    return any(exemption.covers(layer, question, ours, theirs) for exemption in EXEMPTIONS)


LEFT_OUT = {
    # The device is no matter of architecture; dtype, trainable and name are keys of every entry.
    "torch": frozenset({"device", "dtype"}),
    "keras": frozenset({"autocast", "dtype", "name", "trainable"}),
}
"""Arguments of the frameworks' constructors that no layer takes in a spec."""

OTHER_DEFAULT = {
    ("torch.Softmax", "dim"): "torch chooses an axis by the rank, and warns that it will not any more",
}
"""Arguments whose default is not the framework's, and why."""
