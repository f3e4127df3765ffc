"""Models beside their versions before, for a terminal: a verdict, what each costs now, and the layers that differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelspec.render.ansi import Paint
from modelspec.render.cells import hang, harmless, pad, width, wrap
from modelspec.render.changes import (
    LABELS,
    MAIN,
    MARKS,
    is_told,
    list_broken,
    list_metrics,
    name_model,
    show_differences,
    show_limit,
    show_old_and_new,
    tell_change,
    tell_growth,
    tell_moved,
    tell_status,
    tell_statuses,
    tell_verdict,
)
from modelspec.render.numbers import show_count, show_difference
from modelspec.report import Change, Comparison, GrowthLine, LayerChange, Report

__all__ = ["show_comparison", "show_comparisons"]

_LEAST_NAME = 16
_STYLES = {"added": "green", "removed": "red", "changed": "yellow"}


def show_comparisons(report: Report, *, width: int, color: bool, brief: bool = False) -> str:
    """The verdict; then each model that is not as it was, with its costs and its layers. No line is wider than `width`.

    What is unchanged is only counted. With `brief` neither the verdict nor the layers are shown.
    """
    paint = Paint(color)
    broken = list_broken(report)
    head = [*hang(tell_statuses(report, harmless), width)] if brief else [*_show_verdict(report, width, paint)]
    parts = ["\n".join(head)]
    for comparison in report.comparisons or []:
        if is_told(comparison):
            failed = broken[comparison.path, comparison.name, comparison.variant]
            parts.append("\n".join(_show_model(comparison, failed, width, paint, brief=brief)))
    return "\n\n".join(parts) + "\n"


def show_comparison(report: Report, comparison: Comparison, *, width: int, color: bool) -> str:
    """One model with its costs and its layers. No line is wider than `width`."""
    failed = list_broken(report)[comparison.path, comparison.name, comparison.variant]
    return "\n".join(_show_model(comparison, failed, width, Paint(color), brief=False)) + "\n"


def _show_verdict(report: Report, columns: int, paint: Paint) -> Iterator[str]:
    verdict = tell_verdict(report)
    style = "bold green" if report.ok else "bold red"
    yield from (paint(line, style) for line in hang(f"{verdict[0].upper()}{verdict[1:]}.", columns))
    yield from hang(tell_statuses(report, harmless), columns)


def _show_model(comparison: Comparison, failed: set[str], columns: int, paint: Paint, *, brief: bool) -> Iterator[str]:
    for line in wrap(harmless(name_model(comparison)), columns, " -_/."):
        yield paint(line, "bold" if comparison.ok else "bold red")
    path = harmless(comparison.path or comparison.old_path or "")
    yield from hang(f"{path}: {tell_status(comparison, harmless)}", columns, "  ")
    yield from _show_metrics(comparison, failed, columns, paint)
    for growth in comparison.growth:
        style = "dim" if growth.ok is None else "green" if growth.ok else "bold red"
        yield from (paint(line, style) for line in hang(_tell_growth(growth), columns, "  "))
    if brief:
        return
    moved = [layer for layer in comparison.layers if layer.change == "moved"]
    others = [layer for layer in comparison.layers if layer.change != "moved"]
    if others:
        yield ""
        yield from _show_layers(others, columns, paint)
    if moved:
        yield ""
        yield from (paint(line, "dim") for line in hang(tell_moved(moved, harmless), columns, "  "))


def _show_metrics(comparison: Comparison, failed: set[str], columns: int, paint: Paint) -> Iterator[str]:
    """The main metrics, and the others that say something else or do not hold."""
    main = {(change.old, change.new) for change in comparison.metrics if change.metric in MAIN}
    rows = [
        (LABELS[change.metric], *_show_change(change, comparison.status), change.metric in failed)
        for change in comparison.metrics
        if change.metric in MAIN or change.metric in failed or _is_of_itself(change, comparison, main)
    ]
    if not rows:
        return
    names, numbers = max(width(row[0]) for row in rows), max(width(row[1]) for row in rows)
    for label, counts, difference, wrong in rows:
        line = f"  {pad(label, names)}  {pad(counts, numbers, right=True)}  {difference}".rstrip()
        mark = "  NOT MET" if wrong else ""
        if width(line) + width(mark) <= columns:
            yield f"{line}{paint(mark, 'bold red')}"
        else:
            yield f"  {label}{paint(mark, 'bold red')}"
            yield from (line for text in (counts, difference) if text for line in hang(text, columns, "    "))


def _is_of_itself(change: Change, comparison: Comparison, main: set[tuple[int | None, int | None]]) -> bool:
    """Whether a metric changed, and not just as another did; FLOPs are two for each MAC."""
    told = (change.old, change.new)
    return comparison.status == "changed" and change.old != change.new and change.metric != "flops" and told not in main


def _show_change(change: Change, status: str) -> tuple[str, str]:
    if status == "added":
        return show_count(change.new), ""
    if status == "removed":
        return show_count(change.old), ""
    return show_old_and_new(change), show_difference(change.difference, change.percent)


def _tell_growth(line: GrowthLine) -> str:
    by = "" if line.set_by is None else f", as {harmless(line.set_by)} says"
    return f"{LABELS[line.metric]} may grow by {show_limit(line, harmless)}{by}: {tell_growth(line)}"


def _show_layers(layers: Sequence[LayerChange], columns: int, paint: Paint) -> Iterator[str]:
    metrics = list_metrics(layers)
    header = ("  Layer (type)", *(MAIN[metric] for metric in metrics))
    rows = [(_name(layer), *show_differences(layer, metrics)) for layer in layers]
    numbers = [max(width(row[at]) for row in (header, *rows)) for at in range(1, len(header))]
    widest = max(width(row[0]) for row in (header, *rows))
    room = columns - sum(numbers) - 2 * len(numbers)
    if room < min(widest, _LEAST_NAME):
        yield from _stack_layers(layers, header[1:], rows, columns, paint)
        return
    name = min(widest, room)
    yield paint(_row(header, [name, *numbers]), "bold")
    for layer, row in zip(layers, rows, strict=True):
        first, *rest = [row[0]] if width(row[0]) <= name else wrap(row[0], name - 4, " ./")
        yield paint(_row((first, *row[1:]), [name, *numbers]), _STYLES[layer.change])
        yield from (paint(f"    {line}", _STYLES[layer.change]) for line in rest)
        yield from _hang_change(layer, columns)


def _hang_change(layer: LayerChange, columns: int) -> Iterator[str]:
    told = tell_change(layer, harmless)
    if told:
        yield from hang(told, columns, "    ")


def _stack_layers(
    layers: Sequence[LayerChange],
    labels: Sequence[str],
    rows: Sequence[tuple[str, ...]],
    columns: int,
    paint: Paint,
) -> Iterator[str]:
    """For numbers that are too long to stand beside one another."""
    for layer, (name, *differences) in zip(layers, rows, strict=True):
        yield from (paint(line, _STYLES[layer.change]) for line in hang(name, columns))
        yield from _hang_change(layer, columns)
        for label, difference in zip(labels, differences, strict=True):
            if difference:
                yield from hang(f"{label} {difference}", columns, "    ")


def _row(cells: Sequence[str], widths: list[int]) -> str:
    padded = [pad(cell, columns, right=at > 0) for at, (cell, columns) in enumerate(zip(cells, widths, strict=True))]
    return "  ".join(padded).rstrip()


def _name(layer: LayerChange) -> str:
    """`+ fc1 (Linear)`, `~ h.0.attn (Attention) × 12`."""
    path, kind = (layer.path, layer.type) if layer.path is not None else (layer.old_path, layer.old_type)
    repeat = layer.repeat if layer.repeat is not None else layer.old_repeat
    name = f"{MARKS[layer.change]} {harmless(path or '')}"
    step, _, number = (path or "").rpartition(".")[2].rpartition("-")
    if step != kind or not number.isdigit():
        name += f" ({harmless(kind or '')})"
    return name if repeat == 1 or repeat is None else f"{name} × {repeat:,}"
