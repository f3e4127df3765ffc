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
    name_model,
    show_old_and_new,
    tell_change,
    tell_status,
    tell_statuses,
    tell_verdict,
)
from modelspec.render.numbers import show_count, show_difference
from modelspec.report import Change, Comparison, GrowthLine, LayerChange, Report

__all__ = ["show_comparisons"]

_LEAST_NAME = 16
_STYLES = {"added": "green", "removed": "red", "changed": "yellow", "moved": "dim"}


def show_comparisons(report: Report, *, width: int, color: bool) -> str:
    """The verdict; then each model that is not as it was, with its costs and its layers. No line is wider than `width`.

    What is unchanged is only counted.
    """
    paint = Paint(color)
    comparisons = report.comparisons or []
    broken = list_broken(report)
    parts = ["\n".join(_show_verdict(report, comparisons, width, paint))]
    for comparison in comparisons:
        if is_told(comparison):
            failed = broken[comparison.path, comparison.name, comparison.variant]
            parts.append("\n".join(_show_model(comparison, failed, width, paint)))
    return "\n\n".join(parts) + "\n"


def _show_verdict(report: Report, comparisons: list[Comparison], columns: int, paint: Paint) -> Iterator[str]:
    against = ""
    if report.against is not None:
        against = f"against {harmless(report.against.revision)}"
        if report.against.commit is not None:
            against += f" ({harmless(report.against.commit[:10])})"
        against += ": "
    verdict = tell_verdict(report)
    style = "bold green" if report.ok else "bold red"
    yield from (paint(line, style) for line in hang(f"{verdict[0].upper()}{verdict[1:]}.", columns))
    told = f"{against}{tell_statuses(comparisons)}."
    yield from hang(f"{told[0].upper()}{told[1:]}", columns)


def _show_model(comparison: Comparison, failed: set[str], columns: int, paint: Paint) -> Iterator[str]:
    for line in wrap(harmless(name_model(comparison)), columns, " -_/."):
        yield paint(line, "bold" if comparison.ok else "bold red")
    yield from hang(harmless(comparison.path or comparison.old_path or ""), columns, "  ")
    yield from hang(tell_status(comparison, harmless), columns, "  ")
    yield from _show_metrics(comparison, failed, columns, paint)
    for line in comparison.growth:
        style = "dim" if line.ok is None else "green" if line.ok else "bold red"
        yield from (paint(text, style) for text in hang(_tell_growth(line), columns, "  "))
    if comparison.layers:
        yield ""
        yield from _show_layers(comparison.layers, columns, paint)


def _show_metrics(comparison: Comparison, failed: set[str], columns: int, paint: Paint) -> Iterator[str]:
    """The main metrics, and the others that differ or do not hold."""
    rows = [
        (LABELS[change.metric], *_show_change(change, comparison.status), change.metric in failed)
        for change in comparison.metrics
        if change.metric in MAIN
        or change.metric in failed
        or (comparison.status == "changed" and change.old != change.new)
    ]
    if not rows:
        return
    widths = [max(width(row[at]) for row in rows) for at in range(3)]
    for label, counts, difference, wrong in rows:
        line = f"  {pad(label, widths[0])}  {pad(counts, widths[1], right=True)}  {difference}".rstrip()
        mark = "  OVER" if wrong else ""
        if width(line) + width(mark) <= columns:
            yield f"{line}{paint(mark, 'bold red')}"
        else:
            yield f"  {label}{paint(mark, 'bold red')}"
            yield from (line for text in (counts, difference) if text for line in hang(text, columns, "    "))


def _show_change(change: Change, status: str) -> tuple[str, str]:
    if status == "added":
        return show_count(change.new), ""
    if status == "removed":
        return show_count(change.old), ""
    return show_old_and_new(change), show_difference(change.difference, change.percent)


def _tell_growth(line: GrowthLine) -> str:
    allowed = "" if line.allowed is None else f" ({line.allowed:,})"
    by = "" if line.set_by is None else f", set by {harmless(line.set_by)}"
    verdict = "not judged" if line.ok is None else "OK" if line.ok else "not known" if line.growth is None else "beyond"
    return f"{line.metric} may grow by {harmless(line.limit)}{allowed}{by}: {verdict}"


def _show_layers(layers: Sequence[LayerChange], columns: int, paint: Paint) -> Iterator[str]:
    header = ("  Layer (type)", *MAIN.values())
    rows = [(_name(layer), *_list_differences(layer)) for layer in layers]
    numbers = [max(width(row[at]) for row in (header, *rows)) for at in range(1, 4)]
    room = columns - sum(numbers) - 6
    name = min(max(width(row[0]) for row in (header, *rows)), room)
    if name < _LEAST_NAME:
        yield from _stack_layers(layers, rows, columns, paint)
        return
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
    layers: Sequence[LayerChange], rows: Sequence[tuple[str, ...]], columns: int, paint: Paint
) -> Iterator[str]:
    """For numbers that are too long to stand beside one another."""
    for layer, (name, *differences) in zip(layers, rows, strict=True):
        yield from (paint(line, _STYLES[layer.change]) for line in hang(name, columns))
        yield from _hang_change(layer, columns)
        for label, difference in zip(MAIN.values(), differences, strict=True):
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


def _list_differences(layer: LayerChange) -> Iterator[str]:
    """The differences in the main metrics; empty where there is none."""
    differing = {change.metric: change for change in layer.metrics}
    for metric in MAIN:
        yield show_difference(differing[metric].difference) if metric in differing else ""
