"""Two versions of the same specs beside one another: what has changed in each model, and whether it grew too far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modelspec.comparison import compare
from modelspec.growth import judge_growth
from modelspec.record import NamedTuple
from modelspec.report import Comparison, Diagnostic, Model, Report
from modelspec.road import Part

__all__ = ["Pair", "add_comparisons"]

BROKEN_BEFORE = "the version before has errors"
BROKEN_NOW = "this version has errors"


class Pair(NamedTuple):
    """A spec as it is and as it was; None for the version in which it is not there."""

    new: Part | None
    old: Part | None


def add_comparisons(report: Report, pairs: Iterable[Pair]) -> Report:
    """The report with the comparison of every model, and with what grew beyond its limit among the findings."""
    comparisons: list[Comparison] = []
    sides: list[tuple[Model | None, Model | None]] = []
    grown: list[Diagnostic] = []
    for pair in pairs:
        for old, new in _list_sides(pair):
            comparison, found = _compare(pair, old, new)
            comparisons.append(comparison)
            sides.append((old, new))
            grown += found
    diagnostics = [*report.diagnostics, *grown]
    return report.model_copy(
        update={
            "ok": report.ok and not any(told.severity == "error" for told in grown),
            "comparisons": comparisons,
            "sides": sides,
            "diagnostics": diagnostics,
            "models": _mark(report.models, grown),
        }
    )


def _list_sides(pair: Pair) -> Iterator[tuple[Model | None, Model | None]]:
    """Each model as it was and as it is; None for the version that does not have it."""
    news = {} if pair.new is None else {model.variant: model for model in pair.new.models}
    olds = {} if pair.old is None else {model.variant: model for model in pair.old.models}
    for variant in dict.fromkeys([*news, *olds]):
        yield olds.get(variant), news.get(variant)


def _compare(pair: Pair, old: Model | None, new: Model | None) -> tuple[Comparison, list[Diagnostic]]:
    if new is None and pair.new is not None and _is_unread(pair.new):
        # What cannot be read is not gone.
        return compare(old, old, reason=BROKEN_NOW), []
    if old is None and pair.old is not None and _is_unread(pair.old):
        return compare(new, new, reason=BROKEN_BEFORE), []
    if new is not None and _is_broken(new):
        return compare(old, new, reason=BROKEN_NOW), []
    if old is not None and _is_broken(old):
        return compare(old, new, reason=BROKEN_BEFORE if new is not None else None), []
    return _judge(old, new)


def _judge(old: Model | None, new: Model | None) -> tuple[Comparison, list[Diagnostic]]:
    comparison = compare(old, new)
    if old is None or new is None:
        return comparison, []
    growth, found = judge_growth(old, new, comparison=comparison)
    ok = comparison.ok and all(line.ok is not False for line in growth)
    return comparison.model_copy(update={"growth": growth, "ok": ok}), found


def _is_unread(part: Part) -> bool:
    """Whether something in a file is so wrong that it has no models."""
    return not part.models and bool(part.diagnostics)


def _is_broken(model: Model) -> bool:
    """Whether an error has left a model without numbers: the parameters of a sound one are always known."""
    return model.totals.parameters is None


def _mark(models: list[Model], grown: list[Diagnostic]) -> list[Model]:
    """The models, those that grew too far no longer in order."""
    names = {(told.path, name) for told in grown if told.severity == "error" for name in told.models}
    marked = []
    for model in models:
        name = model.name if model.variant is None else f"{model.name}/{model.variant}"
        marked.append(model.model_copy(update={"ok": False}) if (model.path, name) in names else model)
    return marked
