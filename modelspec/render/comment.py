"""The comment on a pull request, in Markdown: the verdict, a line a model, what was found; the details are folded.

A reviewer sees in ten seconds whether something is wrong, and where. A comment holds so many characters: what does not
fit is left out from the end, and said to be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from modelspec.render.cells import harmless
from modelspec.render.changes import (
    LABELS,
    MAIN,
    count_layers,
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
from modelspec.render.findings import show_findings
from modelspec.render.markup import code, escape, fence, table
from modelspec.render.numbers import show_count, show_difference
from modelspec.report import Comparison, LayerChange, Report

__all__ = ["LIMIT", "MARKER", "show_comment"]

MARKER = "<!-- modelspec -->"
"""The first line, by which the comment is found again and updated."""
LIMIT = 65_536
"""Characters of a comment on GitHub."""
_ROWS = 30_000
_FINDINGS = 20_000
"""Characters for the line a model and for the findings: together they leave room for details."""
_NOTE = 400
"""Characters for the notes on what is left out."""


def show_comment(report: Report) -> str:
    """The comment: at most `LIMIT` characters, however much there is to tell."""
    told = sorted(filter(is_told, report.comparisons or []), key=lambda comparison: comparison.ok)
    parts = [
        f"{MARKER}\n## {'✅' if report.ok else '❌'} modelspec: {tell_verdict(report)}",
        tell_statuses(report, code),
    ]
    if told:
        parts.append("\n".join(_show_models(report, told)))
    if report.diagnostics:
        parts.append("\n".join(_show_findings(report)))
    room = LIMIT - sum(_size(part) + 2 for part in parts) - _NOTE
    parts += _show_details([comparison for comparison in told if comparison.status == "changed"], room)
    return "\n\n".join(parts) + "\n"


def _size(text: str) -> int:
    """The length as GitHub's database may count it: a character beyond the first 65,536 of Unicode as two."""
    return len(text) + sum(char > "\uffff" for char in text) if not text.isascii() else len(text)


def _show_models(report: Report, told: Sequence[Comparison]) -> Iterator[str]:
    """The table with a line for each model, those that are not well first."""
    broken = list_broken(report)
    names = Counter(name_model(comparison) for comparison in told)
    rows: list[tuple[str, ...]] = []
    size = 0
    for comparison in told:
        failed = broken[comparison.path, comparison.name, comparison.variant]
        row = tuple(_show_row(comparison, failed, twice=names[name_model(comparison)] > 1))
        size += sum(_size(cell) + 3 for cell in row) + 2
        if size > _ROWS:
            break
        rows.append(row)
    yield from table(("", "Model", *MAIN.values()), "llrrr", rows)
    if len(rows) < len(told):
        more = len(told) - len(rows)
        yield ""
        yield f"{more:,} more model{'s are' if more != 1 else ' is'} left out: a comment holds {LIMIT:,} characters."


def _show_row(comparison: Comparison, failed: set[str], *, twice: bool) -> Iterator[str]:
    well = comparison.ok and not failed
    yield "❌" if not well else "⚠️" if comparison.status == "not compared" else "✅"
    lines = [code(name_model(comparison))]
    if twice:
        lines.append(code(comparison.path or comparison.old_path or ""))
    if tell_status(comparison, code) != "changed":
        lines.append(tell_status(comparison, code))
    others = [LABELS[metric].lower() for metric in LABELS if metric in failed and metric not in MAIN]
    if others:
        lines.append(f"❌ {', '.join(others)}")
    yield "<br>".join(lines)
    changes = {change.metric: change for change in comparison.metrics}
    for metric in MAIN:
        change = changes.get(metric)
        mark = " ❌" if metric in failed else ""
        if change is None:
            yield mark.strip()
        elif comparison.status == "added":
            yield show_count(change.new) + mark
        elif comparison.status == "removed":
            yield f"was {show_count(change.old)}"
        else:
            difference = show_difference(change.difference, change.percent)
            yield f"{show_count(change.new)}{mark}<br>{difference}"


