"""What flows where in a model: the references of its rows, led back to rows and inputs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from modelspec.report import Model

__all__ = ["Wiring", "wire"]

Wiring = list[list[tuple[Literal["input", "row"], int]]]
"""Of each row what it reads, once each: an input or a row, by its number."""

_NEAR = 64
"""Rows that differ in their numbers alone and are compared: enough for the nearest, and bounded in any model."""


def wire(model: Model) -> Wiring:
    """Lead every reference back. What cannot be led back, since an error has spoilt it, is left out."""
    inputs = {name: number for number, name in enumerate(model.inputs)}
    rows: dict[str, int] = {}
    repeated: dict[str, list[int]] = {}
    wiring: Wiring = []
    for number, layer in enumerate(model.layers):
        found: dict[tuple[Literal["input", "row"], int], None] = {}
        for reference in layer.inputs:
            for name in _list_names(reference):
                row = rows.get(name)
                if row is None and name not in inputs:
                    row = _find_round(name, repeated, model)
                if row is not None:
                    found["row", row] = None
                elif name in inputs:
                    found["input", inputs[name]] = None
                else:
                    continue
                break
        wiring.append(list(found))
        rows[layer.path] = number
        if layer.repeat > 1:
            repeated.setdefault(_open(layer.path), []).append(number)
    return wiring


def _list_names(reference: str) -> Iterator[str]:
    """`lstm:h_n` is a result of `lstm`, unless something is called that."""
    yield reference
    if ":" in reference:
        yield reference.rpartition(":")[0]


def _find_round(path: str, repeated: dict[str, list[int]], model: Model) -> int | None:
    """The row that a round's path stands in: of those that differ in numbers alone the one nearest to it.

    The nearest has the most numbers in common; of several, it is the last before.
    """
    numbers = re.findall(r"\d+", path)
    best: tuple[int, int] | None = None
    for row in repeated.get(_open(path), [])[-_NEAR:]:
        others = re.findall(r"\d+", model.layers[row].path)
        equal = sum(one == other for one, other in zip(numbers, others, strict=True))
        best = max(best or (-1, -1), (equal, row))
    return None if best is None else best[1]


def _open(path: str) -> str:
    """A path with its numbers left open: the rounds of a repeat differ in nothing else."""
    return re.sub(r"\d+", "#", path)
