"""The graph of a model as SVG: its layers in order from top to bottom, boxes for the levels of their paths.

What reads the layer right before it hangs on one straight line; every other connection takes a lane beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from modelspec.record import NamedTuple
from modelspec.render.html.parts import LEVELS
from modelspec.render.html.writing import WORDS, Page, name_model, safe
from modelspec.render.numbers import show_count, show_shape
from modelspec.render.wiring import Wiring, wire
from modelspec.report import Layer, Model

__all__ = ["show_graph"]

FEW = 40
"""Nodes that are taken in at a glance: a larger graph is first shown folded to at most so many."""
MANY = 1_500
"""Nodes of a graph that is shown in full."""
_WIDTH, _ROW, _HEAD, _END, _LANE, _LANES, _STEP = 760, 26, 24, 8, 11, 7, 10
_LETTER = 7.4
"""The width of a letter, roughly: text that would not fit is cut, and told in full by its title."""


class _Node(NamedTuple):
    """One line of the drawing: a model's input, a row, or the rows of a level that is folded."""

    path: str
    note: str
    shape: str
    parameters: str
    color: int | None
    link: str
    mark: str
    repeat: int
    rows: Sequence[int]


def show_graph(own: str, model: Model, page: Page, marks: Mapping[int, str]) -> Iterator[str]:
    """The graph folded to what is taken in at a glance, and to unfold, all of it; whichever is not too large."""
    wiring = wire(model)
    name, count = safe(name_model(model)), len(model.layers)
    levels = _choose(model)
    if levels is not None:
        nodes = _list_nodes(own, model, page, marks, levels)
        if len(nodes) < count and len(nodes) <= MANY:
            below = f"{levels} level{'s' * (levels != 1)}"
            yield from _draw(nodes, wiring, f"Graph of {name}, what lies below {below} of a path folded")
            if count <= MANY:
                yield f'<details class="fold"><summary>Every layer ({count:,} rows)</summary>'
                yield from _draw_all(own, model, page, marks, wiring)
                yield "</details>"
    if count > MANY:
        yield f'<p class="note">A graph of all {count:,} rows is not drawn: the table says what each reads.</p>'
    elif levels is None or len(nodes) >= count:
        yield from _draw_all(own, model, page, marks, wiring)


def _draw_all(own: str, model: Model, page: Page, marks: Mapping[int, str], wiring: Wiring) -> Iterator[str]:
    nodes = _list_nodes(own, model, page, marks, None)
    yield from _draw(nodes, wiring, f"Graph of {safe(name_model(model))}, every layer")


def _choose(model: Model) -> int | None:
    """The levels of the paths that are not folded: as many as leave few nodes, but one; None for all."""
    if len(model.layers) <= FEW:
        return None
    best = 1
    for levels in range(2, LEVELS):
        found = {".".join(layer.path.split(".")[:levels]) for layer in model.layers}
        if len(found) > FEW:
            break
        best = levels
    return best


def _list_nodes(own: str, model: Model, page: Page, marks: Mapping[int, str], levels: int | None) -> list[_Node]:
    nodes = [
        _Node(name, "model input", show_shape(value.sizes, model.dialect), "", None, "", "", 1, (-1 - number,))
        for number, (name, value) in enumerate(model.inputs.items())
    ]
    groups: dict[str | int, list[int]] = {}
    for row, layer in enumerate(model.layers):
        steps = [] if levels is None else layer.path.split(".")
        folded = levels is not None and len(steps) > levels
        groups.setdefault(".".join(steps[:levels]) if folded else row, []).append(row)
    for path, rows in groups.items():
        told = [model.layers[row] for row in rows]
        last = told[-1]
        repeats = {layer.repeat for layer in told}
        changed = {marks[row] for row in rows if row in marks}
        single = isinstance(path, int)
        nodes.append(
            _Node(
                last.path if single else str(path),
                _note(last) if single else _count_layers(told),
                show_shape(next(iter(last.outputs.values())).sizes, model.dialect),
                _add_parameters(told),
                page.color(last.type) if single else None,
                f"{own}-l{rows[0]}" if rows[0] < page.rows else "",
                changed.pop() if len(changed) == 1 else "~" if changed else "",
                last.repeat if len(repeats) == 1 else 1,
                rows,
            )
        )
    return nodes


