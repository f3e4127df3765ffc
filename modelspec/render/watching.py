"""What one round of watching says: what changed, what each model costs beside before, its budget, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from modelspec.record import NamedTuple
from modelspec.render.ansi import Paint
from modelspec.render.cells import hang, harmless
from modelspec.render.changes import name_model
from modelspec.render.comparison import show_comparison
from modelspec.render.findings import show_findings
from modelspec.render.numbers import show_count
from modelspec.render.summary import show_summary
from modelspec.render.text import show_budget
from modelspec.report import Comparison, Report

__all__ = ["Change", "Round", "show_round"]

FEW = 3
"""Files, or models that cost what they did, that are told by name."""
MAX_OTHERS = 10
MAX_LAYERS = 20
"""Layers of a model that are told one by one: what fills a screen is not read at every change."""


class Change(NamedTuple):
    """A file that is not as it was; `was` is the path that a renamed one had."""

    path: str
    kind: Literal["changed", "new", "deleted", "left out", "renamed"]
    was: str | None = None


class Round(NamedTuple):
    """One check: `report` tells of the specs that were looked at, with their models beside those that were last well.

    `others` are specs that were not looked at and are wrong still, each with the number of its problems; the other
    numbers are of all specs.
    """

    changes: Sequence[Change]
    report: Report
    others: Sequence[tuple[str, int]]
    checked: int
    failed: int
    errors: int
    warnings: int


def show_round(round: Round, time: str, *, width: int, color: bool, quiet: bool = False) -> str:
    """The round as text, without a line of its own at the end; with `quiet` only what was found, empty if nothing was.

    `time` is the time of the day, as it is to be shown.
    """
    report = round.report
    findings = show_findings(report, color=color)
    if quiet and not findings:
        return ""
    paint = Paint(color)
    head = f"{time}  {_tell_changes(round.changes)}" if round.changes else time
    parts = ["".join(f"{paint(line, 'bold')}\n" for line in hang(head, width))]
    if not quiet:
        parts += _show_comparisons(report, width, color)
    parts.append(findings)
    if not quiet:
        told = [*_list_others(round.others), _tell_summary(round)]
        parts.append("".join(f"{line}\n" for one in told for line in hang(one, width)))
    return "\n".join(filter(None, parts))


def _tell_changes(changes: Sequence[Change]) -> str:
    """`a.yaml changed; b.yaml → c.yaml renamed; and 3 more`."""
    told = [
        f"{harmless(change.was)} → {harmless(change.path)} renamed"
        if change.was is not None
        else f"{harmless(change.path)} {change.kind}"
        for change in changes[:FEW]
    ]
    return "; ".join([*told, f"and {len(changes) - FEW:,} more"] if len(changes) > FEW else told)


def _show_comparisons(report: Report, width: int, color: bool) -> Iterator[str]:
    models = {(model.path, model.variant): model for model in report.models}
    same = []
    for comparison in report.comparisons or ():
        if comparison.status == "unchanged" and comparison.path == comparison.old_path:
            same.append(comparison)
            continue
        model = models.get((comparison.path or "", comparison.variant))
        yield show_comparison(report, _shorten(comparison), width=width, color=color)
        if model is not None and model.budget and comparison.status in ("added", "changed"):
            yield show_budget(model, width=width, color=color)
    if same:
        yield "".join(f"{line}\n" for line in hang(_tell_same(same), width))


def _shorten(comparison: Comparison) -> Comparison:
    """The comparison with no more layers than are read."""
    number = len(comparison.layers)
    if number <= MAX_LAYERS:
        return comparison
    reason = f"{number:,} layers differ; the first {MAX_LAYERS} are told"
    return comparison.model_copy(update={"layers": comparison.layers[:MAX_LAYERS], "reason": reason})


def _tell_same(same: Sequence[Comparison]) -> str:
    """`digits costs what it did: 13,610 parameters.`, `12 models cost what they did.`"""
    if len(same) > FEW:
        return f"{len(same):,} models cost what they did."
    told = []
    for comparison in same:
        now = next(change.new for change in comparison.metrics if change.metric == "parameters")
        told.append(f"{harmless(name_model(comparison))} costs what it did: {show_count(now)} parameters.")
    return " ".join(told)


def _list_others(others: Sequence[tuple[str, int]]) -> Iterator[str]:
    for path, number in others[:MAX_OTHERS]:
        yield f"{harmless(path)}: still {number:,} problem{'s' * (number != 1)}"
    if len(others) > MAX_OTHERS:
        yield f"and {len(others) - MAX_OTHERS:,} more specs that are wrong still"


def _tell_summary(round: Round) -> str:
    return show_summary(round.checked, round.failed, round.errors, round.warnings)
