"""`modelspec report`: what each layer is and costs, the totals, and the budgets."""

from __future__ import annotations

from collections.abc import Sequence

from modelspec import files, road
from modelspec.cli import console
from modelspec.cli.choice import check_met, choose

__all__ = ["report"]


def report(
    paths: Sequence[str],
    *,
    format: str = "text",
    output: str | None = None,
    stdin_filename: str | None = None,
    variant: str | None = None,
    settings: Sequence[str] = (),
) -> int:
    """Report on specs; return the exit status, which is that of `check`."""
    choice = choose(variant, settings)
    if choice is None:
        return console.USAGE
    found = files.find(paths, stdin_filename=stdin_filename)
    outcomes = [road.follow(text.data, text.path, choice, text.demands) for text in found.texts]
    if not check_met(choice, outcomes):
        return console.USAGE
    result = road.write_report(outcomes, found.findings)
    written = console.write(console.render(result, format, output), output)
    for trouble in found.trouble:
        console.complain(trouble)
    if found.trouble or not written:
        return console.USAGE
    return console.WELL if result.ok else console.FOUND
