"""Text as HTML has it, the small pieces that every part of the page is made of, and how much a page holds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

from modelspec.render.cells import harmless
from modelspec.render.numbers import show_bytes, show_count
from modelspec.report import Model

__all__ = ["WORDS", "Page", "bar", "breakable", "count_cell", "data", "name_model", "safe", "table"]

ROWS = 12_000
"""Layers of all models together that a page lists: more would open slowly."""
DERIVED = 3_000
"""Those of them that unfold, to their derivations and whatever else is known of them."""
WORDS = {"+": "added", "-": "removed", "~": "changed", ">": "moved"}
"""What the marks of a comparison mean."""
COLORS = 6
"""Types of layers that have a colour of their own; the others share one."""


def safe(text: str) -> str:
    """What a user wrote as no more than text: nothing in it is markup or the end of an attribute."""
    return escape(harmless(text), quote=True)


def breakable(path: str) -> str:
    """A path that may be broken after its dots and slashes."""
    return safe(path).replace(".", ".<wbr>").replace("/", "/<wbr>").replace("_", "_<wbr>")


def data(value: Any) -> str:
    """JSON that can stand in a script element: it holds no `<` that could end it, and no letter beyond ASCII."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def name_model(model: Model) -> str:
    """What the model is called: its name, and its variant if it is one."""
    return model.name if model.variant is None else f"{model.name}/{model.variant}"


def table(
    caption: str, head: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]], kind: str = ""
) -> Iterator[str]:
    """A table whose first column names its rows; `head` has each column's heading and class. Cells are HTML.

    The box around it scrolls where the page is narrow, so that the page does not.
    """
    yield f'<div class="scroll" tabindex="0" role="group" aria-label="{caption}"><table class="{kind}">'
    yield f'<caption class="unseen">{caption}</caption><thead><tr>'
    yield from (f'<th scope="col"{_class(style)}>{label}</th>' for label, style in head)
    yield "</tr></thead><tbody>"
    for row in rows:
        first, *rest = row
        cells = "".join(f"<td{_class(style)}>{cell}</td>" for cell, (_, style) in zip(rest, head[1:], strict=True))
        yield f'<tr><th scope="row"{_class(head[0][1])}>{first}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _class(style: str) -> str:
    return f' class="{style}"' if style else ""


def count_cell(count: int | None, metric: str = "") -> str:
    """A number with all its digits; of bytes also in the unit that suits them."""
    human = show_bytes(count) if metric.endswith("bytes") else ""
    return f'{show_count(count)} <span class="soft">{human}</span>' if human else show_count(count)


def bar(part: int | None, whole: int | None, style: str = "") -> str:
    """A bar of a part within a whole; what goes beyond it has a colour of its own, behind a mark."""
    if part is None or not whole or part < 0 or whole < 0:
        return ""
    scale = max(part, whole)
    within, end = min(part, whole) * 1000 // scale, part * 1000 // scale
    drawn = f'<rect class="in" width="{within}" height="8"/>'
    if part > whole:
        # Rounding must not hide an overrun: what is beyond is never thinner than can be seen.
        start = min(within, 990)
        drawn = (
            f'<rect class="in" width="{start}" height="8"/><rect class="out" x="{start}" width="{end - start}" '
            f'height="8"/>'
        )
    return (
        f'<svg class="bar {style}" viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="all" width="1000" height="8"/>{drawn}</svg>'
    )


class Page:
    """What the parts of a page share: colours of types, and how many more layers there is room for."""

    def __init__(self, models: Iterable[Model]) -> None:
        self.rows = ROWS
        self.derived = DERIVED
        weights: Counter[str] = Counter()
        for model in models:
            for metric in ("parameters", "macs"):
                total = getattr(model.totals, metric)
                for layer in model.layers if total else ():
                    weights[layer.type] += (getattr(layer, metric) or 0) * 10**6 // total
        heaviest = sorted(((-weight, kind) for kind, weight in weights.items() if weight))[:COLORS]
        self.colors = {kind: number for number, (_, kind) in enumerate(heaviest, 1)}

    def color(self, kind: str) -> int:
        """The number of a type's colour; 0 is that of all the others."""
        return self.colors.get(kind, 0)

    def dot(self, kind: str) -> str:
        """A spot in a type's colour, to stand before its name."""
        return f'<span class="dot c{self.color(kind)}" aria-hidden="true"></span>'
