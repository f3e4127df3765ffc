"""Words on what changed between two versions of models: the same on a terminal and in a comment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from modelspec.render.numbers import show_count, show_difference
from modelspec.report import Change, Comparison, GrowthLine, LayerChange, Report

__all__ = [
    "LABELS",
    "MAIN",
    "MARKS",
    "count_layers",
    "is_told",
    "list_broken",
    "list_metrics",
    "name_model",
    "show_differences",
    "show_limit",
    "show_old_and_new",
    "show_value",
    "tell_change",
    "tell_growth",
    "tell_moved",
    "tell_status",
    "tell_statuses",
    "tell_verdict",
]

MAIN = {"parameters": "Parameters", "macs": "MACs", "weight_bytes": "Weight bytes"}
"""The metrics that every model is told by, and their headings."""
LABELS = {
    **MAIN,
    "trainable_parameters": "Trainable parameters",
    "non_trainable_parameters": "Non-trainable parameters",
    "active_parameters": "Active parameters",
    "buffers": "Buffers",
    "flops": "FLOPs",
    "activation_bytes": "Activation bytes",
    "peak_activation_bytes": "Peak activation bytes",
}
MARKS = {"added": "+", "removed": "−", "changed": "~"}
_STATUSES = {
    "changed": "changed",
    "added": "new",
    "removed": "deleted",
    "renamed": "renamed",
    "not compared": "not compared",
    "unchanged": "unchanged",
}

MOVES = 5
"""Layers that merely moved and are told by name."""

Show = Callable[[str], str]
"""How what a user wrote is shown: harmless on a terminal, as code in Markdown."""


def name_model(comparison: Comparison) -> str:
    """What the model is called: its name, and its variant if it is one."""
    return comparison.name if comparison.variant is None else f"{comparison.name}/{comparison.variant}"


def is_told(comparison: Comparison) -> bool:
    """Whether there is something to tell: what is unchanged is only counted, unless it is not well."""
    return comparison.status != "unchanged" or _is_renamed(comparison) or not comparison.ok


def _is_renamed(comparison: Comparison) -> bool:
    return None not in (comparison.path, comparison.old_path) and comparison.path != comparison.old_path


def tell_verdict(report: Report) -> str:
    """`all is well`, or how many problems and warnings there are."""
    errors = sum(told.severity == "error" for told in report.diagnostics)
    warnings = len(report.diagnostics) - errors
    problems = f"{errors:,} problem{'s' * (errors != 1)}" if errors else "" if not report.ok else "all is well"
    advice = f"{warnings:,} warning{'s' * (warnings != 1)}" if warnings else ""
    return ", ".join(filter(None, (problems, advice))) or "not well"


def tell_statuses(report: Report, show: Show) -> str:
    """`30 models against main (1f2e3d4c5b): 2 changed, 1 new, 27 unchanged.`."""
    comparisons = report.comparisons or []
    counts = Counter(_name_status(comparison) for comparison in comparisons)
    told = ", ".join(f"{counts[status]:,} {words}" for status, words in _STATUSES.items() if counts[status])
    against = ""
    if report.against is not None:
        against = f" against {show(report.against.revision)}"
        if report.against.commit is not None:
            against += f" ({show(report.against.commit[:10])})"
    models = f"{len(comparisons):,} model{'s' * (len(comparisons) != 1)}{against}"
    return f"{models}: {told}." if told else f"{models}."


def _name_status(comparison: Comparison) -> str:
    return "renamed" if comparison.status == "unchanged" and _is_renamed(comparison) else comparison.status


def tell_status(comparison: Comparison, show: Show) -> str:
    """`changed`, `renamed from old.yaml`, `not compared: …`."""
    words = _STATUSES[comparison.status]
    if _is_renamed(comparison):
        renamed = f"renamed from {show(comparison.old_path or '')}"
        words = renamed if comparison.status == "unchanged" else f"{words}, {renamed}"
    return words if comparison.reason is None else f"{words}: {show(comparison.reason)}"


def list_broken(report: Report) -> Mapping[tuple[str | None, str, str | None], set[str]]:
    """The metrics of each model (path, name, variant) of which it is told that a limit does not hold.

    What a baseline accepts is not told.
    """
    told: dict[tuple[str, str], set[str]] = {}
    for one in report.diagnostics:
        if one.measure is not None and one.severity == "error":
            for name in one.models:
                told.setdefault((one.path, name), set()).add(one.measure.metric)
    broken: dict[tuple[str | None, str, str | None], set[str]] = {}
    for comparison in report.comparisons or ():
        found = told.get((comparison.path or "", name_model(comparison)), set())
        broken[comparison.path, comparison.name, comparison.variant] = found
    return broken


def show_limit(line: GrowthLine, show: Show) -> str:
    """`5% (545,000)`, `100M (100,000,000)`, `20,000`."""
    if line.allowed is None:
        return show(line.limit)
    if line.limit.replace("_", "") == str(line.allowed):
        return f"{line.allowed:,}"
    return f"{show(line.limit)} ({line.allowed:,})"


def tell_growth(line: GrowthLine) -> str:
    """`OK`, `beyond`, `not known`, `not judged`."""
    if line.ok is None:
        return "not judged"
    return "OK" if line.ok else "not known" if line.growth is None else "beyond"


def show_old_and_new(change: Change) -> str:
    """`184,610 → 201,058`."""
    if change.old == change.new:
        return show_count(change.new)
    return f"{show_count(change.old)} → {show_count(change.new)}"


def count_layers(comparison: Comparison) -> str:
    """`3 layers changed, 1 added, 9 moved`."""
    counts = Counter(layer.change for layer in comparison.layers)
    told = [f"{counts[kind]:,} {kind}" for kind in ("changed", "added", "removed", "moved") if counts[kind]]
    if not told:
        return "no layer differs"
    number, _, words = told[0].partition(" ")
    return ", ".join([f"{number} layer{'s' * (number != '1')} {words}", *told[1:]])


def list_metrics(layers: Sequence[LayerChange]) -> list[str]:
    """The main metrics in which some of the layers differ."""
    differing = {change.metric for layer in layers for change in layer.metrics}
    return [metric for metric in MAIN if metric in differing]


def show_differences(layer: LayerChange, metrics: Sequence[str]) -> list[str]:
    """The differences of a layer in some metrics; empty where there is none."""
    differing = {change.metric: change for change in layer.metrics}
    return [show_difference(differing[name].difference) if name in differing else "" for name in metrics]


def tell_moved(moved: Sequence[LayerChange], show: Show) -> str:
    """`9 layers moved, otherwise unchanged: Linear-1 → Linear-2, …`: the first few by name."""
    told = ", ".join(f"{show(layer.old_path or '')} → {show(layer.path or '')}" for layer in moved[:MOVES])
    more = f", and {len(moved) - MOVES:,} more" if len(moved) > MOVES else ""
    return f"{len(moved):,} layer{'s' * (len(moved) != 1)} moved, otherwise unchanged: {told}{more}."


def tell_change(layer: LayerChange, show: Show) -> str:
    """What is different in a layer: `was fc; out_features 32 → 64; output [32] → [64]`."""
    return "; ".join(_list_differences(layer, show))


def _list_differences(layer: LayerChange, show: Show) -> Iterator[str]:
    if layer.change in ("added", "removed"):
        shape = layer.output_shape if layer.change == "added" else layer.old_output_shape
        yield f"output {show(show_value(shape))}"
        return
    if layer.path != layer.old_path:
        yield f"was {show(layer.old_path or '')}"
    if layer.type != layer.old_type:
        yield f"type {show(layer.old_type or '')} → {show(layer.type or '')}"
    if layer.repeat != layer.old_repeat:
        yield f"repeat {layer.old_repeat:,} → {layer.repeat:,}"
    # Between types the arguments have little in common.
    for argument in layer.arguments if layer.type == layer.old_type else ():
        yield f"{show(argument.name)} {show(show_value(argument.old))} → {show(show_value(argument.new))}"
    if layer.output_shape != layer.old_output_shape:
        yield f"output {show(show_value(layer.old_output_shape))} → {show(show_value(layer.output_shape))}"


def show_value(value: Any) -> str:
    """A value as a spec has it: `true`, `[3, 3]`, `{type: ReLU}`; `none` for what is not there."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join('?' if member is None else show_value(member) for member in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {show_value(member)}' for key, member in value.items())}}}"
    return str(value)