def _note(layer: Layer) -> str:
    """Its type, where its name does not say that already: `Linear-1`."""
    kind, _, number = layer.path.rpartition(".")[2].rpartition("-")
    return "" if kind == layer.type and number.isdigit() else layer.type


def _count_layers(layers: Sequence[Layer]) -> str:
    repeats = {layer.repeat for layer in layers}
    count = len(layers) if len(repeats) == 1 else sum(layer.repeat for layer in layers)
    return f"{count:,} layer{'s' * (count != 1)}"


def _add_parameters(layers: Sequence[Layer]) -> str:
    counts = [layer.parameters for layer in layers]
    known = [count for count in counts if count is not None]
    if len(known) < len(counts):
        return show_count(None)
    return show_count(sum(known)) if any(known) else ""


class _Drawing:
    """A drawing under way: what is drawn, and how far down. `left` is the line that the nodes stand on."""

    def __init__(self, left: int, rounds: Mapping[str, int]) -> None:
        self.boxes: list[str] = []
        self.texts: list[str] = []
        self.heights: list[int] = []
        """Where each node stands."""
        self.left = left
        self.rounds = rounds
        self.down = 6
        self.open: list[tuple[str, int]] = []

    def add(self, node: _Node, levels: Sequence[str]) -> None:
        """Draw the next node, in the boxes of its levels."""
        while self.open and levels[len(self.open) - 1 : len(self.open)] != [self.open[-1][0]]:
            self.leave()
        for level in levels[len(self.open) :]:
            self._enter(level)
        self.heights.append(self.down + _ROW // 2)
        self.texts.append(self._write(node))
        self.down += _ROW

    def _enter(self, level: str) -> None:
        shown = self._shorten(level, self.rounds.get(level, 1))
        self.open.append((level, self.down))
        at = self.left + _STEP * len(self.open)
        label = _cut(shown, _WIDTH - at - 30)
        self.texts.append(f'<text class="level" x="{at + 8}" y="{self.down + 16}">{label}</text>')
        self.down += _HEAD

    def leave(self) -> None:
        """End the innermost box."""
        path, start = self.open.pop()
        at = self.left + _STEP * (len(self.open) + 1)
        self.down += _END
        across = _WIDTH - at - _STEP * len(self.open) - 2
        self.boxes.append(
            f'<rect class="box" x="{at}" y="{start}" width="{across}" height="{self.down - start}" rx="6">'
            f"<title>{safe(path)}</title></rect>"
        )
        self.down += 4

    def _shorten(self, path: str, repeat: int) -> str:
        """A path within the box that it stands in, and how often it stands there, if the box does not say so."""
        above = self.open[-1][0] if self.open else ""
        name = path.removeprefix(f"{above}.") if above else path
        return f"{name} × {repeat:,}" if repeat > 1 and self.rounds.get(above, 1) == 1 else name

    def _write(self, node: _Node) -> str:
        depth = len(self.open)
        start, end = self.left + _STEP * (depth + 1) + 8, _WIDTH - _STEP * depth - 12
        y = self.down + _ROW // 2 + 4
        room = end - start - 300 - len(node.note) * _LETTER
        changed = f' <tspan class="mark">{WORDS[node.mark]}</tspan>' if node.mark else ""
        name = _cut(self._shorten(node.path, node.repeat), room)
        text = (
            f'<text x="{start}" y="{y}"><tspan class="name">{name}</tspan> '
            f'<tspan class="note" dx="5">{safe(node.note)}</tspan>{changed}</text>'
            f'<text class="shape" x="{end - 110}" y="{y}">{_cut(node.shape, 190)}</text>'
            f'<text class="count" x="{end}" y="{y}">{node.parameters}</text><title>{safe(node.path)}</title>'
        )
        if not node.link:
            return f"<g>{text}</g>"
        across = end - start + 12
        area = f'<rect class="hit" x="{start - 6}" y="{self.down + 1}" width="{across}" height="{_ROW - 2}" rx="4"/>'
        return f'<a href="#{node.link}" tabindex="-1">{area}{text}</a>'


def _draw(nodes: Sequence[_Node], wiring: Wiring, title: str) -> Iterator[str]:
    edges = _lead(nodes, wiring)
    lanes = _assign(edges)
    boxes = _list_boxes(nodes)
    left = 16 + _LANE * max(lanes.values(), default=0)
    drawing = _Drawing(left, _list_rounds(nodes, boxes))
    for node, levels in zip(nodes, boxes, strict=True):
        drawing.add(node, levels)
    while drawing.open:
        drawing.leave()
    height = drawing.down + 4
    yield (
        f'<div class="scroll graph" tabindex="0" role="group" aria-label="{title}">'
        f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="group" aria-label="{title}">'
    )
    # The innermost box is done first, and must be drawn last.
    yield "".join(reversed(drawing.boxes))
    yield "".join(_draw_edges(edges, lanes, drawing.heights, left))
    yield "".join(_draw_dot(node, at, left) for node, at in zip(nodes, drawing.heights, strict=True))
    yield "".join(drawing.texts)
    yield "</svg></div>"


def _lead(nodes: Sequence[_Node], wiring: Wiring) -> dict[int, list[int]]:
    """Of each node those that read it, further down."""
    place = {row: number for number, node in enumerate(nodes) for row in node.rows}
    edges: dict[int, dict[int, None]] = {}
    for number, node in enumerate(nodes):
        for row in node.rows:
            for kind, other in wiring[row] if row >= 0 else ():
                source = place[-1 - other if kind == "input" else other]
                if source < number:
                    edges.setdefault(source, {})[number] = None
    return {source: sorted(targets) for source, targets in edges.items()}


def _assign(edges: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """A lane for each node that something other than the next one reads: the nearest that is free all the way.

    There are so many lanes; where they do not suffice, the outermost is shared.
    """
    ends: list[int] = []
    lanes: dict[int, int] = {}
    for source in sorted(edges):
        far = edges[source][-1]
        if far == source + 1:
            continue
        free = min(next((lane for lane, end in enumerate(ends) if end <= source), len(ends)), _LANES - 1)
        if free == len(ends):
            ends.append(far)
        ends[free] = max(far, ends[free])
        lanes[source] = free + 1
    return lanes


def _list_boxes(nodes: Sequence[_Node]) -> list[list[str]]:
    """The levels that each node stands in, the outermost first; not those that hold but one level."""
    held: dict[str, set[str]] = {}
    chains = []
    for node in nodes:
        steps = node.path.split(".", LEVELS)[:-1] if node.rows[0] >= 0 else []
        chain = [".".join(steps[: at + 1]) for at in range(len(steps))]
        chains.append(chain)
        for at, level in enumerate(chain):
            held.setdefault(level, set()).add(chain[at + 1] if at + 1 < len(chain) else f"\0{node.path}")
    kept = {level for level, below in held.items() if len(below) > 1 or next(iter(below)).startswith("\0")}
    return [[level for level in chain if level in kept] for chain in chains]


def _list_rounds(nodes: Sequence[_Node], boxes: Sequence[Sequence[str]]) -> dict[str, int]:
    """How often each level stands there, where all in it stand there as often."""
    repeats: dict[str, set[int]] = {}
    for node, levels in zip(nodes, boxes, strict=True):
        for level in levels:
            repeats.setdefault(level, set()).add(node.repeat)
    return {level: found.pop() if len(found) == 1 else 1 for level, found in repeats.items()}


def _draw_dot(node: _Node, at: int, left: int) -> str:
    if node.rows[0] < 0 or node.color is None:
        kind = "start" if node.rows[0] < 0 else "group"
        return f'<rect class="node {kind}" x="{left - 5}" y="{at - 5}" width="10" height="10" rx="3"/>'
    return f'<circle class="node c{node.color}" cx="{left}" cy="{at}" r="5"/>'


def _draw_edges(
    edges: Mapping[int, Sequence[int]], lanes: Mapping[int, int], heights: Sequence[int], left: int
) -> Iterator[str]:
    for source, targets in edges.items():
        start = heights[source]
        steps = [f"M{left} {start}V{heights[source + 1]}"] if source + 1 in targets else []
        far = [heights[target] for target in targets if target != source + 1]
        if far:
            lane = left - _LANE * lanes[source]
            steps.append(f"M{left} {start}Q{lane} {start} {lane} {start + 11}V{far[-1] - 11}")
            steps += [f"M{lane} {end - 11}Q{lane} {end} {left} {end}" for end in far]
        yield f'<path class="wire" d="{"".join(steps)}"/>'


def _cut(text: str, room: float) -> str:
    most = max(int(room / _LETTER), 6)
    return safe(text if len(text) <= most else f"{text[: most - 1]}…")