def _show_findings(report: Report) -> Iterator[str]:
    """The findings that fit, in order; errors before warnings."""
    ordered = sorted(report.diagnostics, key=lambda told: told.severity)
    shown: list[str] = []
    size = 0
    for diagnostic in ordered:
        text = show_findings(report.model_copy(update={"diagnostics": [diagnostic]}))
        size += _size(text) + 1
        if size > _FINDINGS:
            break
        shown.append(text)
    yield "### Findings"
    yield ""
    if shown:
        yield from fence("\n".join(shown))
    if len(shown) < len(ordered):
        more = len(ordered) - len(shown)
        yield ""
        yield f"{more:,} more finding{'s are' if more != 1 else ' is'} left out: a comment holds {LIMIT:,} characters."


def _show_details(changed: Sequence[Comparison], room: int) -> Iterator[str]:
    """The details of each model, folded, as far as there is room; then what is left out."""
    left_out = 0
    for comparison in changed:
        text = _fold(comparison, len(comparison.layers))
        if _size(text) + 2 > room and comparison.layers:
            text = _fold(comparison, _find_fitting(comparison, room - 2))
        if _size(text) + 2 > room:
            left_out += 1
            continue
        room -= _size(text) + 2
        yield text
    if left_out:
        models = f"{left_out:,} model{'s' * (left_out != 1)}"
        yield f"The details of {models} are left out: a comment holds {LIMIT:,} characters."


def _find_fitting(comparison: Comparison, room: int) -> int:
    """How many layers of a model can be told in so many characters."""
    least, most = 0, len(comparison.layers)
    while least < most:
        middle = (least + most + 1) // 2
        if _size(_fold(comparison, middle)) <= room:
            least = middle
        else:
            most = middle - 1
    return least


def _fold(comparison: Comparison, count: int) -> str:
    return "\n".join(_list_details(comparison, comparison.layers[:count]))


def _list_details(comparison: Comparison, layers: Sequence[LayerChange]) -> Iterator[str]:
    name = escape(harmless(name_model(comparison)))
    yield f"<details><summary><code>{name}</code>: {count_layers(comparison)}</summary>"
    yield ""
    yield code(comparison.path or "")
    yield ""
    totals = [
        (LABELS[change.metric], show_old_and_new(change), show_difference(change.difference, change.percent))
        for change in comparison.metrics
    ]
    yield from table(("Total", "Before → now", "Difference"), "lrr", totals)
    if comparison.growth:
        yield ""
        yield from _show_growth(comparison)
    moved = [layer for layer in layers if layer.change == "moved"]
    others = [layer for layer in layers if layer.change != "moved"]
    if others:
        yield ""
        metrics = list_metrics(others)
        header = ("", "Layer", "What", *(MAIN[metric] for metric in metrics))
        rows = [(*_show_layer(layer), *show_differences(layer, metrics)) for layer in others]
        yield from table(header, "lll" + "r" * len(metrics), rows)
    if moved:
        yield ""
        yield tell_moved(moved, code)
    if len(layers) < len(comparison.layers):
        more = len(comparison.layers) - len(layers)
        yield ""
        yield f"{more:,} more layer{'s' * (more != 1)} left out: a comment holds {LIMIT:,} characters."
    if comparison.reason is not None:
        yield ""
        yield escape(harmless(comparison.reason))
    yield ""
    yield "</details>"


def _show_growth(comparison: Comparison) -> Iterator[str]:
    rows = []
    for line in comparison.growth:
        verdict = tell_growth(line)
        limit = show_limit(line, code) if line.set_by is None else f"{show_limit(line, code)}, {code(line.set_by)}"
        told = f"**{verdict}**" if line.ok is False else verdict
        rows.append((LABELS[line.metric], limit, show_difference(line.growth), told))
    yield from table(("Growth", "Limit", "Grew by", ""), "lrrl", rows)


def _show_layer(layer: LayerChange) -> Iterator[str]:
    path, kind = (layer.path, layer.type) if layer.path is not None else (layer.old_path, layer.old_type)
    repeat = layer.repeat if layer.repeat is not None else layer.old_repeat
    yield layer.change
    times = f" × {repeat:,}" if repeat is not None and repeat != 1 else ""
    yield f"{code(path or '')} {code(kind or '')}{times}"
    yield tell_change(layer, code)
