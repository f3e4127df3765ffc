"""What Keras makes of a layer, with torch as its backend: called on a symbol, then on a tensor of the meta device."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"

import warnings
from typing import Any

import keras
import torch

from modelspec.catalogue import find
from modelspec.layer import Layer, fields_of

from .outcome import Outcome, Question
from .torch_oracle import BATCHES, Counter, MixedBatchError, drop_batch, flatten, read_signature, shorten

FRAMEWORK = f"keras {keras.__version__} on torch {torch.__version__.partition('+')[0]}"


class BrokenPromiseError(ValueError):
    """What Keras gives is not what its rules for shapes say."""


def ask(layer: type[Layer], question: Question) -> Outcome:
    """What keras.layers makes of the question.

    Symbolic calls, which run on the meta device, apply the layer's own rules for shapes; a call on a tensor must keep
    what they promise. Where it does not, Keras contradicts itself, and its outcome is the refusal that says so.
    """
    entry = {"type": layer.type_name(), **question.arguments}
    shape, dtype = question.input, question.dtype
    with warnings.catch_warnings(), keras.device("cpu"), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            promised, weights = [], []
            for batch in BATCHES:
                built = _build(entry, layer.dialect)
                promised.append(keras.tree.flatten(built(keras.KerasTensor((batch, *shape), dtype))))
                weights.append(tuple((w.name, tuple(w.shape), w.trainable) for w in built.weights))
            if weights[0] != weights[1]:
                raise MixedBatchError("the weights depend on the batch")
            outputs = tuple(drop_batch(one, two) for one, two in zip(*promised, strict=True))
            counter = Counter()
            with counter:
                result = _build(entry, layer.dialect, unroll=True)(
                    torch.zeros((1, *shape), dtype=getattr(torch, dtype))
                )
            for (promise, _), tensor in zip(outputs, flatten(result), strict=True):
                if promise != tuple(tensor.shape[1:]):
                    raise BrokenPromiseError(f"promised {promise}, gave {tuple(tensor.shape[1:])}")
        except Exception as error:  # whatever Keras raises is its refusal
            return Outcome(shorten(error))
    return Outcome(
        None,
        weights[0],
        (),
        outputs,
        counter.get_total_flops() // 2 if counter.complete else None,
    )


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
    "Embedding": {"input_length": None},
    "LayerNormalization": {"rms_scaling": False},
    "LSTM": {"zero_output_for_mask": False},
    "SimpleRNN": {"zero_output_for_mask": False},
    "GRU": {"zero_output_for_mask": False},
}


def list_arguments(layer: type[Layer]) -> dict[str, Any]:
    """The constructor's arguments and their defaults; `<required>` where there is none."""
    cls = getattr(keras.layers, layer.type_name())
    # What stands between passes on fixed values: the number of axes, the cell.
    return {**read_signature((cls, keras.Layer)), **KEYWORDS.get(layer.type_name(), {})}
