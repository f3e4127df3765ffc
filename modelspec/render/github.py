"""The findings as workflow commands, which GitHub shows beside the lines, and the summary of a step as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from modelspec.fingerprint import relate_path
from modelspec.render import markdown
from modelspec.render.cells import harmless
from modelspec.render.findings import show_findings
from modelspec.render.markup import fence, html_code, table
from modelspec.render.numbers import show_count
from modelspec.render.summary import show_summary as sum_up
from modelspec.report import Diagnostic, LimitValues, Model, Report

__all__ = ["show_report", "show_summary"]

_MOST = 10
"""Annotations of each kind that GitHub shows of a step; it drops the others without a word."""
_SUMMARY = 1024 * 1024
"""Bytes that GitHub takes as the summary of a step; a longer one is dropped whole."""
_CUT = "\n\nThe rest is left out: GitHub takes 1 MiB at most. `modelspec check --format markdown` tells all.\n"


# Annotations


def show_report(report: Report) -> str:
    """The worst ten errors and the worst ten warnings, then how many more there are.

    What makes a spec invalid comes first, in the order of the report; then budgets and growth, the one that is over by
    the largest factor first; then budgets of which nothing is known.
    """
    ranked = [one for _, one in sorted(enumerate(report.diagnostics), key=_Ranking(report).rank)]
    lines, left = [], []
    for kind in ("error", "warning"):
        found = [one for one in ranked if one.severity == kind]
        lines += [_annotate(one) for one in found[:_MOST]]
        more = len(found) - _MOST
        if more > 0:
            left.append(f"{more:,} more {kind}{'s' * (more != 1)}")
    if left:
        lines.append(f"::notice::{' and '.join(left)}: the step summary tells all.")
    return "".join(f"{line}\n" for line in lines)


class _Ranking:
    """How bad each finding is, from the limits that the report knows."""

    def __init__(self, report: Report) -> None:
        self.limits = {
            (model.path, _name(model), line.metric, line.scope): line.limit
            for model in report.models
            for line in model.budget
        }
        self.allowed = {
            (told.path, told.name if told.variant is None else f"{told.name}/{told.variant}", line.metric): line.allowed
            for told in report.comparisons or ()
            for line in told.growth
        }

    def rank(self, numbered: tuple[int, Diagnostic]) -> tuple[int, Fraction, int]:
        """The worst has the smallest."""
        number, one = numbered
        if not one.code.startswith("MS5"):
            return 0, Fraction(0), number
        excess = self._find_excess(one)
        return (2, Fraction(0), number) if excess is None else (1, -excess, number)

    def _find_excess(self, one: Diagnostic) -> Fraction | None:
        """By what factor a limit is exceeded; None where that is not known."""
        measure = one.measure
        if measure is None or measure.actual is None:
            return None
        for name in one.models:
            if measure.kind == "growth":
                allowed = self.allowed.get((one.path, name, measure.metric))
                if allowed is not None:
                    return _divide(measure.actual, allowed)
            limit = self.limits.get((one.path, name, measure.metric, measure.scope))
            if limit is not None:
                return _compare(measure.actual, limit)
        return None


def _compare(actual: int, limit: LimitValues) -> Fraction:
    bounds = [(actual, limit.max), (actual, limit.exactly)]
    factors = [_divide(part, whole) for part, whole in bounds if whole is not None]
    factors += [_divide(whole, actual) for whole in (limit.min, limit.exactly) if whole is not None]
    return max(factors, default=Fraction(0))


def _divide(part: int, whole: int) -> Fraction:
    # Of nothing allowed, any number is too much: the larger, the worse.
    return Fraction(part, whole) if whole > 0 else Fraction(part * 10**12)


def _annotate(one: Diagnostic) -> str:
    end = max((one.line, one.column), (one.end_line, one.end_column))
    properties = {"file": relate_path(harmless(one.path)), "line": one.line, "endLine": end[0]}
    if end[0] == one.line:
        # GitHub takes columns only within one line.
        properties |= {"col": one.column, "endColumn": end[1]}
    properties["title"] = one.code
    told = [harmless(one.message)]
    if one.hint:
        told.append(f"hint: {harmless(one.hint)}")
    told += [f"{harmless(each.path)}:{each.line}: {harmless(each.message)}" for each in one.related]
    if one.variants:
        told.append(f"in {', '.join(map(harmless, one.variants))}")
    written = ",".join(f"{key}={_escape_property(str(value))}" for key, value in properties.items())
    return f"::{one.severity} {written}::{_escape_data(chr(10).join(told))}"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


# The summary of the step


def show_summary(report: Report) -> str:
    """The Markdown for `$GITHUB_STEP_SUMMARY`: the verdict, all findings, a line a model, the details folded."""
    return _fit(_list_parts(report))


def _list_parts(report: Report) -> Iterator[tuple[str, bool]]:
    """The parts, each with whether some of its lines are worth more than none."""
    errors = sum(one.severity == "error" for one in report.diagnostics)
    warnings = len(report.diagnostics) - errors
    files = {model.path for model in report.models} | {one.path for one in report.diagnostics}
    failed = {one.path for one in report.diagnostics if one.severity == "error"}
    mark = "✅" if report.ok else "❌"
    yield f"## {mark} modelspec: {sum_up(len(files), len(failed), errors, warnings)}", True
    if report.diagnostics:
        yield "\n\n" + "\n".join(fence(show_findings(report))), True
    if report.comparisons:
        compared = report.model_copy(update={"models": [], "diagnostics": []})
        yield f"\n\n{markdown.show_report(compared).strip()}", False
    if report.models:
        yield "\n\n" + "\n".join(_show_models(report.models)), True
        for model in report.models:
            details = markdown.show_report(Report(ok=model.ok, models=[model], diagnostics=[]))
            yield (
                f"\n\n<details><summary>{html_code(_name(model))}</summary>\n\n{details.rstrip()}\n\n</details>",
                False,
            )
    yield "\n", False


def _show_models(models: Iterable[Model]) -> Iterator[str]:
    header = ("", "Model", "File", "Parameters", "MACs", "Weight bytes", "Peak activation bytes")
    metrics = ("parameters", "macs", "weight_bytes", "peak_activation_bytes")
    rows = [
        (
            "✅" if model.ok else "❌",
            html_code(_name(model)),
            html_code(relate_path(model.path)),
            *(show_count(getattr(model.totals, metric)) for metric in metrics),
        )
        for model in models
    ]
    yield from table(header, "lllrrrr", rows)


def _name(model: Model) -> str:
    return model.name if model.variant is None else f"{model.name}/{model.variant}"


def _fit(parts: Iterable[tuple[str, bool]]) -> str:
    """As many whole parts as there is room for; of the first that is too long, its lines if that makes sense."""
    room = _SUMMARY - len(_CUT.encode()) - 16
    fitting: list[str] = []
    for part, cuttable in parts:
        size = len(part.encode())
        if size > room:
            fitting += [_cut(part, room) if cuttable else "", _CUT]
            break
        room -= size
        fitting.append(part)
    return "".join(fitting)


def _cut(part: str, room: int) -> str:
    """The lines of a part that fit; a fence that is open in them is closed."""
    lines = part.split("\n")
    opened = next((line.removesuffix("text") for line in lines[:3] if line.startswith("```")), "")
    room -= len(opened) + 1
    kept: list[str] = []
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join([*kept, opened] if opened else kept)
