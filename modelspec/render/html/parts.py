"""The parts of a model by path: a tree for the treemap, and the table that says the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelspec.render.html.writing import Page, breakable, data, safe, table
from modelspec.render.numbers import show_count, show_share
from modelspec.report import Layer, Model

__all__ = ["show_map", "show_parts"]

LEVELS = 32
"""Levels of a path that become levels of the tree: far more than anyone writes."""
LISTED = 400
"""Parts that the table lists."""
MAPPED = 6_000
"""Layers that a treemap shows one by one; of a larger model it shows the parts that hold them."""
_FINE = 10**9
"""Areas are counted in this part of the whole: they are for the eye, the numbers beside them are exact."""


class _Part:
    """A level of the paths: what is below it, in the order of the model, and what that costs."""

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self.path = path
        self.below: list[_Part | int] = []
        self.levels: dict[str, _Part] = {}
        self.layers = 0
        self.parameters: int | None = 0
        self.macs: int | None = 0
        self.known = (0, 0)
        """What is known of both: what is not has no area."""

    def add(self, layer: Layer) -> None:
        self.layers += layer.repeat
        self.parameters = _add(self.parameters, layer.parameters)
        self.macs = _add(self.macs, layer.macs)
        self.known = (self.known[0] + (layer.parameters or 0), self.known[1] + (layer.macs or 0))


def _add(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _grow(model: Model) -> _Part:
    top = _Part("", "")
    for number, layer in enumerate(model.layers):
        top.add(layer)
        part = top
        *steps, _ = layer.path.split(".", LEVELS)
        for step in steps:
            below = part.levels.get(step)
            if below is None:
                below = part.levels[step] = _Part(step, f"{part.path}.{step}" if part.path else step)
                part.below.append(below)
            below.add(layer)
            part = below
        part.below.append(number)
    return top


def _shorten(part: _Part) -> tuple[str, _Part]:
    """A part's name and itself; where it holds one part only, that one, by both names."""
    name = part.name
    while len(part.below) == 1 and isinstance(part.below[0], _Part):
        part = part.below[0]
        name = f"{name}.{part.name}"
    return name, part


def show_map(own: str, model: Model, page: Page, marks: Mapping[int, str], title: str) -> Iterator[str]:
    """What the page's script draws a treemap of: nothing is shown of it without one. `marks` are changed rows."""
    top = _grow(model)
    whole = (max(top.known[0], 1), max(top.known[1], 1))
    tree = _write(top, "", model, page, marks, whole, len(model.layers) <= MAPPED)
    caption = f"<figcaption>{title}</figcaption>" if title else ""
    yield f'<figure class="map" data-own="{own}" hidden>{caption}'
    yield f'<script type="application/json">{data(tree)}</script></figure>'


def _write(
    part: _Part,
    name: str,
    model: Model,
    page: Page,
    marks: Mapping[int, str],
    whole: tuple[int, int],
    leaves: bool,
) -> dict[str, Any]:
    """A part as the script reads it: names, counts as text, areas as parts of the whole, and what is below."""
    told: dict[str, Any] = {"n": name, **_write_counts(part.parameters, part.macs, part.known, whole)}
    below = []
    for one in part.below:
        if isinstance(one, _Part):
            inner, level = _shorten(one)
            below.append(_write(level, inner, model, page, marks, whole, leaves))
        elif leaves:
            layer = model.layers[one]
            known = (layer.parameters or 0, layer.macs or 0)
            leaf = {
                "n": layer.path.split(".", LEVELS)[-1],
                **_write_counts(layer.parameters, layer.macs, known, whole),
                "y": layer.type,
                "t": page.color(layer.type),
                "r": one,
            }
            if layer.repeat > 1:
                leaf["x"] = f"{layer.repeat:,}"
            if one in marks:
                leaf["k"] = marks[one]
            below.append(leaf)
    told["c"] = below
    return told


def _write_counts(
    parameters: int | None, macs: int | None, known: tuple[int, int], whole: tuple[int, int]
) -> dict[str, Any]:
    areas = [count * _FINE // total / _FINE for count, total in zip(known, whole, strict=True)]
    return {"p": show_count(parameters), "m": show_count(macs), "a": areas[0], "b": areas[1]}


def show_parts(model: Model) -> Iterator[str]:
    """The table that says what the treemap shows, for who cannot see it or has no script."""
    top = _grow(model)
    rows = []
    for depth, name, part in _list(top, model, 0):
        parameters, macs = part.parameters, part.macs
        rows.append(
            (
                f'<span class="d{min(depth, 8)}">{breakable(name)}</span>',
                f"{part.layers:,}" if isinstance(part, _Part) else safe(part.type),
                show_count(parameters),
                show_share(parameters, top.parameters) if top.parameters else "",
                show_count(macs),
                show_share(macs, top.macs) if top.macs else "",
            )
        )
        if len(rows) == LISTED:
            break
    share = '<span class="unseen">Share of {}</span><span aria-hidden="true">Share</span>'
    head = (
        ("Part", ""),
        ("Layers", ""),
        ("Parameters", "n"),
        (share.format("parameters"), "n"),
        ("MACs", "n"),
        (share.format("MACs"), "n"),
    )
    yield from table("Parameters and MACs by path", head, rows, "parts")
    if len(rows) == LISTED:
        yield f'<p class="note">The first {LISTED:,} parts are listed; the table of layers has what is in them.</p>'


def _list(part: _Part, model: Model, depth: int) -> Iterator[tuple[int, str, _Part | Layer]]:
    """Parts with those below them; single layers only where they belong to no part."""
    for one in part.below:
        if isinstance(one, _Part):
            name, below = _shorten(one)
            yield depth, name, below
            yield from _list(below, model, depth + 1)
        elif not depth:
            layer = model.layers[one]
            yield depth, layer.path if layer.repeat == 1 else f"{layer.path} × {layer.repeat:,}", layer
