"""Growth held against its limits: a line for each limit, and a finding for each metric that grew beyond."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from modelspec.comparison import compare
from modelspec.excess import EXAMPLE_SIZE
from modelspec.limit import BYTE_METRICS, METRICS
from modelspec.report import Comparison, Diagnostic, GrowthLimit, GrowthLine, Measure, Model, RelatedPlace

__all__ = ["judge_growth"]


def judge_growth(
    old: Model, new: Model, *, comparison: Comparison | None = None
) -> tuple[list[GrowthLine], list[Diagnostic]]:
    """Hold a model's growth since its old version against the limits of the new one, in their order.

    What grew by just as much as it may, or shrank, is within its limit. What is not known fails. A model that has
    errors is not judged, nor is one that had: its lines have `ok` null. Of several limits that a metric is beyond, the
    tightest alone is a finding. `comparison` is that of the two, if there is one already.
    """
    if not (_is_counted(old) and _is_counted(new)):
        return [_leave(limit) for limit in new.growth_limits], []
    lines = [_judge(limit, old, new) for limit in new.growth_limits]
    broken = [(limit, line) for limit, line in zip(new.growth_limits, lines, strict=True) if not line.ok]
    broken.sort(key=lambda each: (METRICS.index(each[0].metric), each[1].allowed is not None, each[1].allowed or 0))
    findings = []
    for _, several in groupby(broken, key=lambda each: each[0].metric):
        limit, line = next(several)
        if line.growth is None:
            findings.append(_tell_unknown(limit, old, new))
        else:
            comparison = comparison or compare(old, new)
            findings.append(_tell_growth(limit, line, old, new, comparison))
    return lines, findings


def _is_counted(model: Model) -> bool:
    """Whether anything was added up: of a model with errors nothing is."""
    return model.ok or any(_total(model, metric) is not None for metric in METRICS)


def _total(model: Model, metric: str) -> int | None:
    value: int | None = getattr(model.totals, metric)
    return value


def _leave(limit: GrowthLimit) -> GrowthLine:
    return GrowthLine(metric=limit.metric, limit=limit.text, allowed=None, growth=None, ok=None, set_by=limit.set_by)


def _judge(limit: GrowthLimit, old: Model, new: Model) -> GrowthLine:
    before, after = _total(old, limit.metric), _total(new, limit.metric)
    allowed = limit.part if limit.base is None else None if before is None else limit.part * before // limit.base
    growth = None if before is None or after is None else after - before
    ok = growth is not None and allowed is not None and growth <= allowed
    return GrowthLine(metric=limit.metric, limit=limit.text, allowed=allowed, growth=growth, ok=ok, set_by=limit.set_by)


def _tell_growth(limit: GrowthLimit, line: GrowthLine, old: Model, new: Model, comparison: Comparison) -> Diagnostic:
    before, after = _total(old, limit.metric), _total(new, limit.metric)
    assert before is not None
    assert after is not None
    assert line.growth is not None
    assert line.allowed is not None
    unit = " bytes" if limit.metric in BYTE_METRICS else ""
    change = next(change for change in comparison.metrics if change.metric == limit.metric)
    percent = "" if change.percent is None else f" ({change.percent:,.2f} %)"
    may = f"{line.allowed:,}"
    if limit.text.replace("_", "") != str(line.allowed):
        may = f"{limit.text} ({line.allowed:,})"
    message = (
        f"{limit.metric}: grew by {line.growth:,}{unit}{percent} from {before:,} to {after:,}, "
        f"{line.growth - line.allowed:,} more than the {may} that it may"
    )
    related = list(_place_growth(limit.metric, unit, new, comparison))
    hint = "make it smaller, or raise the limit and say why"
    if related:
        hint = "the layers that grew most are named below: make them smaller, or raise the limit and say why"
    return _build("MS507", message, hint, limit, new, related, line.growth)


def _place_growth(metric: str, unit: str, new: Model, comparison: Comparison) -> Iterator[RelatedPlace]:
    """The up to three layers that grew most, the new ones among them."""
    homes = {layer.path: layer.home for layer in new.layers if layer.home}
    homes |= {f"{layer.type}:{layer.line}": layer.home for layer in new.layers if layer.home}
    grown: list[tuple[int, str, str, int]] = []
    for layer in comparison.layers:
        difference = next((change.difference for change in layer.metrics if change.metric == metric), None)
        if difference is not None and difference > 0 and layer.line is not None:
            times = f" (× {layer.repeat:,})" if layer.repeat is not None and layer.repeat > 1 else ""
            fresh = ", a new layer" if layer.change == "added" else ""
            # A piece of a row has a path that no row has.
            home = homes.get(layer.path or "") or homes.get(f"{layer.type}:{layer.line}") or new.path
            grown.append((difference, f"{layer.path}{times}: {difference:,}{unit} more{fresh}", home, layer.line))
    grown.sort(key=lambda each: -each[0])
    for _, message, home, line in grown[:3]:
        yield RelatedPlace(path=home, line=line, column=1, message=message)


def _tell_unknown(limit: GrowthLimit, old: Model, new: Model) -> Diagnostic:
    unknown = [word for word, model in (("before", old), ("now", new)) if _total(model, limit.metric) is None]
    names = list(dict.fromkeys([*old.open_sizes, *new.open_sizes]))
    causes = ", ".join(names)
    reason = f"{causes} is known only when the model runs" if names else "an axis has no known size"
    if len(names) > 1:
        reason = f"{causes} are known only when the model runs"
    message = (
        f"{limit.metric}: not known {' and '.join(unknown)}, so its growth cannot be held to {limit.text}; {reason}"
    )
    hint = "give every axis a size in `inputs`" if len(new.inputs) > 1 else "give every axis a size in `input`"
    if names:
        settings = " ".join(f"--set {name}={EXAMPLE_SIZE}" for name in names[:3])
        hint = f"give {causes} a value in `variables`, or for this run: {settings}"
    return _build("MS508", message, hint, limit, new, list(_place_unknown(limit.metric, new)), None)


def _place_unknown(metric: str, new: Model) -> Iterator[RelatedPlace]:
    blamed = [layer for layer in new.layers if getattr(layer, metric, 0) is None]
    more = f", and {len(blamed) - 3:,} more" if len(blamed) > 3 else ""
    for number, layer in enumerate(blamed[:3]):
        message = f"{layer.path}: not known{more if number == 2 else ''}"
        yield RelatedPlace(path=layer.home or new.path, line=layer.line, column=1, message=message)


def _build(
    code: str,
    message: str,
    hint: str,
    limit: GrowthLimit,
    new: Model,
    related: list[RelatedPlace],
    growth: int | None,
) -> Diagnostic:
    """A finding at the limit. Where a configuration sets it, at the beginning of the spec that is at fault."""
    own = limit.set_by is None
    if not own:
        place = f"{limit.metric} may grow by {limit.text}"
        related = [RelatedPlace(path=limit.path, line=limit.line, column=limit.column, message=place), *related]
    return Diagnostic(
        code=code,
        severity="error",
        message=message,
        hint=hint,
        path=limit.path if own else new.path,
        line=limit.line if own else 1,
        column=limit.column if own else 1,
        end_line=limit.end_line if own else 1,
        end_column=limit.end_column if own else 1,
        layer=None,
        models=[new.name if new.variant is None else f"{new.name}/{new.variant}"],
        related=related,
        excerpt=limit.excerpt if own else "",
        variants=[] if new.variant is None else [new.variant],
        measure=Measure(metric=limit.metric, scope=None, kind="growth", actual=growth),
    )
