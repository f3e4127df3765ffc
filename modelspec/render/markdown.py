"""The report as Markdown that GitHub and GitLab render. What a user wrote stands in code, where nothing is markup."""

from __future__ import annotations

from collections.abc import Iterator

from modelspec.limit import Limit
from modelspec.render.comment import show_comment
from modelspec.render.findings import show_findings
from modelspec.render.gauge import BudgetRow, list_sides
from modelspec.render.markup import code, escape, fence, table
from modelspec.render.notes import COUNTED, NOTES
from modelspec.render.numbers import show_bytes, show_count, show_shape, show_share
from modelspec.report import Layer, Model, Report

__all__ = ["show_report"]

_TOTALS = (
    ("Parameters", "parameters"),
    ("Trainable parameters", "trainable_parameters"),
    ("Non-trainable parameters", "non_trainable_parameters"),
    ("Active parameters", "active_parameters"),
    ("Buffers", "buffers"),
    ("MACs", "macs"),
    ("FLOPs", "flops"),
    ("Weight bytes", "weight_bytes"),
    ("Activation bytes", "activation_bytes"),
    ("Peak activation bytes", "peak_activation_bytes"),
)


def show_report(report: Report) -> str:
    """Each model as a section with the tables of its layers, totals and budget; then what was found.

    Where models were compared: the comment for a pull request.
    """
    if report.comparisons is not None:
        return show_comment(report)
    parts = ["\n".join(_show_model(model)) for model in report.models]
    if report.models:
        parts.append("\n".join(NOTES))
    if report.diagnostics:
        parts.append("\n".join(("## Findings", "", *fence(show_findings(report)))))
    return "\n\n".join(parts) + "\n"


def _show_model(model: Model) -> Iterator[str]:
    yield f"## {code(model.name if model.variant is None else f'{model.name}/{model.variant}')}"
    yield ""
    inputs = ", ".join(
        f"{code(name)} {shape}" if len(model.inputs) > 1 else shape
        for name, value in model.inputs.items()
        for shape in (f"{code(show_shape(value.sizes, model.dialect))} {value.dtype}",)
    )
    yield f"{code(model.path)}, dialect {model.dialect}, input {inputs or '?'}, counted: {COUNTED}"
    yield ""
    yield from _show_layers(model)
    yield ""
    counts = [(label, getattr(model.totals, metric)) for label, metric in _TOTALS]
    if not model.ok and all(count is None for _, count in counts):
        yield "Nothing is added up, for the spec has errors."
    else:
        rows = [(label, show_count(count), show_bytes(count) if "bytes" in label else "") for label, count in counts]
        yield from table(("Total", "", ""), "lrr", rows)
    if model.budget:
        yield ""
        yield from _show_budget(model)
    if model.conventions:
        yield ""
        yield from (f"- {escape(told)}" for told in model.conventions)


def _show_layers(model: Model) -> Iterator[str]:
    header = ("Layer", "Type", "Output shape", "Parameters", "Buffers", "MACs", "Weight bytes", "Activation bytes")
    rows = [
        (
            _name(layer),
            code(layer.type),
            code(show_shape(next(iter(layer.outputs.values())).sizes, model.dialect)),
            show_count(layer.parameters),
            show_count(layer.buffers),
            show_count(layer.macs),
            show_count(layer.weight_bytes),
            show_count(layer.activation_bytes),
        )
        for layer in model.layers
    ]
    yield from table(header, "lllrrrrr", rows)


def _name(layer: Layer) -> str:
    return code(layer.path) if layer.repeat == 1 else f"{code(layer.path)} × {layer.repeat:,}"


def _show_budget(model: Model) -> Iterator[str]:
    rows = []
    for line in model.budget:
        limit = Limit(line.limit.max, line.limit.min, line.limit.exactly)
        what = line.metric if line.scope is None else f"{line.metric} of {code(line.scope)}"
        row = BudgetRow(line.metric, line.scope, limit, line.actual, line.ok, line.shares, line.set_by)
        for sign, bound, ok, note in list_sides(row):
            verdict = (
                "not judged"
                if ok is None
                else "OK"
                if ok
                else "**not known**"
                if line.actual is None
                else "**not met**"
            )
            share = "" if bound is None else show_share(line.actual, bound)
            told = f"{verdict} ({escape(note)})" if note else verdict
            rows.append((what, show_count(line.actual), f"{sign} {show_count(bound)}", share, told))
    yield from table(("Budget", "Used", "Limit", "Share", ""), "lrrrl", rows)
