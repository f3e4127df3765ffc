"""What the frameworks have among their layers, and a spec does not say: why, and what to write instead."""

from __future__ import annotations

from modelspec.catalogue.frameworks import ALIASES
from modelspec.record import NamedTuple

__all__ = ["Reason", "find", "list_refused"]


class Reason(NamedTuple):
    """Why a layer of the framework is none here: the end of a sentence that begins with its name, and a way out.

    `applies` says whether it is a layer at all, and not a base of others or what only holds them.
    """

    why: str
    hint: str
    applies: bool = True


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
    "Container": Reason(_BASE, "a Sequential, or an entry with `layers`, holds others", False),
    "DataParallel": Reason("says where a module runs, not what it is", "write what it holds", False),
    "Module": Reason(_BASE, "a Custom says what it holds and gives; a block is what it is made of", False),
    "ModuleDict": Reason(
        "holds modules by name, and says nothing of what flows",
        "a Sequential with a `name`, whose entries have names: the tensors are called the same",
        False,
    ),
    "ModuleList": Reason(
        "holds modules by number, and says nothing of what flows",
        "a Sequential with a `name` and `numbered: true`, or a named `repeat`: the tensors are called the same",
        False,
    ),
    "ParameterDict": Reason("holds parameters by name", "a Parameter for each, with a `name`", False),
    "ParameterList": Reason(
        "holds parameters by number", "a Parameter for each, with a `name`: weights.0, weights.1", False
    ),
    "RNNBase": Reason(_BASE, "write RNN, LSTM or GRU", False),
    "RNNCellBase": Reason(_BASE, "write RNNCell, LSTMCell or GRUCell", False),
}

_BOXES = Reason(
    "takes boxes, of which each image has a number of its own",
    "a Custom says what it gives for so many of them; what stands before and behind can be models of their own",
)
_TORCHVISION = {
    **dict.fromkeys(("MultiScaleRoIAlign", "PSRoIAlign", "PSRoIPool", "RoIAlign", "RoIPool"), _BOXES),
    "FeaturePyramidNetwork": Reason(
        "takes and gives a mapping of images, which is no tensor",
        "write its Conv2d of each level, with Interpolate and Add between them",
    ),
}

_OTHERS = Reason(
    "runs a model of another library, which a file cannot look into", "a Custom says what it holds and gives"
)
_TEXTS = Reason(
    "takes text, which is no tensor of numbers",
    "begin with what it gives: an input that holds indices says so, {shape: [length], dtype: int64}",
)
_HASHES = Reason(
    "hashes by TensorFlow on the processor, whatever the backend is",
    "begin with what it gives: an input that holds indices says so, {shape: [length], dtype: int64}",
)
_KERAS = {
    **dict.fromkeys(("FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"), _OTHERS),
    **dict.fromkeys(("StringLookup", "TextVectorization"), _TEXTS),
    **dict.fromkeys(("HashedCrossing", "Hashing"), _HASHES),
    "IntegerLookup": Reason(
        "numbers integers anew, by a vocabulary that comes from data",
        "begin with what it gives: an input that holds indices says so, {shape: [length], dtype: int64}",
    ),
    "StackedRNNCells": Reason(
        "is several cells in one step",
        "write an RNN for each cell, all but the last with return_sequences: true, which computes the same",
    ),
    "InputLayer": Reason("is what comes into the model", "write `input: […]` at the top, without the batch", False),
    "InputSpec": Reason("says what a layer takes, and is none itself", "leave it out: every type knows it", False),
    "Lambda": Reason("is code, which a file cannot say", "a Custom says what it holds and gives"),
    "Layer": Reason(_BASE, "a Custom says what it holds and gives; a block is what it is made of", False),
    "Pipeline": Reason("holds layers one after the other", "write a Sequential", False),
    "Wrapper": Reason(_BASE, "write TimeDistributed, Bidirectional or SpectralNormalization", False),
}

_REASONS: dict[str, dict[str, Reason]] = {"torch": _TORCH | _TORCHVISION, "keras": _KERAS}


def find(dialect: str, name: str) -> Reason | None:
    """Why the dialect lacks this layer of its framework on purpose; None if it does not."""
    meant = ALIASES[dialect].get(name)
    if meant is not None:
        return Reason(f"is a second name of {meant}", f"write {meant}")
    return _REASONS[dialect].get(name)


def list_refused(dialect: str) -> tuple[str, ...]:
    """The names for which `find` has a reason."""
    return (*_REASONS[dialect], *ALIASES[dialect])
