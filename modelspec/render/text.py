"""The report as text for a terminal: tables, and findings with the line of the file that they are on."""

from __future__ import annotations

from collections.abc import Iterator

from modelspec.limit import Limit
from modelspec.render.ansi import Paint
from modelspec.render.cells import hang, harmless, pad, width, wrap
from modelspec.render.comparison import show_comparisons
from modelspec.render.findings import show_findings
from modelspec.render.gauge import BudgetRow, draw_budget
from modelspec.render.notes import COUNTED, NOTES
from modelspec.render.numbers import show_bytes, show_count, show_shape
from modelspec.report import Layer, Model, Report

__all__ = ["show_budget", "show_findings", "show_report"]


_LABELS = (
    ("Parameters", "parameters"),
    ("  trainable", "trainable_parameters"),
    ("  non-trainable", "non_trainable_parameters"),
    ("  active", "active_parameters"),
    ("Buffers", "buffers"),
    ("MACs", "macs"),
    ("FLOPs", "flops"),
    ("Weight bytes", "weight_bytes"),
    ("Activation bytes", "activation_bytes"),
    ("Peak activation bytes", "peak_activation_bytes"),
)
_LEAST_NAME = 16
_USUAL_NAME = 28
_MOST_SHAPE = 30


def show_report(report: Report, *, width: int = 80, color: bool = False) -> str:
    """Each model as a table with its totals and its budget, or beside its version before; then what was found.

    No line is wider than `width` (40 at least), but for the findings: other tools read those line by line.
    """
    paint, columns = Paint(color), max(width, 40)
    if report.comparisons is not None:
        told = show_comparisons(report, width=columns, color=color)
        return f"{told}\n{show_findings(report, color=color)}" if report.diagnostics else told
    parts = ["\n".join(_show_model(model, columns, paint)) + "\n" for model in report.models]
    if report.models:
        parts.append("\n".join(paint(line, "dim") for note in NOTES for line in hang(note, columns)) + "\n")
    if report.diagnostics:
        parts.append(show_findings(report, color=color))
    return "\n".join(parts)


def _show_model(model: Model, columns: int, paint: Paint) -> Iterator[str]:
    yield from _show_header(model, columns, paint)
    yield ""
    yield from _show_layers(model, columns, paint)
    yield from _show_totals(model, columns, paint)
    if model.budget:
        yield ""
        yield from _list_budget(model, columns, paint)
    if model.conventions:
        yield ""
        for note in model.conventions:
            yield from (paint(line, "dim") for line in hang(harmless(note), columns))


def show_budget(model: Model, *, width: int, color: bool) -> str:
    """The budget of a model as a table; empty if it has none."""
    return "".join(f"{line}\n" for line in _list_budget(model, width, Paint(color))) if model.budget else ""


def _list_budget(model: Model, columns: int, paint: Paint) -> list[str]:
    rows = (
        BudgetRow(
            line.metric,
            line.scope,
            Limit(line.limit.max, line.limit.min, line.limit.exactly),
            line.actual,
            line.ok,
            line.shares,
            line.set_by,
        )
        for line in model.budget
    )
    return draw_budget(rows, columns, paint)


def _show_header(model: Model, columns: int, paint: Paint) -> Iterator[str]:
    name = harmless(model.name if model.variant is None else f"{model.name}/{model.variant}")
    yield from (paint(line, "bold") for line in wrap(name, columns, " -_/."))
    facts = (("file", harmless(model.path), "/ "), ("dialect", model.dialect, " "), *_list_inputs(model))
    for label, text, breaks in (*facts, ("counted", COUNTED, " ")):
        for index, line in enumerate(wrap(text, columns - 9, breaks)):
            yield f"{paint(label.ljust(7), 'dim') if not index else ' ' * 7}  {line}"


def _list_inputs(model: Model) -> Iterator[tuple[str, str, str]]:
    for name, value in model.inputs.items():
        shown = f"{show_shape(value.sizes, model.dialect)} {value.dtype}"
        yield "input", shown if len(model.inputs) == 1 else f"{harmless(name)} {shown}", " "


