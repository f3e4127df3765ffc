"""The graph of each model as a Mermaid flowchart, which GitHub and GitLab draw from Markdown.

Mermaid draws no more than 500 edges and 50,000 characters unless its page says otherwise: where the models are larger,
levels of their paths are folded, the deepest first, into one node each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from modelspec.record import NamedTuple
from modelspec.render.cells import harmless
from modelspec.render.numbers import show_count, show_shape
from modelspec.render.wiring import Wiring, wire
from modelspec.report import Layer, Model, Report

__all__ = ["show_report"]

_MOST_TEXT = 50_000
"""UTF-16 units that Mermaid takes (`maxTextSize`)."""
_MOST_EDGES = 500
"""Edges that Mermaid takes (`maxEdges`)."""
_MOST_NAME = 80
"""Characters of a name that are shown."""


class _Fold(NamedTuple):
    """What becomes one node: the layers below so many levels (None: none), then so many neighbours (0: all)."""

    levels: int | None
    neighbours: int


class _Drawing:
    """A flowchart under way: its lines, and what they take of what Mermaid draws."""

    def __init__(self, lines: Sequence[str] = (), edges: int = 0) -> None:
        self.lines = [*lines]
        self.edges = edges
        self.size = sum(map(_measure, lines))

    def add(self, other: _Drawing) -> bool:
        """Add another drawing to it, if there is room."""
        self.edges += other.edges
        self.size += other.size
        fits = self.edges <= _MOST_EDGES and self.size <= _MOST_TEXT
        if fits:
            self.lines += other.lines
        return fits

    def show(self) -> str:
        """The text of it."""
        return "".join(f"{line}\n" for line in self.lines)


def _measure(line: str) -> int:
    """How long Mermaid finds a line, with its end: it counts in UTF-16."""
    return len(line.encode("utf-16-le")) // 2 + 1


def show_report(report: Report) -> str:
    """One flowchart with a subgraph a model: its inputs and layers, what flows where, shapes and parameters.

    Of a model with errors it shows what there is. Findings and budgets are not in it.
    """
    drawn = [(model, wire(model)) for model in report.models]
    for fold in _list_folds(report.models):
        drawing = _draw(drawn, fold)
        if drawing is not None:
            return drawing.show()
    return _draw_some(drawn).show()


def _list_folds(models: Iterable[Model]) -> Iterator[_Fold]:
    """From every layer by itself to one node a model."""
    yield _Fold(None, 1)
    deepest = max((layer.path.count(".") + 1 for model in models for layer in model.layers), default=1)
    # Far more levels than anyone writes: those below are folded at once.
    yield from (_Fold(levels, 1) for levels in range(min(deepest - 1, 32), 0, -1))
    yield from (_Fold(1, 2**power) for power in range(1, 12))
    yield _Fold(1, 0)


def _draw(models: Sequence[tuple[Model, Wiring]], fold: _Fold) -> _Drawing | None:
    """All models with this fold; None if they do not fit."""
    told = _tell(fold)
    why = f"  %% {told}: Mermaid draws {_MOST_EDGES} edges and {_MOST_TEXT:,} characters at most."
    drawing = _Drawing(["flowchart TD", *([why] if told else [])])
    for number, (model, wiring) in enumerate(models):
        if not drawing.add(_draw_model(f"m{number}", model, wiring, fold)):
            return None
    return drawing


def _draw_some(models: Sequence[tuple[Model, Wiring]]) -> _Drawing:
    """As many of the models as there is room for, each one node."""
    drawing = _Drawing(["flowchart TD"])
    # Room for the last line.
    drawing.size += 100
    for number, (model, wiring) in enumerate(models):
        if not drawing.add(_draw_model(f"m{number}", model, wiring, _Fold(1, 0))):
            more = len(models) - number
            told = f"{more:,} more model{'s are' if more != 1 else ' is'} left out: there is no room for more."
            drawing.lines.append(f"  %% {told}")
            break
    return drawing


def _tell(fold: _Fold) -> str:
    if fold.levels is None:
        return ""
    below = f"What lies below {fold.levels} level{'s' * (fold.levels != 1)} of a path is one node"
    if fold.neighbours == 1:
        return below
    return f"{below}, and so are {fold.neighbours:,} neighbours" if fold.neighbours else "All layers are one node"


def _draw_model(own: str, model: Model, wiring: Wiring, fold: _Fold) -> _Drawing:
    name = model.name if model.variant is None else f"{model.name}/{model.variant}"
    lines = [f'  subgraph {own}["{_label(name)}"]']
    for number, (given, value) in enumerate(model.inputs.items()):
        lines.append(f'    {own}i{number}(["{_label(given, show_shape(value.sizes, model.dialect))}"])')
    groups = _group(model.layers, fold)
    of_row: dict[int, int] = {}
    for number, rows in enumerate(groups):
        of_row.update(dict.fromkeys(rows, number))
        told = [model.layers[row] for row in rows]
        label = _label(*_describe(told, fold, model.dialect))
        lines.append(f'    {own}n{number}["{label}"]' if len(rows) == 1 else f'    {own}n{number}[["{label}"]]')
    edges: dict[tuple[str, str], None] = {}
    for row, sources in enumerate(wiring):
        target = f"{own}n{of_row[row]}"
        for kind, number in sources:
            source = f"{own}i{number}" if kind == "input" else f"{own}n{of_row[number]}"
            if source != target:
                edges[source, target] = None
    lines += [f"    {source} --> {target}" for source, target in edges]
    return _Drawing([*lines, "  end"], len(edges))


def _group(layers: Sequence[Layer], fold: _Fold) -> list[list[int]]:
    """The rows of each node."""
    groups: dict[str | int, list[int]] = {}
    for row, layer in enumerate(layers):
        parts = [] if fold.levels is None else layer.path.split(".", fold.levels)
        folded = fold.levels is not None and len(parts) > fold.levels
        groups.setdefault(".".join(parts[:-1]) if folded else row, []).append(row)
    nodes = list(groups.values())
    step = fold.neighbours or max(len(nodes), 1)
    return [[row for node in nodes[at : at + step] for row in node] for at in range(0, len(nodes), step)]


def _describe(layers: Sequence[Layer], fold: _Fold, dialect: str) -> Iterator[str]:
    """The lines of a node: of one row its type and output, of several how many layers they are."""
    first, last = layers[0], layers[-1]
    repeats = {layer.repeat for layer in layers}
    times = first.repeat if len(repeats) == 1 else 1
    title = first.path
    if len(layers) > 1 and fold.neighbours == 1:
        title = ".".join(first.path.split(".", fold.levels or 0)[:-1])
    elif len(layers) > 1:
        title = f"{_cut(first.path)} … {_cut(last.path)}"
    yield f"{_cut(title, 2 * _MOST_NAME + 3)} × {times:,}" if times > 1 else title
    if len(layers) == 1:
        yield first.type
    else:
        count = sum(layer.repeat for layer in layers) // times
        yield f"{count:,} layers{' each' * (times > 1)}"
    yield show_shape(next(iter(last.outputs.values())).sizes, dialect)
    counts = [layer.parameters for layer in layers]
    known = [count for count in counts if count is not None]
    total = sum(known) if len(known) == len(counts) else None
    if total != 0:
        yield f"{show_count(total)} parameter{'s' * (total != 1)}"


def _cut(text: str, most: int = _MOST_NAME) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _label(*lines: str) -> str:
    """A node's text: nothing in it is read as markup, an icon, a formula or the end of the text."""
    return "<br/>".join("".join(map(_escape, _cut(harmless(line), 2 * _MOST_NAME + 16))) for line in lines)


def _escape(char: str) -> str:
    return char if char.isalnum() or char in " ._-,×…" else f"#{ord(char)};"
