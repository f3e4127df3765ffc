"""The report as JSON."""

from __future__ import annotations

from modelspec.report import Report

__all__ = ["show_report"]


def show_report(report: Report) -> str:
    """Return the report's JSON form, version 1."""
    return report.to_json()
