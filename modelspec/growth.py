"""How far each metric of a model has grown, held against the limits on that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modelspec.excess import EXAMPLE_SIZE
from modelspec.limit import BYTE_METRICS
from modelspec.report import (
    Change,
    Comparison,
    Diagnostic,
    GrowthLimit,
    GrowthLine,
    LayerChange,
    Measure,
    Model,
    RelatedPlace,
)

__all__ = ["judge_growth"]

HEAVIEST = 3
"""Layers that are named because they grew most."""


def judge_growth(old: Model, new: Model, comparison: Comparison) -> tuple[list[GrowthLine], list[Diagnostic]]:
    """Judge each limit on the growth of the new version, and tell what is beyond; of several limits on one metric once.

    A metric may grow by as much as its limit says, and shrink. One that is not known in both versions is within none.
    """
    changes = {change.metric: change for change in comparison.metrics}
    lines: list[GrowthLine] = []
    broken: dict[str, tuple[GrowthLimit, GrowthLine]] = {}
    for limit in new.growth_limits:
        change = changes[limit.metric]
        line = _judge(limit, change)
        lines.append(line)
        if line.ok:
            continue
        before = broken.get(limit.metric)
        if before is None or (line.allowed is not None and line.allowed < (before[1].allowed or 0)):
            broken[limit.metric] = limit, line
    found = [
        _tell_unknown(limit, changes[metric], old, new)
        if line.growth is None
        else _tell_growth(limit, line, changes[metric], new, comparison.layers)
        for metric, (limit, line) in broken.items()
    ]
    return lines, found


def _judge(limit: GrowthLimit, change: Change) -> GrowthLine:
    allowed: int | None = limit.part
    if limit.base is not None:
        # So much of what it was as is whole.
        allowed = None if change.old is None else change.old * limit.part // limit.base
    growth = change.difference
    ok = growth is not None and allowed is not None and growth <= allowed
    return GrowthLine(metric=limit.metric, limit=limit.text, allowed=allowed, growth=growth, ok=ok, set_by=limit.set_by)


def _tell_growth(
    limit: GrowthLimit, line: GrowthLine, change: Change, new: Model, layers: Iterable[LayerChange]
) -> Diagnostic:
    assert line.growth is not None
    assert line.allowed is not None
    assert change.old is not None
    unit = " bytes" if limit.metric in BYTE_METRICS else ""
    may = f"{limit.text}, {line.allowed:,}" if limit.base is not None else limit.text
    message = (
        f"{limit.metric}: grew by {line.growth:,}{unit}{_show_part(line.growth, change.old)}, from {change.old:,} to "
        f"{change.new:,}; {line.growth - line.allowed:,} more than the {may} that it may"
    )
    heaviest = [*_list_heaviest(limit.metric, new, layers)]
    change_it = f"ask for another limit in {limit.set_by}" if limit.set_by else "change the limit"
    if heaviest:
        hint = f"the layers that grew most are named below: make them smaller, or {change_it}"
    else:
        hint = f"make it smaller, or {change_it}"
    return _place("MS507", message, hint, limit, new, heaviest, line.growth, line.allowed)


def _tell_unknown(limit: GrowthLimit, change: Change, old: Model, new: Model) -> Diagnostic:
    when = "in either version" if change.old is None and change.new is None else "in the version before"
    if change.new is None and change.old is not None:
        when = "in this version"
    message = f"{limit.metric}: not known {when}, so its growth cannot be held to its limit"
    names = list(dict.fromkeys([*new.open_sizes, *old.open_sizes]))
    hint = "give every axis a size"
    if names:
        settings = " ".join(f"--set {name}={EXAMPLE_SIZE}" for name in names[:3])
        hint = f"give {', '.join(names)} a value in `variables`, or for this run: {settings}"
    return _place("MS508", message, hint, limit, new, [], None, None)


def _show_part(growth: int, old: int) -> str:
    """The growth in per cent of what was there: a growth is never shown as none."""
    if not old:
        return ""
    per_mille = (growth * 2000 + old) // (2 * old)
    return f" ({per_mille // 10:,}.{per_mille % 10} %)" if per_mille else " (under 0.1 %)"


def _list_heaviest(metric: str, new: Model, layers: Iterable[LayerChange]) -> Iterator[RelatedPlace]:
    """The layers whose growth is largest, in their places."""
    grown: list[tuple[int, LayerChange]] = []
    for layer in layers:
        change = next((change for change in layer.metrics if change.metric == metric), None)
        if change is not None and change.difference is not None and change.difference > 0 and layer.line is not None:
            grown.append((change.difference, layer))
    grown.sort(key=lambda each: -each[0])
    files = {layer.path: layer.file for layer in new.layers}
    unit = " bytes" if metric in BYTE_METRICS else ""
    for difference, layer in grown[:HEAVIEST]:
        times = f" (× {layer.repeat:,})" if layer.repeat is not None and layer.repeat > 1 else ""
        what = ", new" if layer.change == "added" else ""
        message = f"{layer.path}{times}: +{difference:,}{unit}{what}"
        file = files.get(layer.path or "") or new.path
        yield RelatedPlace(path=file, line=layer.line or 1, column=1, message=message)


def _place(
    code: str,
    message: str,
    hint: str,
    limit: GrowthLimit,
    new: Model,
    related: list[RelatedPlace],
    growth: int | None,
    allowed: int | None,
) -> Diagnostic:
    """The finding at its limit. One that the configuration sets is told in the spec: that its author can change."""
    name = new.name if new.variant is None else f"{new.name}/{new.variant}"
    told = Diagnostic(
        code=code,
        severity="error",
        message=message,
        hint=hint,
        path=limit.path,
        line=limit.line,
        column=limit.column,
        end_line=limit.end_line,
        end_column=limit.end_column,
        excerpt=limit.excerpt,
        layer=None,
        models=[name],
        related=related,
        measure=Measure(metric=limit.metric, scope=None, kind="growth", actual=growth, bound=allowed),
        variants=[] if new.variant is None else [new.variant],
    )
    if limit.set_by is None:
        return told
    there = RelatedPlace(path=limit.path, line=limit.line, column=limit.column, message="the limit is set here")
    place = {"path": new.path, "line": 1, "column": 1, "end_line": 1, "end_column": 1, "excerpt": ""}
    return told.model_copy(update={**place, "related": [there, *related]})
