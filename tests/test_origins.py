"""Where a size comes from: through every layer that passes its axis on, up to the one that makes it."""

from __future__ import annotations

import pytest
from oracle.ours import answer
from oracle.record import list_examples

import modelspec
from modelspec.catalogue import dialects, find, list_names
from modelspec.resolve.origins import follow_axis
from modelspec.shape import Unknown

LAYERS = [(dialect, name) for dialect in dialects() for name in list_names(dialect)]


@pytest.mark.parametrize(("dialect", "name"), LAYERS)
def test_an_axis_comes_from_one_that_is_as_long(dialect: str, name: str) -> None:
    layer = find(dialect, name)
    assert layer is not None
    for question in list_examples(layer):
        fitted, _ = answer(layer, question)
        if fitted is None:
            continue
        for result, value in fitted.outputs.items():
            for axis in range(-len(value.shape), 0):
                found = None if isinstance(value.shape[axis], Unknown) else follow_axis(fitted, result, axis)
                if found is not None:
                    number, there = found
                    assert fitted.inputs[number].shape[there] == value.shape[axis]


CHAINS = {
    "a layer that makes it": (["{type: Linear, out_features: 6}"], 0),
    "what keeps it": (["{type: Linear, out_features: 6}", "ReLU", "LayerNorm", "{type: Dropout, p: 0.1}"], 0),
    "another place": (["{type: Linear, out_features: 6}", "{type: Permute, dims: [0, 2, 1]}"], 0),
    "the one axis that is left": (["{type: Linear, out_features: 6}", "{type: Mean, dim: 1}"], 0),
    "what has it from its input": (["{type: Linear, out_features: 6}", "{type: MultiheadAttention, num_heads: 2}"], 0),
    "the last of several rounds": (["{type: Linear, out_features: 6, repeat: 3}"], 0),
    "a sum": (["{type: Linear, out_features: 6}", "{type: Residual, layers: [{type: Linear, out_features: 6}]}"], 1),
}
"""Layers in a row, and which of them makes the axis of size 6 that comes out at the end."""


@pytest.mark.parametrize("what", CHAINS)
def test_other_end_is_the_layer_that_makes_it(what: str) -> None:
    chain, maker = CHAINS[what]
    last = "{type: Linear, in_features: 9, out_features: 2}"
    if what == "another place":
        last = "{type: Conv1d, in_channels: 9, out_channels: 2, kernel_size: 1}"
    lines = ["modelspec: 1", "input: [5, 4]", "layers:", *[f"  - {entry}" for entry in (*chain, last)], ""]
    (told,) = modelspec.check_text("\n".join(lines)).diagnostics
    assert (told.code, told.line) == ("MS304", len(lines) - 1)
    assert [place.line for place in told.related] == [4 + maker]


def test_other_end_may_be_an_earlier_round() -> None:
    text = (
        "modelspec: 1\ninput: [4]\nlayers:\n  - {name: a, type: Linear, repeat: 2, in_features: 4, out_features: 8}\n"
    )
    (told,) = modelspec.check_text(text).diagnostics
    assert (told.code, told.line, [place.line for place in told.related]) == ("MS304", 4, [4])
