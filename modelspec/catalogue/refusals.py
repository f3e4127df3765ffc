"""What the frameworks have among their layers, and a spec does not say: why, and what to write instead."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Reason", "find", "list_names"]


class Reason(NamedTuple):
    """Why a layer of the framework is none here: the end of a sentence that begins with its name, and a way out."""

    why: str
    hint: str


_LOSS = Reason(
    "is a loss, which belongs to training: a spec ends with what the model gives",
    "leave it out; under `metadata` it can be noted",
)
_BASE = "is a base of other layers, and none itself"

# The Lazy classes have no argument for what they infer, as here the layers that they become.
_LAZY = {
    "LazyBatchNorm1d": "num_features",
    "LazyBatchNorm2d": "num_features",
    "LazyBatchNorm3d": "num_features",
    "LazyConv1d": "in_channels",
    "LazyConv2d": "in_channels",
    "LazyConv3d": "in_channels",
    "LazyConvTranspose1d": "in_channels",
    "LazyConvTranspose2d": "in_channels",
    "LazyConvTranspose3d": "in_channels",
    "LazyInstanceNorm1d": "num_features",
    "LazyInstanceNorm2d": "num_features",
    "LazyInstanceNorm3d": "num_features",
    "LazyLinear": "in_features",
}

_LOSSES = (
    "BCELoss",
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LinearCrossEntropyLoss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "NLLLoss2d",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
)

_TORCH = {
    **dict.fromkeys(_LOSSES, _LOSS),
    **{
        name: Reason(
            f"becomes {name.removeprefix('Lazy')} at its first input, and here every layer infers {field}",
            f"write {name.removeprefix('Lazy')}, and leave {field} out",
        )
        for name, field in _LAZY.items()
    },
    "Container": Reason(_BASE, "a Sequential, or an entry with `layers`, holds others"),
    "DataParallel": Reason("says where a module runs, not what it is", "write what it holds"),
    "Module": Reason(_BASE, "a Custom says what it holds and gives; a block is what it is made of"),
    "ModuleDict": Reason(
        "holds modules by name, and says nothing of what flows",
        "a Sequential with a `name`, whose entries have names: the tensors are called the same",
    ),
    "ModuleList": Reason(
        "holds modules by number, and says nothing of what flows",
        "a Sequential with a `name` and `numbered: true`, or a named `repeat`: the tensors are called the same",
    ),
    "ParameterDict": Reason("holds parameters by name", "a Parameter for each, with a `name`"),
    "ParameterList": Reason("holds parameters by number", "a Parameter for each, with a `name`: weights.0, weights.1"),
    "RNNBase": Reason(_BASE, "write RNN, LSTM or GRU"),
    "RNNCellBase": Reason(_BASE, "write RNNCell, LSTMCell or GRUCell"),
}

_WORDS = "makes numbers of words, by a vocabulary that comes from data"
_NUMBERED = "do it before the model, and declare its input as what comes out: {shape: […], dtype: int64}"
_FOREIGN = "holds a function of another framework, of which only its code says what it gives"
_OWN = "write what it does as layers, or a Custom with its output, parameters and macs"

_KERAS = {
    "FlaxLayer": Reason(_FOREIGN, _OWN),
    "HashedCrossing": Reason("hashes on the processor, by TensorFlow, whatever the backend is", _NUMBERED),
    "Hashing": Reason("hashes on the processor, by TensorFlow, whatever the backend is", _NUMBERED),
    "InputLayer": Reason(
        "is what flows in, and no layer of a spec", "say it under `input`, or `inputs` where there are several"
    ),
    "InputSpec": Reason("is what a layer demands of its input, and none itself", "leave it out: each layer states it"),
    "IntegerLookup": Reason("numbers integers anew, by a vocabulary that comes from data", _NUMBERED),
    "JaxLayer": Reason(_FOREIGN, _OWN),
    "Lambda": Reason("holds a function of Python, of which only its code says what it gives", _OWN),
    "Layer": Reason(_BASE, "a Custom says what it holds and gives; a block is what it is made of"),
    "Pipeline": Reason("is a row of preprocessing layers, and none itself", "write its layers one after the other"),
    "StackedRNNCells": Reason(
        "is several cells in one step",
        "write an RNN for each cell, all but the last with return_sequences: true; it computes the same",
    ),
    "StringLookup": Reason(_WORDS, _NUMBERED),
    "TFSMLayer": Reason("is a saved model of TensorFlow, of which only its file says what it gives", _OWN),
    "TextVectorization": Reason(_WORDS, _NUMBERED),
    "TorchModuleWrapper": Reason("holds a module of torch, of which only its code says what it gives", _OWN),
    "Wrapper": Reason(_BASE, "write Bidirectional, TimeDistributed or SpectralNormalization"),
}

_REASONS: dict[str, dict[str, Reason]] = {"torch": _TORCH, "keras": _KERAS}


def find(dialect: str, name: str) -> Reason | None:
    """Why the dialect lacks this layer of its framework on purpose; None if it does not."""
    return _REASONS.get(dialect, {}).get(name)


def list_names(dialect: str) -> tuple[str, ...]:
    """The layers of the framework that the dialect lacks on purpose."""
    return tuple(_REASONS.get(dialect, ()))
