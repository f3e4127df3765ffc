"""Two versions of a spec beside one another: the report that a comparison of them gives, without git."""

from __future__ import annotations

from typing import Any

from modelspec.comparison import compare
from modelspec.diagnostics import Where
from modelspec.growth import judge_growth
from modelspec.limit import Share
from modelspec.report import Comparison, GrowthLimit, Model, Report
from modelspec.road import Followed, Outcome, follow, write_report

__all__ = ["compare_versions"]


def compare_versions(old: bytes, new: bytes, path: str) -> Report:
    """The report on the new version of a spec, its models beside those of the old one by their variants."""
    before, after = follow(old, path), follow(new, path)
    report = write_report([after])
    earlier: dict[str | None, Model] = {model.variant: model for model in write_report([before]).models}
    comparisons: list[Comparison] = []
    diagnostics = list(report.diagnostics)
    for model, followed in zip(report.models, after.models, strict=True):
        known = earlier.pop(model.variant, None)
        comparison = compare(known, model)
        if known is not None:
            lines, found = judge_growth(known, _limit(model, followed, after), comparison=comparison)
            diagnostics += found
            comparison = comparison.model_copy(update={"growth": lines, "ok": comparison.ok and not found})
        comparisons.append(comparison)
    comparisons += [compare(model, None) for model in earlier.values()]
    ok = report.ok and all(comparison.ok for comparison in comparisons)
    return report.model_copy(update={"ok": ok, "diagnostics": diagnostics, "comparisons": comparisons})


def _limit(model: Model, followed: Followed, outcome: Outcome) -> Model:
    """The model with the limits on growth that its spec states."""
    budget = followed.graph.budget
    limits = []
    for metric, limit in ({} if budget is None else budget.growth).items():
        assert budget is not None
        tree: Any = outcome.document.tree
        for step in budget.route_of("growth", metric):
            tree = tree[step]
        place = outcome.document.place(Where(budget.route_of("growth", metric)))
        share = isinstance(limit, Share)
        limits.append(
            GrowthLimit(
                metric=metric,
                text=str(tree),
                part=limit.part if share else limit,
                base=limit.base if share else None,
                set_by=None,
                path=outcome.document.path,
                **place._asdict(),
                excerpt=outcome.document.line(place.line),
            )
        )
    return model.model_copy(update={"growth_limits": limits})
