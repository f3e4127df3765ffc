"""The report as JSON Lines: one object a line, for streams and for tools that read line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelspec.render.json_text import write_json
from modelspec.report import Report

__all__ = ["show_report"]


def show_report(report: Report) -> str:
    """Each model, diagnostic and comparison as in the JSON report, with its `kind`; the last line is the summary."""
    return "".join(f"{write_json(line)}\n" for line in _list_lines(report))


def _list_lines(report: Report) -> Iterator[dict[str, Any]]:
    for model in report.models:
        yield {"kind": "model", **model.model_dump()}
    for diagnostic in report.diagnostics:
        yield {"kind": "diagnostic", **diagnostic.model_dump()}
    for comparison in report.comparisons or ():
        yield {"kind": "comparison", **comparison.model_dump()}
    errors = sum(diagnostic.severity == "error" for diagnostic in report.diagnostics)
    yield {
        "kind": "summary",
        "modelspec_report": report.modelspec_report,
        "tool_version": report.tool_version,
        "ok": report.ok,
        "models": len(report.models),
        "errors": errors,
        "warnings": len(report.diagnostics) - errors,
        "against": None if report.against is None else report.against.model_dump(),
        "baseline": None if report.baseline is None else report.baseline.model_dump(),
    }
