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
    found = files.find(
        paths, skip_unmarked=skip_unmarked, force_exclude=force_exclude, stdin_filename=stdin_filename
    )
    outcomes = [road.follow(text.data, text.path) for text in found.texts]
    wrong = [outcome for outcome in outcomes if outcome.findings]
    if format == "text":
        from modelspec.render.summary import show_summary

        every = [finding for outcome in wrong for finding in outcome.findings]
        errors = sum(finding.severity == "error" for finding in every) + len(found.findings)
        failed = sum(not outcome.ok for outcome in wrong)
        summary = show_summary(len(outcomes), failed, errors, len(every) + len(found.findings) - errors) + "\n"
        body = ""
        if wrong or found.findings:
            from modelspec.render import text

            body = text.show_findings(road.write_report(wrong, found.findings), color=console.has_color(output))
        written = console.write(body + summary if outcomes or body or not found.trouble else "", output)
    else:
        written = console.write(console.render(road.write_report(outcomes, found.findings), format), output)
    for trouble in found.trouble:
        print(f"modelspec: {trouble}", file=sys.stderr)  # noqa: T201
    if found.trouble or not written:
        return console.USAGE
    failed = any(not outcome.ok for outcome in outcomes) or bool(found.findings)
    return console.FOUND if failed else console.WELL
