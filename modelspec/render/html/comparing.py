"""A model beside its version before: old, new and the difference; both treemaps; the layers that differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from modelspec.render.changes import (
    LABELS,
    MARKS,
    count_layers,
    name_model,
    show_limit,
    tell_change,
    tell_growth,
    tell_moved,
    tell_status,
)
from modelspec.render.html.parts import show_map
from modelspec.render.html.verdicts import Verdict
from modelspec.render.html.writing import Page, breakable, count_cell, safe, table
from modelspec.render.numbers import show_count, show_difference
from modelspec.report import Change, Comparison, Layer, LayerChange, Model

__all__ = ["Sides", "find_marks", "judge", "show_comparison"]

Sides = tuple[Model | None, Model | None]
"""The old and the new model; None for a side that is not there."""

_SIDES = (("parameters", "Parameters"), ("macs", "MACs"))


def judge(comparison: Comparison, broken: set[str]) -> Verdict:
    """Whether the new version is well."""
    if comparison.ok:
        return Verdict("Well", "good", "")
    told = ", ".join(LABELS[metric].lower() for metric in sorted(broken))
    return Verdict("Not met" if told else "Not well", "bad", told)


def find_marks(comparison: Comparison, sides: Sides) -> tuple[dict[int, str], dict[int, str]]:
    """The rows of the old and of the new version that differ, and how: `-` gone, `+` new, `~` changed, `>` moved."""
    signs = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}
    olds, news = map(_number, sides)
    before: dict[int, str] = {}
    after: dict[int, str] = {}
    for layer in comparison.layers:
        if layer.old_path is not None and (row := _find(olds, layer.old_path)) is not None:
            before[row] = signs[layer.change]
        if layer.path is not None and (row := _find(news, layer.path)) is not None:
            after[row] = signs[layer.change]
    return before, after


def _number(model: Model | None) -> dict[str, int]:
    """Rows by path; those that stand for several rounds also by their path with its numbers left open."""
    rows: dict[str, int] = {}
    for number, layer in enumerate(model.layers if model is not None else ()):
        rows[layer.path] = number
        if layer.repeat > 1:
            rows[_open(layer.path)] = number
    return rows


def _open(path: str) -> str:
    return "\0" + "".join("#" if letter.isdigit() else letter for letter in path)


def _find(rows: Mapping[str, int], path: str) -> int | None:
    return rows.get(path, rows.get(_open(path)))


def show_comparison(own: str, comparison: Comparison, sides: Sides, broken: set[str], page: Page) -> Iterator[str]:
    """What changed in one model; its heading stands above."""
    path = breakable(comparison.path or comparison.old_path or "")
    yield f"<p><code>{path}</code>: {tell_status(comparison, safe)}.</p>"
    if comparison.metrics:
        yield from _show_metrics(comparison, broken)
    if comparison.growth:
        yield "<ul>"
        for line in comparison.growth:
            state = "soft" if line.ok is None else "good" if line.ok else "bad"
            by = "" if line.set_by is None else f", as {safe(line.set_by)} says"
            yield f"<li>{LABELS[line.metric]} may grow by {show_limit(line, safe)}{by}: "
            yield f'<b class="{state}">{tell_growth(line)}</b></li>'
        yield "</ul>"
    before, after = find_marks(comparison, sides)
    old, new = sides
    if comparison.status == "changed" and old is not None and new is not None:
        yield '<div class="maps pair">'
        yield from show_map(f"{own}o", old, page, before, "Old")
        yield from show_map(own, new, page, after, "New")
        yield "</div>"
    if comparison.layers:
        yield f'<h3 class="sub">Layers that differ</h3><p>{count_layers(comparison).capitalize()}.</p>'
        yield from _show_layers(comparison, sides)


def _show_metrics(comparison: Comparison, broken: set[str]) -> Iterator[str]:
    rows = [
        (
            LABELS[change.metric],
            count_cell(change.old, change.metric) if comparison.status != "added" else "",
            count_cell(change.new, change.metric) if comparison.status != "removed" else "",
            _show_difference(change) if comparison.status not in ("added", "removed") else "",
            '<b class="bad">✕ not met</b>' if change.metric in broken else "",
        )
        for change in comparison.metrics
    ]
    unseen = '<span class="unseen">Verdict</span>'
    head = (("Metric", ""), ("Old", "n"), ("New", "n"), ("Difference", "n"), (unseen, ""))
    yield from table(f"Costs of {safe(name_model(comparison))}, old and new", head, rows, "sides")


def _show_difference(change: Change) -> str:
    told = show_difference(change.difference, change.percent)
    return f'<span class="soft">{told}</span>' if change.difference == 0 else f"<b>{told}</b>"


def _show_layers(comparison: Comparison, sides: Sides) -> Iterator[str]:
    told = [layer for layer in comparison.layers if layer.change != "moved"]
    moved = [layer for layer in comparison.layers if layer.change == "moved"]
    if told:
        yield '<div class="scroll" tabindex="0" role="group" aria-label="Layers that differ"><table class="sides">'
        yield '<caption class="unseen">Layers that differ, old and new</caption><thead><tr>'
        yield '<th rowspan="2" scope="col">Layer</th><th rowspan="2" scope="col">Change</th>'
        yield "".join(f'<th colspan="3" scope="colgroup" class="mid">{label}</th>' for _, label in _SIDES)
        three = "".join(f'<th scope="col" class="n">{side}</th>' for side in ("Old", "New", "Difference"))
        yield f"</tr><tr>{three}{three}</tr></thead><tbody>"
        olds, news = map(_by_path, sides)
        yield from (_show_row(layer, olds, news) for layer in told)
        yield "</tbody></table></div>"
    if moved:
        yield f'<p class="note">{tell_moved(moved, safe)}</p>'


def _by_path(model: Model | None) -> dict[str, Layer]:
    return {} if model is None else {layer.path: layer for layer in model.layers}


def _show_row(layer: LayerChange, olds: Mapping[str, Layer], news: Mapping[str, Layer]) -> str:
    path = layer.path or layer.old_path or ""
    repeat = layer.repeat if layer.path is not None else layer.old_repeat
    times = f' <span class="times">× {repeat:,}</span>' if repeat is not None and repeat > 1 else ""
    cells = "".join(
        f'<td class="n">{cell}</td>' for metric, _ in _SIDES for cell in _show_sides(metric, layer, olds, news)
    )
    return (
        f'<tr class="{layer.change}"><th scope="row">'
        f'<span class="sign" aria-hidden="true">{MARKS[layer.change]}</span> {breakable(path)}{times} '
        f'<span class="soft">{safe(layer.type or layer.old_type or "")}</span></th>'
        f'<td><span class="mark">{layer.change}</span> {tell_change(layer, safe)}</td>{cells}</tr>'
    )


def _show_sides(metric: str, layer: LayerChange, olds: Mapping[str, Layer], news: Mapping[str, Layer]) -> Sequence[str]:
    """Old, new and difference of a metric; where it is the same on both sides, the number is known if the row is."""
    for change in layer.metrics:
        if change.metric == metric:
            old = "" if layer.change == "added" else show_count(change.old)
            new = "" if layer.change == "removed" else show_count(change.new)
            return old, new, f"<b>{show_difference(change.difference)}</b>"
    old_row, new_row = olds.get(layer.old_path or ""), news.get(layer.path or "")
    old = show_count(getattr(old_row, metric)) if old_row is not None and old_row.repeat == layer.old_repeat else ""
    new = show_count(getattr(new_row, metric)) if new_row is not None and new_row.repeat == layer.repeat else ""
    return old, new, '<span class="soft">±0</span>'
