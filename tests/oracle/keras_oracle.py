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
from .torch_oracle import BATCHES, Counter, count_sample, drop_batch, flatten, read_signature, shorten

FRAMEWORK = f"keras {keras.__version__} on torch {torch.__version__.partition('+')[0]}"


class BrokenPromiseError(ValueError):
    """What Keras gives is not what its rules for shapes say."""


def ask(layer: type[Layer], question: Question) -> Outcome:
    """What keras.layers makes of the question.

    The symbolic call, on the meta device, applies the layer's own rules for shapes; the call on a tensor does what
    they promise. Where the two differ Keras contradicts itself, and its outcome is the refusal that says so.
    """
    with warnings.catch_warnings(), keras.device("cpu"), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            built = _build({"type": layer.type_name(), **question.arguments}, layer.dialect)
            promised = [built(keras.KerasTensor((batch, *question.input), question.dtype)) for batch in BATCHES]
            first, second = (keras.tree.flatten(each) for each in promised)
            outputs = tuple(drop_batch(one, two) for one, two in zip(first, second, strict=True))
            counters = [Counter(), Counter()]
            results = []
            for batch, counter in zip(BATCHES, counters, strict=True):
                x = torch.zeros((batch, *question.input), dtype=getattr(torch, question.dtype))
                with counter:
                    results.append(flatten(built(x)))
            kept = tuple(drop_batch(one, two) for one, two in zip(*results, strict=True))
            if kept != outputs:
                raise BrokenPromiseError(f"promised {outputs}, gave {kept}")
        except Exception as error:  # whatever Keras raises is its refusal
            return Outcome(shorten(error))
    return Outcome(
        None,
        tuple((weight.name, tuple(weight.shape), weight.trainable) for weight in built.weights),
        (),
        outputs,
        count_sample(counters),
    )


def _build(entry: Any, dialect: str) -> keras.Layer:
    if isinstance(entry, str):
        entry = {"type": entry}
    layer = find(dialect, entry["type"])
    assert layer is not None
    arguments: dict[str, Any] = {}
    for name, value in entry.items():
        if name == "type":
            continue
        if fields_of(layer)[name].way == "wrapped" and value is not None:
            value = _build(value, dialect)
        arguments[name] = tuple(value) if isinstance(value, list) else value
    return getattr(keras.layers, entry["type"])(**arguments)


def list_arguments(layer: type[Layer]) -> dict[str, Any]:
    """The constructor's arguments and their defaults; `<required>` where there is none."""
    return read_signature(getattr(keras.layers, layer.type_name()))
