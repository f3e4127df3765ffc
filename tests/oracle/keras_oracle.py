"""What Keras makes of a layer, with torch as its backend: called on a symbol, then on a tensor of the meta device."""

from __future__ import annotations

import inspect
import os

os.environ["KERAS_BACKEND"] = "torch"

import warnings
from types import SimpleNamespace
from typing import Any

import keras
import numpy
import torch
from keras.src.initializers import constant_initializers
from keras.src.layers.preprocessing import stft_spectrogram
from keras.src.layers.preprocessing.image_preprocessing.base_image_preprocessing_layer import (
    BaseImagePreprocessingLayer,
)
from torch.nn.attention import SDPBackend, sdpa_kernel

from modelspec.catalogue import find
from modelspec.layer import Layer, fields_of

from .outcome import Outcome, Question
from .torch_oracle import BATCHES, Counter, MixedBatchError, drop_batch, flatten, read_signature, shorten

SCIPY_WINDOWS = {
    *("barthann", "bartlett", "blackman", "blackmanharris", "bohman", "boxcar", "cosine", "flattop", "hamming", "hann"),
    *("lanczos", "nuttall", "parzen", "triang", "tukey"),
}


def _make_window(window: str, length: int, *_: object, **__: object) -> Any:
    """What stands for scipy's windows where that is not installed: their values bear on no shape."""
    if window not in SCIPY_WINDOWS:
        raise ValueError(f"Unknown window type: {window}")
    return numpy.ones(length)


for module in (stft_spectrogram, constant_initializers):
    module.scipy = SimpleNamespace(signal=SimpleNamespace(get_window=_make_window))  # type: ignore[attr-defined]

FRAMEWORK = f"keras {keras.__version__} on torch {torch.__version__.partition('+')[0]}"


class BrokenPromiseError(ValueError):
    """What Keras gives is not what its rules for shapes say."""


def ask(layer: type[Layer], question: Question) -> Outcome:
    """What keras.layers makes of the question.

    Symbolic calls, which run on the meta device, apply the layer's own rules for shapes; a call on a tensor must keep
    what they promise. Where it does not, Keras contradicts itself, and its outcome is the refusal that says so.
    """
    entry = {"type": layer.type_name(), **question.arguments}
    arriving = list(zip(question.inputs, question.dtypes, strict=True))
    with warnings.catch_warnings(), keras.device("cpu"), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            promised, weights = [], []
            for batch in BATCHES:
                built = _build(entry, layer.dialect)
                symbols = [keras.KerasTensor((batch, *shape), dtype) for shape, dtype in arriving]
                promised.append(keras.tree.flatten(_call(layer, built, symbols)))
                weights.append(tuple((w.name, tuple(w.shape), w.trainable) for w in built.weights))
            if weights[0] != weights[1]:
                raise MixedBatchError("the weights depend on the batch")
            outputs = tuple(drop_batch(one, two) for one, two in zip(*promised, strict=True))
            counter = Counter()
            # The counter sees the products in attention where no fused operation hides them.
            with counter, sdpa_kernel(SDPBackend.MATH):
                tensors = [torch.zeros((1, *shape), dtype=getattr(torch, dtype)) for shape, dtype in arriving]
                result = _call(layer, _build(entry, layer.dialect, unroll=True), tensors)
            given = [tuple(tensor.shape[1:]) for tensor in flatten(result)]
            outputs = tuple(_fill(promise, shape) for promise, shape in zip(outputs, given, strict=True))
        except Exception as error:  # whatever Keras raises is its refusal
            return Outcome(shorten(error))
    return Outcome(
        None,
        weights[0],
        (),
        outputs,
        counter.get_total_flops() // 2 if counter.complete else None,
    )


def _fill(promise: tuple[Any, str], given: tuple[int, ...]) -> tuple[tuple[int, ...], str]:
    """What is promised, with the sizes that are given where it leaves them open. Raises BrokenPromiseError."""
    shape, dtype = promise
    if len(shape) != len(given) or any(a not in (None, b) for a, b in zip(shape, given, strict=True)):
        raise BrokenPromiseError(f"promised {shape}, gave {given}")
    return given, dtype


def _call(layer: type[Layer], built: keras.Layer, arriving: list[Any]) -> Any:
    """A layer's result: those of several inputs are called with a list, or with an argument for each."""
    if layer.arity == (1, 1) and len(arriving) == 1:
        # These are called as in training if nothing is said. A random crop keeps its promise in training alone.
        changes = isinstance(built, BaseImagePreprocessingLayer) and layer.type_name() != "RandomCrop"
        return built(arriving[0], training=False) if changes else built(arriving[0])
    names = [layer.input_name_at(number) for number in range(len(arriving))]
    if names[1:2] == ["state_h"]:
        return built(arriving[0], arriving[1:])
    if set(names) <= set(inspect.signature(built.call).parameters):
        return built(**dict(zip(names, arriving, strict=True)))
    return built(arriving)


def _build(entry: Any, dialect: str, *, unroll: bool = False) -> keras.Layer:
    """The layer that an entry describes; with `unroll`, a recurrent one whose first step is not run twice."""
    if isinstance(entry, str):
        entry = {"type": entry}
    layer = find(dialect, entry["type"])
    assert layer is not None
    arguments: dict[str, Any] = {}
    for name, value in entry.items():
        if name == "type":
            continue
        if fields_of(layer)[name].way == "wrapped" and value is not None:
            value = _build(value, dialect, unroll=unroll)
        arguments[name] = tuple(value) if isinstance(value, list) else value
    if unroll and "unroll" in fields_of(layer):
        arguments["unroll"] = True
    return getattr(keras.layers, entry["type"])(**arguments)


# Arguments that a constructor takes from its keywords, with their defaults.
KEYWORDS: dict[str, dict[str, Any]] = {
    "Conv1D": {"lora_rank": None, "lora_alpha": None},
    "Conv2D": {"lora_rank": None, "lora_alpha": None},
    "Conv3D": {"lora_rank": None, "lora_alpha": None},
    "AdditiveAttention": {"seed": None},
    "Embedding": {"input_length": None},
    "ReversibleEmbedding": {
        **dict.fromkeys(("weights", "lora_rank", "lora_alpha", "quantization_config", "input_length")),
    },
    "LayerNormalization": {"rms_scaling": False},
    "LSTM": {"zero_output_for_mask": False},
    "SimpleRNN": {"zero_output_for_mask": False},
    "GRU": {"zero_output_for_mask": False},
    **{f"ConvLSTM{rank}D": {"unroll": False, "zero_output_for_mask": False} for rank in (1, 2, 3)},
}

# Arguments of every layer that a constructor sets itself, so that nobody else can.
SET = {("ActivityRegularization", "activity_regularizer")}


def list_arguments(layer: type[Layer]) -> dict[str, Any]:
    """The constructor's arguments and their defaults; `<required>` where there is none."""
    cls = getattr(keras.layers, layer.type_name())
    # What stands between passes on fixed values: the number of axes, the cell.
    arguments = {**read_signature((cls, keras.Layer)), **KEYWORDS.get(layer.type_name(), {})}
    if issubclass(cls, BaseImagePreprocessingLayer):
        arguments = {**arguments, "bounding_box_format": None, "data_format": None}
    return {name: default for name, default in arguments.items() if (layer.type_name(), name) not in SET}
