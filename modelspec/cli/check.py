"""`modelspec check`: the gate. Free of Typer, for it runs at every commit."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from modelspec import files, road
from modelspec.cli import console

__all__ = ["check"]


def check(
    paths: Sequence[str],
    *,
    format: str = "text",
    output: str | None = None,
    skip_unmarked: bool = False,
    force_exclude: bool = False,
    stdin_filename: str | None = None,
) -> int:
    """Check specs; return the exit status: 0 all is well, 1 something was found, 2 the call was wrong."""
    found = files.find(paths, skip_unmarked=skip_unmarked, force_exclude=force_exclude, stdin_filename=stdin_filename)
    outcomes = [road.follow(text.data, text.path) for text in found.texts]
    wrong = [outcome for outcome in outcomes if outcome.findings]
    if format == "text":
        written = console.write(_tell(outcomes, wrong, found, color=console.has_color(output)), output)
    else:
        written = console.write(console.render(road.write_report(outcomes, found.findings), format), output)
    for trouble in found.trouble:
        print(f"modelspec: {trouble}", file=sys.stderr)  # noqa: T201
    if found.trouble or not written:
        return console.USAGE
    failed = any(not outcome.ok for outcome in outcomes) or bool(found.findings)
    return console.FOUND if failed else console.WELL


def _tell(outcomes: Sequence[road.Outcome], wrong: Sequence[road.Outcome], found: files.Found, *, color: bool) -> str:
    """What a check says as text: its findings, if there are any, and one line at the end."""
    from modelspec.render.summary import show_summary

    if not wrong and not found.findings:
        return show_summary(len(outcomes), 0, 0, 0) + "\n" if outcomes or not found.trouble else ""
    from modelspec.render.findings import show_findings

    report = road.write_report(wrong, found.findings, models=False)
    errors = sum(told.severity == "error" for told in report.diagnostics)
    failed = sum(not outcome.ok for outcome in wrong)
    summary = show_summary(len(outcomes), failed, errors, len(report.diagnostics) - errors)
    return f"{show_findings(report, color=color)}\n{summary}\n"