def name_layer(layer: Layer) -> str:
    """`Linear-1`, or for a layer with a name of its own `fc1 (Linear)`; ` × 12` for equal rounds."""
    path = harmless(layer.path)
    kind, _, number = path.rpartition(".")[2].rpartition("-")
    if kind != layer.type or not number.isdigit():
        path = f"{path} ({harmless(layer.type)})"
    return path if layer.repeat == 1 else f"{path} × {layer.repeat:,}"


def _show_layers(model: Model, columns: int, paint: Paint) -> Iterator[str]:
    header = ("Layer (type)", "Output shape", "Parameters", "MACs")
    rows = [
        (
            name_layer(layer),
            show_shape(next(iter(layer.outputs.values())).sizes, model.dialect),
            show_count(layer.parameters),
            show_count(layer.macs),
        )
        for layer in model.layers
    ]
    widest = [max(width(row[at]) for row in (header, *rows)) for at in range(4)]
    numbers = widest[2:]
    shape = min(widest[1], _MOST_SHAPE)
    name = min(max(widest[0], _USUAL_NAME), columns - shape - sum(numbers) - 6)
    if name < _LEAST_NAME:
        shape = max(len(header[1]), shape + name - _LEAST_NAME)
        name = columns - shape - sum(numbers) - 6
    if name < _LEAST_NAME:
        yield from _stack_layers(rows, columns, paint)
        return
    rule = paint("─" * (name + shape + sum(numbers) + 6), "dim")
    yield paint(_row(header, [name, shape, *numbers]), "bold")
    yield rule
    for row in rows:
        names = [row[0]] if width(row[0]) <= name else wrap(row[0], name - 2, " ./")
        shapes = wrap(row[1], shape)
        for index in range(max(len(names), len(shapes))):
            cells = (
                ("  " if index else "") + names[index] if index < len(names) else "",
                shapes[index] if index < len(shapes) else "",
                *(row[2:] if not index else ("", "")),
            )
            yield _row(cells, [name, shape, *numbers])
    yield rule


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = [pad(cell, columns, right=at > 1) for at, (cell, columns) in enumerate(zip(cells, widths, strict=True))]
    return "  ".join(padded).rstrip()


def _stack_layers(rows: list[tuple[str, str, str, str]], columns: int, paint: Paint) -> Iterator[str]:
    """For numbers that are too long to stand beside one another."""
    rule = paint("─" * columns, "dim")
    yield rule
    for name, shape, parameters, macs in rows:
        yield from wrap(name, columns, " ._-/")
        for label, text in (("output", shape), ("parameters", parameters), ("MACs", macs)):
            yield from hang(f"{label:<10}  {text}", columns, "  ")
    yield rule


def _show_totals(model: Model, columns: int, paint: Paint) -> Iterator[str]:
    totals = model.totals
    counts = {metric: getattr(totals, metric) for _, metric in _LABELS}
    if not model.ok and all(count is None for count in counts.values()):
        yield paint("Nothing is added up, for the spec has errors.", "yellow")
        return
    rows = [
        (label, show_count(counts[metric]), show_bytes(counts[metric]) if metric.endswith("bytes") else "")
        for label, metric in _LABELS
        # Only a mixture of experts has parameters that a token does not touch.
        if metric != "active_parameters" or counts[metric] != counts["parameters"]
    ]
    label, number = max(len(row[0]) for row in rows), max(len(row[1]) for row in rows)
    for text, count, human in rows:
        line = f"{text:<{label}}  {count:>{number}}"
        human = human if len(line) + 2 + len(human) <= columns else ""
        yield paint(line, "bold") if text == "Parameters" else f"{line}  {paint(human, 'dim')}".rstrip()
    if model.open_sizes and None in counts.values():
        names = ", ".join(map(harmless, model.open_sizes))
        settings = " ".join(f"--set {harmless(name)}=…" for name in model.open_sizes)
        told = f"? depends on {names}, known only when the model runs: {settings} gives a size"
        yield from (paint(line, "dim") for line in hang(told, columns))
