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
    checked = 0
    outcomes: list[road.Outcome] = []

    def follow(text: files.Text) -> None:
        nonlocal checked
        checked += 1
        outcome = road.follow(text.data, text.path)
        # Of a spec in which all is well, the text report says no more than that it was checked.
        if outcome.findings or format != "text":
            outcomes.append(outcome)

    found = files.find(
        paths, skip_unmarked=skip_unmarked, force_exclude=force_exclude, stdin_filename=stdin_filename, take=follow
    )
    if format == "text":
        text = _tell(checked, outcomes, found, color=console.has_color(output))
    else:
        text = console.render(road.write_report(outcomes, found.findings), format)
    written = console.write(text, output)
    for trouble in found.trouble:
        print(f"modelspec: {trouble}", file=sys.stderr)  # noqa: T201
    if found.trouble or not written:
        return console.USAGE
    failed = any(not outcome.ok for outcome in outcomes) or bool(found.findings)
    return console.FOUND if failed else console.WELL


def _tell(checked: int, wrong: Sequence[road.Outcome], found: files.Found, *, color: bool) -> str:
    """What a check says as text: its findings, if there are any, and one line at the end."""
    from modelspec.render.summary import show_summary

    if not wrong and not found.findings:
        return show_summary(checked, 0, 0, 0) + "\n" if checked or not found.trouble else ""
    from modelspec.render.findings import show_findings

    report = road.write_report(wrong, found.findings, models=False)
    errors = sum(told.severity == "error" for told in report.diagnostics)
    failed = sum(not outcome.ok for outcome in wrong)
    summary = show_summary(checked, failed, errors, len(report.diagnostics) - errors)
    return f"{show_findings(report, color=color)}\n{summary}\n"
